"""What the reference leaves out: members from other libraries, defaults that are no Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def of_others(
    app: Sphinx,  # noqa: ARG001
    what: str,  # noqa: ARG001
    name: str,  # noqa: ARG001
    member: Any,
    skip: bool,
    options: Any,  # noqa: ARG001
) -> bool | None:
    """Return True for what other libraries define, None where nothing is to be said."""
    if skip:
        return None
    made_by = getattr(getattr(member, "fget", member), "__module__", None) or "p300"
    return None if made_by.startswith("p300") else True


def readable(
    app: Sphinx,  # noqa: ARG001
    what: str,  # noqa: ARG001
    name: str,  # noqa: ARG001
    found: Any,  # noqa: ARG001
    options: Any,  # noqa: ARG001
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Return a signature that Sphinx can parse: a default that a dataclass makes is ``...``."""
    return (signature and signature.replace("<factory>", "...")), returns


def setup(app: Sphinx) -> dict[str, bool]:
    """Choose members."""
    app.connect("autodoc-skip-member", of_others)
    app.connect("autodoc-process-signature", readable)
    return {"parallel_read_safe": True}
