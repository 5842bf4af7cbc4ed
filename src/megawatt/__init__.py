"""megawatt decides what every megawatt of a compute site does: mine, serve AI, or stand by for the grid.

In a notebook::

    from megawatt import Site, decide

    answer = decide(Site.read("texas-mine.toml"))
    answer.policies()
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from megawatt.app.notebook import decide
    from megawatt.site.read import Site

__all__ = ["Site", "decide"]


def __getattr__(name: str) -> Any:
    """Import the two names on first use, so that the command line's help stays quick."""
    if name == "Site":
        from megawatt.site.read import Site  # noqa: PLC0415

        return Site
    if name == "decide":
        from megawatt.app.notebook import decide  # noqa: PLC0415

        return decide
    raise AttributeError(f"module 'megawatt' has no attribute {name!r}")
