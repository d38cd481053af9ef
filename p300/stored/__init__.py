"""Files that were stored, and read back from whoever had them since: see :class:`StoredFolder`."""

from p300.stored.folder import StoredFolder

__all__ = ["StoredFolder"]
