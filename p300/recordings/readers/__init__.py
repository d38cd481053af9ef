"""The files' own formats, read without knowing whose recordings they hold."""
