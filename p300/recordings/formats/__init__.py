"""One file a source: what it reads and how it is recognised."""
