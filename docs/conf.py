"""How the site is built; `make docs`, or `python -m sphinx -W docs docs/_build/html`.

Nothing is fetched, neither by the build nor by the pages: fonts and scripts lie beside them, and
the inventories of other libraries are small files of this repository.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from sphinx_parts.gallery import EXAMPLES, REPORTS, gallery_settings  # noqa: E402

import p300  # noqa: E402

project = "p300"
author = "The p300 developers"
project_copyright = "the p300 developers, BSD 3-clause"
release = version = p300.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinx_parts.api",
    "sphinx_parts.catalogue",
    "sphinx_parts.gallery",
    "sphinx_parts.outside",
]
exclude_patterns = ["_build", "_templates", "sphinx_parts", "gallery/*.ipynb", "gallery/*.py"]
templates_path = ["_templates"]
show_warning_types = True

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

autosummary_generate = True
autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
maximum_signature_line_length = 80
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

intersphinx_mapping = {
    "mne": ("https://mne.tools/stable", "inventories/mne.inv"),
    "sklearn": ("https://scikit-learn.org/stable", "inventories/sklearn.inv"),
    "torch": ("https://docs.pytorch.org/docs/stable", "inventories/torch.inv"),
}
"""Names that pages and docstrings refer to, of which the repository keeps the addresses: the whole
inventories would have to be fetched."""

sphinx_gallery_conf = gallery_settings(EXAMPLES)

html_theme = "pydata_sphinx_theme"
html_title = "p300"
html_static_path = ["_static"]
html_css_files = ["p300.css"]
html_extra_path = [str(REPORTS)]
html_show_sourcelink = False
html_sourcelink_suffix = ""
html_theme_options = {
    "logo": {"text": "p300"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "article_header_start": ["breadcrumbs"],
    "back_to_top_button": True,
}

# A switch between versions, once several are published: the address of `_static/switcher.json` as
# it is there.
if switcher := os.environ.get("P300_DOCS_SWITCHER"):
    html_theme_options["switcher"] = {"json_url": switcher, "version_match": version}
    html_theme_options["check_switcher"] = False
    html_theme_options["navbar_end"] = ["version-switcher", "theme-switcher"]
