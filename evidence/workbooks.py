"""Bar on workbooks: another engine computes the same values, also after inputs were changed."""

import importlib.util
import tempfile
from pathlib import Path

from evidence.bar import Bar, Figure
from megawatt.app.deal_examples import CORE_2024, CORE_2024_BID
from megawatt.app.deal_file import deal_of, offer_of
from megawatt.app.deal_valuation import value_deal
from megawatt.app.deal_workbook import write_deal_workbook
from megawatt.app.dispatched_site import How
from megawatt.app.invest_workbook import mean_path, mined_usd, write_invest_workbook
from megawatt.app.investment import invest
from megawatt.invest.conversion import lease_usd_per_mw
from megawatt.site.examples import example
from megawatt.site.read import Site
from tests.app.recomputing import Recomputed

CENT = 0.005
CHANGES: tuple[dict[str, float], ...] = (
    {},
    {"discount_rate": 0.06},
    {"CoreWeave 200 MW hazard_per_year": 0.3, "CoreWeave 200 MW ramp_months": 0.0},
    {"300 MW under discussion exercised": 0.9, "mining hashprice_usd_per_ph_day": 80.0},
    {"CoreWeave 200 MW rent_usd_per_it_mw_year": 5e6, "net_debt_usd": -1e9},
)


def recomputed() -> Figure:
    """The example deal and bid at five sets of inputs, and the example mine: largest difference."""
    if importlib.util.find_spec("formulas") is None or importlib.util.find_spec("openpyxl") is None:
        return Figure("the packages formulas and openpyxl are not installed", None, {})
    with tempfile.TemporaryDirectory() as folder:
        deal, site = _deal_misses(Path(folder)), _site_misses(Path(folder))
    worst = max(*deal, *site)
    numbers: dict[str, float | int | str] = {
        "deal_values_compared": len(deal),
        "site_values_compared": len(site),
        "largest_difference_usd": worst,
    }
    return Figure(f"{len(deal) + len(site)} values, largest difference {worst:.2g} USD", worst < CENT, numbers)


def _deal_misses(folder: Path) -> list[float]:
    deal, offer = deal_of(CORE_2024), offer_of(CORE_2024_BID)
    write_deal_workbook(value_deal(deal, offer, scenarios=200, seed=0), offer, folder / "deal.xlsx")
    book, company = Recomputed(folder / "deal.xlsx"), deal.as_company()
    if company is None:
        message = "the example describes its company"
        raise RuntimeError(message)
    wanted = [("Answer", "Value of a diluted share, USD")]
    wanted += [("Answer", f"{one.name}: value today if it is used, USD") for one in company.leases]
    out = []
    for changed in CHANGES:
        draw = company.likely() | changed
        leases = [float(one.lease(draw).value_usd(draw["discount_rate"])) for one in company.leases]
        ours = [float(company.usd_per_share(draw)), *leases]
        out += [abs(a - b) for a, b in zip(book.values(*wanted, **changed), ours, strict=True)]
    return out


def _site_misses(folder: Path) -> list[float]:
    one = invest(Site.from_text(example("texas-mine")), years=8, decide_years=2, paths=400, how=How("mean"))
    write_invest_workbook(one, folder / "invest.xlsx")
    book, mean, rate = Recomputed(folder / "invest.xlsx"), mean_path(one.scenarios), one.site.finance.discount_rate
    wanted, ours = [], []
    for fleet, (block, _) in one.fleets.items():
        wanted += [("Answer", f"{fleet}: sign today"), ("Answer", f"{fleet}: mine on, along the mean path")]
        rent = mean.lease_usd_per_kw_month[:, 0]
        ours += [float(lease_usd_per_mw(block, rent, rate)[0]), mined_usd(block, mean, rate)]
    for name, found in one.project.appraisals.items():
        wanted.append(("Answer", f"whole site, {name}: what the owner receives after tax and debt"))
        ours.append(found.equity_npv_usd.mean)
    return [abs(a - b) for a, b in zip(book.values(*wanted), ours, strict=True)]


BARS = (
    Bar(
        id="workbooks-recompute",
        sentence="The workbooks of a deal and of a site hold live formulas: an engine that shares no code with ours computes the same "
        "values, and the same again after inputs were changed.",
        target="each value to the cent",
        covers=(
            "src/megawatt/app/workbook.py",
            "src/megawatt/app/deal_workbook.py",
            "src/megawatt/app/deal_workbook_rows.py",
            "src/megawatt/app/invest_workbook.py",
            "tests/app/recomputing.py",
        ),
        measure=recomputed,
    ),
)
