"""``python -m fuzz.targets NAME SECONDS``: atheris searches for inputs that break a property.

The pure twin and the connection are instrumented, so atheris keeps inputs that reach new code in
them. Each input is passed to both twins and to the oracles. A disagreement counts as a crash, whose
input atheris writes into fuzz/found/.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["nethttp.wire", "nethttp.server.files.forms"]):
    import nethttp.server.files.forms
    import nethttp.wire.h1._head_py
    import nethttp.wire.h1.connection  # noqa: F401  # instrumented here, before the properties import it

from . import messages
from .properties import PROPERTIES

FOUND = Path(__file__).parent / "found"


def main(name: str, seconds: str) -> None:
    """Run for `seconds`; then atheris ends the process."""
    check = PROPERTIES[name]
    seeds = FOUND.parent / "seeds" / name
    seeds.mkdir(parents=True, exist_ok=True)
    FOUND.mkdir(exist_ok=True)
    for number, data in enumerate(messages.seeds(name)):
        (seeds / f"{number:03}").write_bytes(data)
    atheris.Setup(
        [
            *(sys.argv[0], str(seeds), f"-max_total_time={seconds}", "-max_len=2048"),
            *(f"-artifact_prefix={FOUND}/{name}-", "-print_final_stats=1", "-timeout=20"),
        ],
        check,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
