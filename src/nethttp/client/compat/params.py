"""`QueryParams`: the parameters of a URL's query, which never change."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import Any, NoReturn, TypeAlias
from urllib.parse import parse_qsl, urlencode

__all__ = ["QueryParams", "QueryParamsSource"]

QueryParamsSource: TypeAlias = Any
"""`QueryParams`, a query as str or bytes, a mapping, or pairs; None: no parameters."""


def text_of(value: object) -> str:
    """Return a parameter's value as text.

    >>> text_of(True), text_of(None), text_of(1.5)
    ('true', '', '1.5')
    """
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


class QueryParams(Mapping[str, str]):
    """The parameters of a query: a name may have several values, of which ``[]`` gives the first.

    Raises:
        TypeError: there is more than one argument, or one beside arguments by name.

    >>> params = QueryParams("a=1&a=2&b=")
    >>> params["a"], params.get_list("a"), str(params.set("a", 3))
    ('1', ['1', '2'], 'a=3&b=')
    """

    def __init__(self, *args: QueryParamsSource, **kwargs: Any) -> None:
        if len(args) > 1 or (args and kwargs):
            raise TypeError("expected one argument, or arguments by name")
        source = args[0] if args else kwargs
        self._values: dict[str, list[str]] = {}
        for name, value in _pairs(source):
            self._values.setdefault(str(name), []).append(text_of(value))

    def keys(self) -> KeysView[str]:
        """Return the names, each once."""
        return self._values.keys()

    def values(self) -> ValuesView[str]:
        """Return the first value of each name."""
        return self._first().values()

    def items(self) -> ItemsView[str, str]:
        """Return each name with its first value."""
        return self._first().items()

    def multi_items(self) -> list[tuple[str, str]]:
        """Return each name with each of its values.

        >>> QueryParams("a=1&a=2").multi_items()
        [('a', '1'), ('a', '2')]
        """
        return [(name, value) for name, values in self._values.items() for value in values]

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of `key`, or `default`."""
        return self._values[key][0] if key in self._values else default

    def get_list(self, key: str) -> list[str]:
        """Return all values of `key`; an empty list if it has none."""
        return list(self._values.get(key, ()))

    def set(self, key: str, value: Any = None) -> QueryParams:
        """Return parameters in which `key` has `value` alone."""
        return self._with({**self._values, key: [text_of(value)]})

    def add(self, key: str, value: Any = None) -> QueryParams:
        """Return parameters in which `key` has `value` as well."""
        return self._with({**self._values, key: [*self.get_list(key), text_of(value)]})

    def remove(self, key: str) -> QueryParams:
        """Return parameters without `key`."""
        return self._with({name: values for name, values in self._values.items() if name != key})

    def merge(self, params: QueryParamsSource = None) -> QueryParams:
        """Return these parameters and `params`, whose values replace those of the same name.

        >>> str(QueryParams("a=1&b=2").merge({"a": 3}))
        'a=3&b=2'
        """
        return self._with({**self._values, **QueryParams(params)._values})

    def update(self, params: QueryParamsSource = None) -> NoReturn:
        """Raise RuntimeError: parameters never change; `merge` returns others.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("QueryParams never change: use q = q.merge(...)")

    def __setitem__(self, key: str, value: str) -> NoReturn:
        """Raise RuntimeError: parameters never change; `set` returns others."""
        raise RuntimeError("QueryParams never change: use q = q.set(key, value)")

    @classmethod
    def _with(cls, values: dict[str, list[str]]) -> QueryParams:
        params = QueryParams()
        params._values = values
        return params

    def _first(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._values.items()}

    def __getitem__(self, key: Any) -> str:
        return self._values[key][0]

    def __contains__(self, key: Any) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __hash__(self) -> int:
        return hash(str(self))

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, QueryParams):
            return False
        return sorted(self.multi_items()) == sorted(other.multi_items())

    def __str__(self) -> str:
        return urlencode(self.multi_items())

    def __repr__(self) -> str:
        return f"QueryParams({str(self)!r})"


def _pairs(source: Any) -> Sequence[tuple[Any, Any]]:
    """Return the names and values of `source`, a list of values as several pairs."""
    if source is None:
        return []
    if isinstance(source, str | bytes):
        text = source.decode("ascii") if isinstance(source, bytes) else source
        return parse_qsl(text, keep_blank_values=True)
    if isinstance(source, QueryParams):
        return source.multi_items()
    items = source.items() if isinstance(source, Mapping) else source
    return [
        (name, each)
        for name, value in items
        for each in (value if isinstance(value, list | tuple) else [value])
    ]
