#!/usr/bin/env python3
"""Print the files of a Ninja build that took longest to compile: ``slowest_files.py BUILD [COUNT]``."""

from __future__ import annotations

import sys
from pathlib import Path


def times(log: Path) -> dict[str, float]:
    """Seconds by output, the last entry of each, from Ninja's log."""
    seconds: dict[str, float] = {}
    for line in log.read_text().splitlines()[1:]:
        start, end, _, output, _ = line.split("\t")
        seconds[output] = (int(end) - int(start)) / 1000
    return seconds


def main() -> None:
    build = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    seconds = {name: value for name, value in times(build / ".ninja_log").items() if name.endswith(".o")}
    total = sum(seconds.values())
    print(f"Slowest of {len(seconds)} files ({total:.0f} s of processor time together):")
    for name, value in sorted(seconds.items(), key=lambda item: -item[1])[:count]:
        target, _, source = name.removeprefix("CMakeFiles/").partition(".dir/")
        print(f"{value:7.1f} s  {target:16s} {source.removesuffix('.o')}")


if __name__ == "__main__":
    main()
