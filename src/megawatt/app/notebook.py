"""The jobs of the command line from Python: ``decide(Site.read("site.toml"))``, ``deal("deal.toml")``, ``claims("data")``."""

import time
from collections.abc import Sequence
from pathlib import Path

from megawatt.app.claims import ClaimsReport, run_claims
from megawatt.app.comparable_deals import read_comparables
from megawatt.app.data import data_for
from megawatt.app.deal_file import read_deal, read_offer
from megawatt.app.deal_valuation import DealValuation, value_deal
from megawatt.app.decision import Decision
from megawatt.app.decision import decide as decide_with
from megawatt.app.dispatched_site import How
from megawatt.app.explanation import Explanation, instant
from megawatt.app.explanation import explain as explain_with
from megawatt.app.investment import Investment
from megawatt.app.investment import invest as invest_with
from megawatt.app.markets.events import run_events
from megawatt.app.markets.files import needed_folder, read_market_files
from megawatt.app.markets.outlook import OutlookReport, run_outlook
from megawatt.app.markets.rotation import run_rotation
from megawatt.app.portfolio_answer import PortfolioAnswer, answer_portfolio
from megawatt.app.portfolio_file import read_portfolio
from megawatt.core.dataset import Dataset
from megawatt.dispatch.general import Effort
from megawatt.invest.candidates import PortfolioFile
from megawatt.invest.deal import Deal, Offer
from megawatt.markets.event_report import EventReport
from megawatt.markets.rotation_report import RotationReport
from megawatt.site.read import Site


def decide(
    site: Site, data: Dataset | None = None, *, store: str | Path | None = None, seconds: float = 1.0
) -> Decision:
    """Answer the main question for a site's period.

    Args:
        site: The site, for example ``Site.read("texas-mine.toml")``.
        data: Its series; by default what the site file's ``[data]`` table names.
        store: Local store; default ``$MEGAWATT_STORE`` or ``megawatt.sqlite`` in the working folder.
        seconds: Time for the optimum of a coupled site, and again for its next megawatts together [s]; with more of it
            the gap is narrower and more of them are resolved.

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


def invest(
    site: Site,
    data: Dataset | None = None,
    *,
    store: str | Path | None = None,
    years: int = 18,
    decide_years: int = 5,
    scenarios: int = 4_000,
    seed: int = 0,
    how: How | None = None,
) -> Investment:
    """When to turn each fleet's megawatts over to AI; ``alternatives()``, ``table()``, ``statement(name)`` are DataFrames.

    Args:
        site: The site, with ``[finance]``.
        data: Its series; by default what the site file's ``[data]`` table names.
        store: Local store; default ``$MEGAWATT_STORE`` or ``megawatt.sqlite`` in the working folder.
        years: Length of the scenarios.
        decide_years: Years in which a lease may be signed.
        scenarios: Their number.
        seed: Same seed, same answer.
        how: How months are dispatched, and by whom; by default ``How("typical")``, in this process.
    """
    chosen = data_for(site, Path(store) if store else None) if data is None else data
    return invest_with(site, chosen, years=years, decide_years=decide_years, paths=scenarios, seed=seed, how=how)


def deal(
    deal: Deal | str | Path,
    against: Offer | str | Path | None = None,
    *,
    among: str | Path | None = None,
    scenarios: int = 10_000,
    seed: int = 0,
) -> DealValuation:
    """What a contract is worth and whether a bid is better; ``contracts()``, ``parts()`` and ``turns()`` are DataFrames.

    Args:
        deal: The deal, or its file.
        against: The bid, or its file.
        among: Table of published deals to compare with.
        scenarios: Their number.
        seed: Same seed, same answer.
    """
    one = deal if isinstance(deal, Deal) else read_deal(Path(deal))
    offer = against if isinstance(against, Offer) or against is None else read_offer(Path(against))
    comparables = tuple(read_comparables(Path(among))) if among else ()
    return value_deal(one, offer, comparables, scenarios=scenarios, seed=seed)


def portfolio(
    file: PortfolioFile | str | Path, *, scenarios: int = 500, seed: int = 0, seconds: float = 60.0
) -> PortfolioAnswer:
    """Which sites do what from which year on; ``table()`` and ``limits()`` are DataFrames.

    Args:
        file: The portfolio, or its file.
        scenarios: Their number.
        seed: Same seed, same answer.
        seconds: Longest time of one solve [s].
    """
    one = file if isinstance(file, PortfolioFile) else read_portfolio(Path(file))
    return answer_portfolio(one, scenarios=scenarios, seed=seed, seconds=seconds)


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
