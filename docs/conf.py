"""Settings of Sphinx. ``make docs`` runs it with torch importable and the operator reference generated."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
assert _version is not None

project = "Torch core"
author = "the Torch core authors"
copyright = f"2026, {author}"
release = _version.group(1)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "examples/cpp/build", "**/.ipynb_checkpoints"]
nitpicky = False

html_theme = "furo"
html_title = f"Torch core {release}"
