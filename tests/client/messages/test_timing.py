"""The phases of an exchange, out of the moments that were noted."""

from __future__ import annotations

from nethttp.client.messages.timing import Marks, Timing


def marks(**moments: float) -> Marks:
    made = Marks(lambda: 9.0, 1.0)
    for name, moment in moments.items():
        setattr(made, name, moment)
    return made


def test_nothing_is_known_before_a_connection_is_free():
    assert marks().timing() == Timing()
    assert marks().elapsed() == 0


def test_a_new_connection_has_all_phases():
    timing = marks(
        acquired=1.5, dns=0.25, tls=0.5, connected=3.0, sent=3.5, head=5.0, ended=7.0
    ).timing()
    assert timing == Timing(
        queue=0.5, dns=0.25, connect=0.75, tls=0.5, send=0.5, wait=1.5, receive=2.0
    )


def test_a_reused_connection_has_none_of_connecting():
    timing = marks(acquired=1.5, head=5.0).timing()
    assert timing == Timing(queue=0.5, wait=3.5)


def test_the_time_runs_to_the_head_and_then_to_the_end():
    noted = marks(acquired=1.5, head=5.0)
    assert noted.elapsed() == 4.0
    noted.end()
    noted.end()
    assert (noted.ended, noted.elapsed()) == (9.0, 8.0)
