"""The main job from Python: ``decide(Site.read("site.toml"))``."""

from pathlib import Path

from megawatt.app.data import data_for
from megawatt.app.decision import Decision
from megawatt.app.decision import decide as decide_with
from megawatt.core.dataset import Dataset
from megawatt.dispatch.general import Effort
from megawatt.site.read import Site


def decide(
    site: Site, data: Dataset | None = None, *, store: str | Path | None = None, seconds: float = 60.0
) -> Decision:
    """Answer the main question for a site's period.

    Args:
        site: The site, for example ``Site.read("texas-mine.toml")``.
        data: Its series; by default what the site file's ``[data]`` table names.
        store: Local store; default ``$MEGAWATT_STORE`` or ``megawatt.sqlite`` in the working folder.
        seconds: Longest time of one solve of a coupled site [s].

    Returns:
        The decision, with ``policies()`` and ``intervals()`` as tidy tz-aware DataFrames.
    """
    chosen = data_for(site, Path(store) if store else None) if data is None else data
    return decide_with(site, chosen, effort=Effort(seconds=seconds))
