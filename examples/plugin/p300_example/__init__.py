"""An example of a plug-in of p300: see pyproject.toml."""
