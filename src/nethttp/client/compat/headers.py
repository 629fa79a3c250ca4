"""`Headers`: field lines as httpx has them: names in lower case, values decoded by one encoding."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import Any, Final, TypeAlias

__all__ = ["Headers", "HeadersSource"]

HeadersSource: TypeAlias = Any
"""`Headers`, a mapping, or pairs; names and values as str or bytes; None: no lines."""

_SECRET: Final = frozenset({b"authorization", b"proxy-authorization"})
_ENCODINGS: Final = ("ascii", "utf-8", "iso-8859-1")


class Headers(MutableMapping[str, str]):
    """Field lines in their order; names compare without case.

    Raises:
        TypeError: a name or value is neither str nor bytes.

    >>> headers = Headers([("Accept", "a"), ("accept", "b")])
    >>> headers["ACCEPT"], headers.raw
    ('a, b', [(b'Accept', b'a'), (b'accept', b'b')])
    """

    def __init__(self, headers: HeadersSource = None, encoding: str | None = None) -> None:
        self._encoding = encoding
        #: The name as it was given, the name in lower case, the value.
        self._lines: list[tuple[bytes, bytes, bytes]] = []
        if isinstance(headers, Headers):
            self._lines = list(headers._lines)
        elif headers is not None:
            pairs = headers.items() if isinstance(headers, Mapping) else headers
            for name, value in pairs:
                raw = self._bytes(name, "key")
                self._lines.append((raw, raw.lower(), self._bytes(value, "value")))

    def _bytes(self, text: Any, what: str) -> bytes:
        if isinstance(text, bytes):
            return text
        if isinstance(text, str):
            return text.encode(self._encoding or "ascii")
        raise TypeError(f"Header {what} must be str or bytes, not {type(text)}")

    @property
    def encoding(self) -> str:
        """The encoding of the values: the first of ASCII, UTF-8 and ISO-8859-1 that fits all."""
        if self._encoding is None:
            for encoding in _ENCODINGS:
                try:
                    for _, key, value in self._lines:
                        key.decode(encoding)
                        value.decode(encoding)
                except UnicodeDecodeError:
                    continue
                self._encoding = encoding
                break
        assert self._encoding is not None  # ISO-8859-1 fits everything
        return self._encoding

    @encoding.setter
    def encoding(self, value: str) -> None:
        self._encoding = value

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """Every line as bytes, its name as it was given."""
        return [(name, value) for name, _, value in self._lines]

    def keys(self) -> KeysView[str]:
        """Return the names in lower case, each once."""
        return self._joined().keys()

    def values(self) -> ValuesView[str]:
        """Return the values, those of one name joined by ", "."""
        return self._joined().values()

    def items(self) -> ItemsView[str, str]:
        """Return names and values, those of one name joined by ", "."""
        return self._joined().items()

    def multi_items(self) -> list[tuple[str, str]]:
        """Return the name, in lower case, and the value of every line.

        >>> Headers([("A", "1"), ("a", "2")]).multi_items()
        [('a', '1'), ('a', '2')]
        """
        encoding = self.encoding
        return [(key.decode(encoding), value.decode(encoding)) for _, key, value in self._lines]

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, its lines joined by ", ", or `default`."""
        values = self.get_list(key)
        return ", ".join(values) if values else default

    def get_list(self, key: str, split_commas: bool = False) -> list[str]:
        """Return the value of each line of `key`; split at commas if `split_commas`."""
        wanted = key.lower().encode(self.encoding)
        values = [value.decode(self.encoding) for _, name, value in self._lines if name == wanted]
        if not split_commas:
            return values
        return [part.strip() for value in values for part in value.split(",")]

    def update(self, headers: HeadersSource = None) -> None:  # type: ignore[override]
        """Set the lines of `headers`, instead of those of the same names."""
        others = Headers(headers)
        names = {key for _, key, _ in others._lines}
        self._lines = [line for line in self._lines if line[1] not in names] + others._lines

    def copy(self) -> Headers:
        """Return headers of their own with the same lines."""
        return Headers(self, encoding=self._encoding)

    def _joined(self) -> dict[str, str]:
        values: dict[str, str] = {}
        for key, value in self.multi_items():
            values[key] = f"{values[key]}, {value}" if key in values else value
        return values

    def __getitem__(self, key: str) -> str:
        values = self.get_list(key)
        if not values:
            raise KeyError(key)
        return ", ".join(values)

    def __setitem__(self, key: str, value: str) -> None:
        """Set one line for `key`, at the place of the first that it has."""
        encoding = self._encoding or "utf-8"
        line = (key.encode(encoding), key.encode(encoding).lower(), value.encode(encoding))
        places = [place for place, known in enumerate(self._lines) if known[1] == line[1]]
        for place in reversed(places[1:]):
            del self._lines[place]
        if places:
            self._lines[places[0]] = line
        else:
            self._lines.append(line)

    def __delitem__(self, key: str) -> None:
        wanted = key.lower().encode(self.encoding)
        kept = [line for line in self._lines if line[1] != wanted]
        if len(kept) == len(self._lines):
            raise KeyError(key)
        self._lines = kept

    def __contains__(self, key: Any) -> bool:
        return isinstance(key, str) and key.lower().encode(self.encoding) in [
            name for _, name, _ in self._lines
        ]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._joined())

    def __len__(self) -> int:
        return len(self._lines)

    def __eq__(self, other: Any) -> bool:
        try:
            others = Headers(other)
        except (TypeError, ValueError):
            return False
        mine = sorted((key, value) for _, key, value in self._lines)
        return mine == sorted((key, value) for _, key, value in others._lines)

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        encoding = self.encoding
        lines = [
            (key.decode(encoding), "[secure]" if key in _SECRET else value.decode(encoding))
            for _, key, value in self._lines
        ]
        shown: Any = dict(lines) if len(dict(lines)) == len(lines) else lines
        which = "" if encoding == "ascii" else f", encoding={encoding!r}"
        return f"Headers({shown!r}{which})"
