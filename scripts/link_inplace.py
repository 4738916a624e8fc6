#!/usr/bin/env python3
"""Make a build importable without installing it.

``link_inplace.py BUILD``
    puts links to the products of ``BUILD`` beside the sources in python/torch, for ``PYTHONPATH=python`` to find.
``link_inplace.py BUILD --tree DIRECTORY``
    leaves python/torch alone and makes ``DIRECTORY/torch`` instead, of links to the sources and to the products:
    two builds (say, a sanitized one) can then be used side by side with ``PYTHONPATH=DIRECTORY``.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "python" / "torch"


def link(target: Path, name: Path) -> None:
    """Make ``name`` a symbolic link to ``target``, whatever was there before."""
    wanted = os.path.relpath(target, name.parent)
    if name.is_symlink() and os.readlink(name) == wanted:
        return
    if name.is_symlink() or name.exists():
        name.unlink()
    name.parent.mkdir(parents=True, exist_ok=True)
    name.symlink_to(wanted)


def products(build: Path) -> dict[str, Path]:
    """Names inside the package, and the files of the build that belong there."""
    found = {
        "lib": build / "lib",
        "include/torch": ROOT / "csrc",
        "include/generated": build / "generated",
        "share/cmake/Torch": build / "cmake",
    }
    for module in build.glob("_C.*.so"):
        found[module.name] = module
    generated = build / "generated" / "python" / "torch"
    for file in generated.rglob("*"):
        if file.is_file():
            found[str(file.relative_to(generated))] = file
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, help="a build directory")
    parser.add_argument("--tree", type=Path, help="make a tree of links here instead of in python/torch")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    found = products(build)
    if not any(name.startswith("_C.") for name in found):
        parser.error(f"{build} holds no _C module: build it first")

    package = SOURCES
    if arguments.tree is not None:
        package = arguments.tree.resolve() / "torch"
        for entry in SOURCES.iterdir():
            # Products of another build in the source tree are links; the sources are not.
            if not entry.is_symlink() and entry.name not in {"__pycache__", "include", "share"}:
                link(entry, package / entry.name)
        link(SOURCES.parent / "functorch", package.parent / "functorch")
    for name, target in found.items():
        link(target, package / name)
    for entry in package.rglob("*"):
        if entry.is_symlink() and not entry.exists():
            entry.unlink()  # what an earlier build had and this one has not


if __name__ == "__main__":
    main()
