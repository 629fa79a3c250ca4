"""Happy Eyeballs: the first of a host's addresses that answers, without a long wait for dead ones.

RFC 8305. A machine often has an IPv6 address and no way out by IPv6. The client dials the first
address, and 250 ms later the next one beside it, of the other family; the first that answers wins,
and is the first to be dialled for some minutes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, zip_longest
from typing import Final

from ...errors import ConnectError, ConnectTimeout
from ...net.effects import Address, Attempt, Dial, Flow, Link, Next, Socket

__all__ = ["first_to_answer", "interleaved"]

ATTEMPT_DELAY: Final = 0.25
"""Seconds before the next address is dialled beside those that have not answered. Section 5."""

MAX_ADDRESSES: Final = 32
"""How many of a host's addresses are dialled at most."""


def interleaved(addresses: Iterable[Address]) -> list[Address]:
    """Return `addresses` with their families taking turns, each in its own order. Section 4.

    >>> import socket
    >>> names = [Address(10, ("2001:db8::1", 80)), Address(10, ("2001:db8::2", 80)),
    ...          Address(2, ("192.0.2.1", 80))]
    >>> [address.host for address in interleaved(names)]
    ['2001:db8::1', '192.0.2.1', '2001:db8::2']
    """
    by_family: dict[int, list[Address]] = {}
    for address in addresses:
        by_family.setdefault(address.family, []).append(address)
    turns = chain.from_iterable(zip_longest(*by_family.values()))
    return [address for address in turns if address is not None]


def first_to_answer(
    host: str,
    addresses: Sequence[Address],
    socket: Socket,
    deadline: float,
    clock: Callable[[], float],
) -> Flow[Link]:
    """Return a link to the first of `addresses` that answers, dialled in this order.

    RFC 8305 section 5: the next one is dialled beside those that have not answered.
    `host` names them in errors. `clock` is the runner's, and `deadline` is one of its moments.

    Raises:
        ConnectError: none answered; the message has each address with its reason.
        ConnectTimeout: the deadline has passed.
    """
    waiting = deque(addresses[:MAX_ADDRESSES])
    running: list[Attempt] = []
    failed: list[tuple[Address, OSError]] = []
    try:
        while waiting or running:
            if waiting:
                attempt: Attempt = yield Dial(waiting.popleft(), socket)
                running.append(attempt)
            until = min(deadline, clock() + ATTEMPT_DELAY) if waiting else deadline
            ended: Attempt | None = yield Next(running, until)
            if ended is None:
                if until == deadline:
                    raise _timeout(host, failed, running)
                continue
            running.remove(ended)
            if ended.error is None:
                link, ended.link = ended.link, None
                assert link is not None
                return link
            failed.append((ended.address, ended.error))
        raise _refusal(host, failed)
    finally:
        for attempt in running:
            attempt.close()


def _refusal(host: str, failed: list[tuple[Address, OSError]]) -> ConnectError:
    error = ConnectError(
        f"no connection to {host!r}: {_reasons(failed)}",
        phase="connect",
        addresses=tuple(str(address) for address, _ in failed),
    )
    error.errno = failed[-1][1].errno if failed else None
    error.__cause__ = failed[-1][1] if failed else None
    return error


def _timeout(
    host: str, failed: list[tuple[Address, OSError]], running: list[Attempt]
) -> ConnectTimeout:
    silent = [str(attempt.address) for attempt in running]
    reasons = "; ".join([*filter(None, [_reasons(failed)]), f"no answer from {', '.join(silent)}"])
    return ConnectTimeout(
        f"no connection to {host!r} in time: {reasons}",
        phase="connect",
        addresses=(*(str(address) for address, _ in failed), *silent),
    )


def _reasons(failed: list[tuple[Address, OSError]]) -> str:
    return "; ".join(f"{address}: {error.strerror or error}" for address, error in failed)
