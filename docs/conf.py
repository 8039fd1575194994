"""Sphinx settings; ``make docs`` builds the pages into docs/_build."""

from importlib.metadata import version as installed_version

project = "Saltus"
author = "The Saltus developers"
version = release = installed_version("saltus")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "results/README.md"]
html_theme = "furo"
html_title = f"Saltus {version}"
autodoc_mock_imports = ["torch"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_use_ivar = True
