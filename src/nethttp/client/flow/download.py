"""A download into a file: resumed after cuts, of one version alone, whole under its name or absent.

Only a strong entity tag says that bytes of two responses belong together. With one, the download
asks for the rest by Range and If-Range (RFC 9110 sections 13.1.5 and 14.2), in this call and in a
later one; without one, or when the version has changed, it begins again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from ...errors import (
    InvalidResponse,
    NetworkError,
    ReadError,
    RequestError,
    RequestTimeout,
    StatusError,
    excerpt,
)
from ...net.effects import Call, Flow, Sleep
from ...wire.values import parse_entity_tag
from ..content.decoding import decoder_for
from ..messages.base_response import BaseResponse
from ..messages.request import Request
from ..part_file import PartFile, Version
from ..policy.retries import Retries
from .segments import MAX_SEGMENTS, MIN_PIECE, Segments, Send, codings_of, continues

__all__ = ["Download", "Progress", "download"]

Progress: TypeAlias = Callable[[int, int | None], object]
"""Called with how many bytes are there, and how many there will be, None if that is unknown."""


class Download(NamedTuple):
    """What a download gave."""

    path: str
    size: int
    """How many bytes the file has."""
    resumed: int
    """How many of them were there before the call."""
    response: Any
    """The last response; its content is in the file."""


def download(
    send: Send,
    request: Request,
    part: PartFile,
    retries: Retries,
    *,
    clock: Callable[[], float],
    deadline: float,
    progress: Progress | None = None,
    segments: int = 1,
) -> Flow[Download]:
    """Send `request`, a GET, until the file is complete; return what it gave.

    Up to `segments` requests at once fetch parts of it, if it is large and the server allows this.

    `retries` says how often and when to go on after a failure; an attempt that got further than
    any before begins the count anew, so a large file over a bad line is completed all the same.
    `deadline` is a time of `clock`.

    Raises:
        RequestError: it failed too often. What is there can be resumed.
        StatusError: the server answered with another status than success.
        ChecksumError: the file is not the expected one.
        OSError: the file cannot be written.
        ValueError: `segments` is not from 1 to `MAX_SEGMENTS`.
    """
    if not isinstance(segments, int) or not 1 <= segments <= MAX_SEGMENTS:
        raise ValueError(f"expected segments from 1 to {MAX_SEGMENTS}, got {segments!r:.80}")
    kept: int | None = None
    most = part.size
    tries = 0
    while True:
        attempt = _Attempt(send, request, part, progress, segments)
        outcome: BaseResponse | RequestError
        try:
            outcome = yield from attempt.run()
        except (NetworkError, RequestTimeout, InvalidResponse) as error:
            if isinstance(error, InvalidResponse) and error.phase != "receive":
                raise
            outcome = error
        if kept is None:
            kept = attempt.continued_at
        if attempt.complete:
            size = yield Call(part.finish)
            return Download(part.path, size, kept, outcome)
        segments = attempt.segments
        if attempt.restart:
            continue
        if part.size > most:
            most, tries = part.size, 0
        tries += 1
        wait = retries.delay(tries, request, _reason(outcome), now=clock(), deadline=deadline)
        if wait is None:
            failed = outcome if isinstance(outcome, RequestError) else _unwanted(outcome)
            if part.version is not None and part.size:
                failed.add_note(f"{part.size} bytes are kept: the same download goes on from there")
            raise failed
        yield Sleep(clock() + wait)


def _reason(outcome: BaseResponse | RequestError) -> BaseResponse | RequestError:
    """Return what a policy of retries is to judge: content that was cut can be had by going on."""
    return ReadError(str(outcome)) if isinstance(outcome, InvalidResponse) else outcome


class _Attempt:
    """One request of a download, and what its response does to the file."""

    def __init__(
        self,
        send: Send,
        request: Request,
        part: PartFile,
        progress: Progress | None,
        segments: int,
    ) -> None:
        self.send = send
        self.part = part
        self.progress = progress
        self.segments = segments
        """How many requests there may be at once; 1 once the server has refused more."""
        self.request = request.copy()
        # Ranges count the bytes of the content as it is sent: encoded, they cannot be joined.
        self.request.headers.set("Accept-Encoding", "identity")
        self.offset = _offset(part, _version_url(request))
        if self.offset is not None:
            assert part.version is not None
            self.request.headers.set("Range", f"bytes={self.offset}-")
            self.request.headers.set("If-Range", part.version.etag)
        self.continued_at = 0
        """Where the response went on with the file; 0 if it began anew."""
        self.complete = False
        """Whether the file has all bytes."""
        self.restart = False
        """Whether to send a request again at once: for what is missing, or from the beginning."""

    def run(self) -> Flow[BaseResponse]:
        """Return the response, after its content was taken or dropped."""
        response = yield from self.send(self.request)
        try:
            status = response.status_code
            if self.offset is not None and status in (206, 416) and not self._continues(response):
                yield Call(lambda: self.part.begin(None))
                self.restart = True
            elif status == 206 and self.offset is None:
                raise InvalidResponse("expected a whole response, got a part of one (206)")
            elif response.is_success:
                yield from self._take(response)
                self.complete = not self.part.missing
                self.restart = not self.complete
            yield from response.close_flow()
        except BaseException as error:
            response.abandon()
            if isinstance(error, RequestError):
                error.about(self.request)
            raise
        return response

    def _continues(self, response: BaseResponse) -> bool:
        return self.offset is not None and continues(response, self.part.version, self.offset)

    def _take(self, response: BaseResponse) -> Flow[None]:
        """Write the content of a response to the file, by segments if that can be."""
        part = self.part
        start = self.offset if self.offset is not None and response.status_code == 206 else 0
        if response.status_code == 206:
            self.continued_at = start if part.missing is None else part.size
            length = part.version.length if part.version else None
        else:
            length = _length(response)
            version = _version(response, _version_url(self.request), length)
            yield Call(lambda: part.begin(version))
        if part.missing is not None:
            yield from self._take_segments(response, start)
        elif length is not None and self._can_be_split(response, length - start):
            yield Call(lambda: part.split(start))
            yield from self._take_segments(response, start)
        else:
            if start:
                yield Call(lambda: part.go_on(start))
            yield from self._take_in_order(response, length)

    def _can_be_split(self, response: BaseResponse, left: int) -> bool:
        """Return whether segments are wanted, large enough, and something that the server gives."""
        if self.segments == 1 or self.part.version is None or left < 2 * MIN_PIECE:
            return False
        ranges = response.headers.get("accept-ranges") or ""
        return response.status_code == 206 or ranges.lower() == "bytes"

    def _take_segments(self, response: BaseResponse, start: int) -> Flow[None]:
        """Write the content of a response, from byte `start`, and beside it what others bring."""
        part, progress = self.part, self.progress
        done = part.size
        length = part.version.length if part.version else None

        def received(count: int) -> None:
            nonlocal done
            done += count
            if progress is not None:
                progress(done, length)

        segments = Segments(part, self.request, self.send, self.segments, received)
        try:
            yield from segments.fill(response, start)
        finally:
            if segments.refused:
                self.segments = 1

    def _take_in_order(self, response: BaseResponse, length: int | None) -> Flow[None]:
        """Write the content of a response behind what is there."""
        part = self.part
        decoder = decoder_for(codings_of(response))
        while data := (yield from response.next_raw_flow()):
            for piece in decoder.decode(data):
                if part.add(piece):
                    # The disk may be slow. There is no deadline: a write that was given up would
                    # go on in its thread.
                    yield Call(part.write)
            if self.progress is not None:
                self.progress(part.size, length)
        decoder.finish()
        if length is not None and part.size != length:
            raise InvalidResponse(
                f"expected {length} bytes, got {part.size}", request=self.request, phase="receive"
            )


def _offset(part: PartFile, url: str) -> int | None:
    """Return from which byte on the file can be resumed; None: not at all.

    Of a file that has all its bytes the last one is asked for again, so that the server says
    whether the version is still the same.
    """
    version = part.version
    if version is None or version.url != Version.of(url, "", None).url:
        return None
    if part.missing:
        return part.missing[0][0]
    last = part.size if version.length is None else min(part.size, version.length - 1)
    return last if last > 0 else None


def _version(response: BaseResponse, url: str, length: int | None) -> Version | None:
    """Return the version that a whole response has; None: it cannot be resumed."""
    etag = response.headers.get("etag") or ""
    parsed = parse_entity_tag(etag)
    if parsed is None or parsed.weak or codings_of(response):
        return None
    return Version.of(url, etag, length)


def _version_url(request: Request) -> str:
    return str(request.url.without_userinfo().with_fragment(""))


def _length(response: BaseResponse) -> int | None:
    """Return the length of the file that a whole response has, if it says so."""
    text = response.headers.get("Content-Length") or ""
    return int(text) if not codings_of(response) and re.fullmatch("[0-9]{1,19}", text) else None


def _unwanted(response: BaseResponse) -> StatusError:
    return StatusError(
        f"expected the content of {response.request}, got {response.status_code} "
        f"{excerpt(response.reason)}",
        response=response,
    )
