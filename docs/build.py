"""Makes the documentation: puts the operator table and the pages of functions into docs/reference and runs Sphinx.

``python docs/build.py [BUILD]``, where BUILD (default: build) is the build directory that holds the generated pages.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pages

DOCS = Path(__file__).resolve().parent


def main() -> int:
    build = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS.parent / "build"
    table = build / "generated" / "docs"
    target = DOCS / "reference" / "generated"
    shutil.rmtree(target, ignore_errors=True)
    if not table.is_dir():
        print(f"docs/build.py: no operator reference in {table}; run make develop first", file=sys.stderr)
        return 1
    shutil.copytree(table, target)
    pages.write(target)
    options = ["-W", "--keep-going", "-q", "-b", "html"]
    command = [sys.executable, "-m", "sphinx", *options, str(DOCS), str(DOCS / "_build")]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
