"""The jobs of the command line from Python: ``decide(Site.read("site.toml"))``, ``rotation("data")``, ``claims("data")``."""

import time
from collections.abc import Sequence
from pathlib import Path

from megawatt.app.claims import ClaimsReport, run_claims
from megawatt.app.data import data_for
from megawatt.app.decision import Decision
from megawatt.app.decision import decide as decide_with
from megawatt.app.explanation import Explanation, instant
from megawatt.app.explanation import explain as explain_with
from megawatt.app.markets.events import run_events
from megawatt.app.markets.files import needed_folder, read_market_files
from megawatt.app.markets.outlook import OutlookReport, run_outlook
from megawatt.app.markets.rotation import run_rotation
from megawatt.core.dataset import Dataset
from megawatt.dispatch.general import Effort
from megawatt.markets.event_report import EventReport
from megawatt.markets.rotation_report import RotationReport
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
    return decide_with(site, chosen, effort=Effort(seconds=seconds, clock=time.monotonic))


def explain(
    site: Site,
    at: str,
    data: Dataset | None = None,
    *,
    store: str | Path | None = None,
    seconds: float = 30.0,
) -> Explanation:
    """Who won an interval of the optimum, by how much, what bound there, and what looser limits would be worth.

    Args:
        site: The site; its whole period is planned.
        at: Time inside the period with its zone: ``"2024-07-01T17:00-05:00"``.
        data: Its series; by default what the site file's ``[data]`` table names.
        store: Local store; default ``$MEGAWATT_STORE`` or ``megawatt.sqlite`` in the working folder.
        seconds: Longest time of the solve of a coupled site; each changed problem has a third of it [s].

    Returns:
        The explanation; ``bids()`` and ``worth()`` are DataFrames.
    """
    chosen = data_for(site, Path(store) if store else None) if data is None else data
    effort = Effort(seconds=seconds, clock=time.monotonic)
    return explain_with(site, chosen, instant(at, site.connection.timezone), effort=effort)


def rotation(data: str | Path | None = None, as_of: str | None = None, *, window: int = 60) -> RotationReport:
    """Bitcoin, AI coins, other coins, AI shares and miners side by side; ``table()`` is a DataFrame.

    Args:
        data: Folder of the prices; default ``$MEGAWATT_DATA``.
        as_of: Last day; default the last common close.
        window: Common days.
    """
    files = read_market_files(needed_folder(Path(data) if data else None))
    return run_rotation(files, as_of, window=window)[0]


def events(
    announced: str,
    data: str | Path | None = None,
    *,
    assets: Sequence[str] | None = None,
    factors: Sequence[str] | None = None,
    shares: bool = False,
    rows: Sequence[int] | None = None,
) -> EventReport:
    """Did the news of a day move those assets? ``table()`` holds every test as a DataFrame.

    Args:
        announced: Day of the news, UTC.
        data: Folder of the prices; default ``$MEGAWATT_DATA``.
        assets: Symbols; default all AI coins (or AI shares).
        factors: Factors; default BTC (or QQQ).
        shares: Whether the assets are shares.
        rows: Estimation windows, the main one first; default 120, 43 and 250 days.
    """
    files = read_market_files(needed_folder(Path(data) if data else None))
    return run_events(files, announced, assets=assets, factors=factors, shares=shares, rows=rows)


def outlook(target_tn: float = 20.0) -> OutlookReport:
    """What must be true for ``target_tn`` trillion dollars by 2030; ``table()`` holds the published estimates."""
    return run_outlook(target_tn)


def claims(data: str | Path | None = None) -> ClaimsReport:
    """The article's claims with their verdicts; ``table()`` is a DataFrame.

    Args:
        data: Folder with ``markets`` and ``bitcoin``; default ``$MEGAWATT_DATA``; without one, what needs no data.
    """
    return run_claims(Path(data) if data else None)
