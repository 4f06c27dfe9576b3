"""Runs one measurement and prints its rows, as a table or as JSON."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

COLUMNS = ("metric", "value", "unit", "floor", "ratio", "goal")


def machine() -> dict[str, Any]:
    """What the figures depend on most."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory_bytes / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_1_min": round(os.getloadavg()[0], 2),
    }


def names() -> list[str]:
    """Every measurement there is: a file here with `rows`."""
    return sorted(
        file.stem
        for file in Path(__file__).parent.glob("*.py")
        if "\ndef rows(" in file.read_text(encoding="utf-8")
    )


def shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "–" if value is None else str(value)


def table(rows: list[Mapping[str, Any]]) -> str:
    lines = [COLUMNS, *[tuple(shown(row.get(column)) for column in COLUMNS) for row in rows]]
    widths = [max(len(line[n]) for line in lines) for n in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def main() -> int:
    asked = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    asked.add_argument("name", choices=names(), metavar="NAME", help=", ".join(names()))
    asked.add_argument("--json", action="store_true", help="one JSON object on one line")
    chosen = asked.parse_args()
    rows: list[Mapping[str, Any]] = list(import_module(f"bench.{chosen.name}").rows())
    if chosen.json:
        print(json.dumps({"bench": chosen.name, "machine": machine(), "rows": rows}))
    else:
        print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
