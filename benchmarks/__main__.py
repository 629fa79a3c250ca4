"""``python -m benchmarks``: run every row, print the table, write docs/benchmarks.md and its plot.

``python -m benchmarks NAME…`` runs only the named files and writes nothing.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from .measure import Row
from .page import DOCS, machine, write_section

PARTS = {
    "server": "Serving",
    "files": "Files",
    "sharing": "A shared folder",
    "client": "Asking",
    "clients": "Asking, beside other clients",
    "wire": "Reading messages",
    "twins": "What the C twin gains",
    "cookies": "Cookies",
    "cookiejar": "The cookie jar",
    "stores": "Jars with a store",
}
"""The files with rows, in the order of the page, and what their tables are called."""


def run(part: str) -> list[Row]:
    """Return the rows of one file, measured now."""
    rows: list[Row] = importlib.import_module(f"benchmarks.{part}").rows()
    return rows


def verdict(row: Row) -> str:
    """Return what a row's aim was and whether it was met.

    >>> verdict(Row("x", 30.0, 10.0, aim=2))
    '2x: met'
    """
    if not row.aim:
        return ""
    return f"{row.aim:.2g}x: {'met' if row.ratio >= row.aim else 'missed'}"


def quantity(value: float, unit: str) -> str:
    """Return a value with its unit, three digits that count.

    >>> quantity(21847.2, "requests/s"), quantity(6.4321, "us")
    ('21,847 requests/s', '6.43 us')
    """
    digits = max(0, 2 - len(str(int(value))) + 1) if value < 100 else 0
    return f"{value:,.{digits}f} {unit}"


def times(ratio: float) -> str:
    """Return a ratio with as many digits as count.

    >>> times(0.456), times(1949.3)
    ('0.46x', '1,949x')
    """
    return f"{ratio:.2f}x" if ratio < 10 else f"{ratio:,.0f}x"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| what | beside | theirs | nethttp | ratio | asked for |",
        "|---|---|---:|---:|---:|---|",
        *(
            f"| {row.name} | {row.peer} | {quantity(row.theirs, row.unit)} "
            f"| {quantity(row.nethttp, row.unit)} "
            f"| **{times(row.ratio)}** | {verdict(row)} |"
            for row in rows
        ),
    ]
    return "\n".join(lines)


def write_page(measured: dict[str, list[Row]]) -> None:
    """Write docs/benchmarks.md with this run's tables."""
    tables = [f"## {PARTS[part]}\n\n{table(rows)}\n" for part, rows in measured.items()]
    write_section(
        "benchmarks.md",
        "measured",
        f"{machine()}; every row is the median of interleaved runs.\n\n" + "\n".join(tables),
    )


def write_plot(rows: Sequence[Row]) -> None:
    """Draw the ratios as bars into docs/images/benchmarks.png."""
    import matplotlib as mpl  # heavy, and only this function needs it

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    shown = [row for row in reversed(rows) if row.plotted]
    figure, axes = plt.subplots(figsize=(11, 0.36 * len(shown) + 1.2))
    bars = axes.barh(
        [f"{row.name}, beside {row.peer}" for row in shown],
        [row.ratio for row in shown],
        color=["#2f6f9f" if row.ratio >= 1 else "#b5523b" for row in shown],
        height=0.62,
    )
    axes.bar_label(bars, [times(row.ratio) for row in shown], padding=4)
    axes.axvline(1, color="#888", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(min(0.5, *(row.ratio / 2 for row in shown)), max(r.ratio for r in shown) * 3)
    axes.set_xlabel("times the other's speed (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    (DOCS / "images").mkdir(exist_ok=True)
    figure.savefig(DOCS / "images" / "benchmarks.png", dpi=110)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", help=f"one of {', '.join(PARTS)}; all of them if none")
    chosen = parser.parse_args(argv).part
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"expected parts of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}")
    measured: dict[str, list[Row]] = {}
    for part in chosen or PARTS:
        print(f"measuring {part} ...", file=sys.stderr, flush=True)
        measured[part] = run(part)
    rows = [row for part in measured.values() for row in part]
    print(table(rows))
    if not chosen:
        write_page(measured)
        write_plot(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
