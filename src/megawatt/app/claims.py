"""The article's claims from files to a verdict: binds the name of each claim's test to the package that can make it.

`megawatt.markets` brings the tests of prices and of arithmetic, `megawatt.mining` that of the halving. A test that no package
brings, or whose files are absent, is never replaced by a guess: its hypothesis stays untested and says what is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from megawatt.app.markets.files import COINS, SHARES, VARIABLE, data_folder, read_market_files
from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.units import ItMW
from megawatt.invest.contract_or_bid import contract_alone
from megawatt.invest.lease import Lease
from megawatt.markets.claim_data import parameter
from megawatt.markets.claim_tests import PRICE_TESTS, ClaimTest, bound_tests, run_tests
from megawatt.markets.claims import Claim, Finding, Judgement, Registry, Verdict, claim_verdict, judge, parse_registry
from megawatt.mining.hashprice import hashprice_of_span
from megawatt.sources.bitcoin import read_network_daily

NETWORK = Path("bitcoin/btc_network_daily.csv")
HALVING_TEST, DEAL_TEST = "mining.halving_revenue", "invest.deal_against_bid"


@dataclass(frozen=True, slots=True)
class ClaimsReport:
    """Every claim with the verdicts of its hypotheses.

    Attributes:
        registry: The claims as they were declared.
        judgements: Verdict of each hypothesis that was tested, by name.
        missing: What is missing for each of the others, by name.
        sources: Name and SHA-256 of each file read.
        notes: Gaps, ends and changes of name in the files.
    """

    registry: Registry
    judgements: Mapping[str, Judgement]
    missing: Mapping[str, str]
    sources: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    def verdict(self, claim: Claim) -> Verdict | None:
        """The weakest verdict of a claim's testable hypotheses; None while one of them is untested."""
        return claim_verdict(claim, self.judgements)

    def table(self) -> pd.DataFrame:
        """One row a hypothesis, for notebooks."""
        rows = []
        for claim in self.registry.claims:
            for one in claim.hypotheses:
                judged = self.judgements.get(one.name)
                placebo = judged.finding.placebo if judged else None
                rows.append(
                    {
                        "claim": claim.name,
                        "hypothesis": one.name,
                        "verdict": str(judged.verdict) if judged else "not tested",
                        "estimate": next(iter(judged.finding.estimates.values()), None) if judged else None,
                        "unit": judged.finding.unit if judged else "",
                        "p_adjusted": next(iter(judged.adjusted.values()), None) if judged else None,
                        "n": judged.finding.n if judged else 0,
                        "false_alarms": placebo.share if placebo else None,
                        "because": judged.because if judged else self.missing[one.name],
                    }
                )
        return pd.DataFrame(rows).set_index("hypothesis")


def article() -> Registry:
    """The shipped registry."""
    return parse_registry(files("megawatt.markets").joinpath("article.toml").read_text(encoding="utf-8"))


def run_claims(folder: Path | None = None, registry: Registry | None = None) -> ClaimsReport:
    """Test every claim for which there are files.

    Args:
        folder: Folder of the files; default ``$MEGAWATT_DATA``; without one, claims that need no data are judged alone.
        registry: The claims; default the article's.

    Raises:
        InputError: A folder or file that is there is wrong.
    """
    registry = registry or article()
    folder = data_folder(folder)
    sources: list[tuple[str, str]] = []
    notes: tuple[str, ...] = ()
    data = None
    if folder is not None:
        market = read_market_files(folder)
        data, notes = market.data, market.notes
        sources += market.sources
    tests: dict[str, ClaimTest] = bound_tests(data)
    if folder is not None and (folder / NETWORK).exists():
        network = read_network_daily(folder / NETWORK)
        tests[HALVING_TEST] = partial(halving_revenue, network)
        sources.append((NETWORK.name, network["btc/price"].provenance.sha256))
    tests[DEAL_TEST] = deal_against_bid
    missing = {name: _missing(one.test) for name, one in registry.hypotheses().items() if one.test not in tests}
    judgements = judge(registry, run_tests(registry, tests))
    return ClaimsReport(registry, judgements, missing, tuple(sources), notes)


def halving_revenue(network: Dataset, parameters: Mapping[str, Any], _rng: np.random.Generator) -> Finding:
    """Hashprice of the days after against that of the days before: sum of revenue over sum of work.

    Parameters: before, after (first days), days.
    """
    days = parameter(parameters, "days", int)
    before, after = (_hashprice(network, parameter(parameters, key, str), days) for key in ("before", "after"))
    fell = after < before
    note = f"{before:.1f} USD/PH/day in the {days} days from {parameters['before']}, {after:.1f} from {parameters['after']}"
    p = 0.0 if fell else 1.0
    return Finding(
        {"exact": after / before - 1},
        {"exact": p},
        {"exact": 1 - p},
        "change of revenue per PH/s and day [fraction]",
        "sum of revenue over sum of work, two weeks, the halving day in neither",
        2 * days,
        notes=(note,),
        data_sha256=network["btc/price"].provenance.sha256,
    )


def deal_against_bid(parameters: Mapping[str, Any], _rng: np.random.Generator) -> Finding:
    """Contract alone against the bid for the whole company, over a range of discount rates: labelled arithmetic.

    Year-end flows of net operating income, no delay, no default. A company holds more than one contract and owes more
    than nothing: `megawatt deal` compares per diluted share.

    Parameters: rates, critical_it_mw, years, revenue_usd_per_year, noi_margin, bid_usd.
    """
    it, years = parameter(parameters, "critical_it_mw", float), parameter(parameters, "years", float)
    revenue, bid = parameter(parameters, "revenue_usd_per_year", float), parameter(parameters, "bid_usd", float)
    lease = Lease(
        it=ItMW(it),
        years=years,
        rent_usd_per_it_mw_year=revenue / it,
        noi_margin=parameter(parameters, "noi_margin", float),
    )
    rates = parameter(parameters, "rates", list)
    found = {f"{rate:.0%}": contract_alone(lease, bid, rate=float(rate)) for rate in rates}
    over = {name: one.value_usd / bid - 1 for name, one in found.items()}
    even = next(iter(found.values())).even_rate
    values = ", ".join(f"{one.value_usd / 1e6:,.0f} M USD at {name}" for name, one in found.items())
    return Finding(
        over,
        {name: float(share <= 0) for name, share in over.items()},
        {name: float(share > 0) for name, share in over.items()},
        "value of the contract over the bid, less one [fraction]",
        "present value of the contract's operating income, year-end, without delay or default",
        1,
        notes=(
            f"{values}, against {bid / 1e6:,.0f} M USD; equal at {even:.1%}" if even is not None else values,
            "contract alone: what the company earns besides, owes and must build stands in megawatt deal",
        ),
    )


def _hashprice(network: Dataset, first: str, days: int) -> float:
    """Revenue over work of some UTC days [USD/PH/day]."""
    price, hashrate = network["btc/price"], network["btc/hashrate"]
    start = int((np.datetime64(first, "s") - price.grid.start) / np.timedelta64(86_400, "s"))
    rows = slice(start, start + days)
    coins = network["btc/issuance"].values[rows] + network["btc/fees_total"].values[rows]
    revenue, work = coins * price.values[rows], hashrate.values[rows] / 1e3
    if start < 0 or revenue.size < days or not np.isfinite(revenue * work).all():
        raise InputError(
            f"a day from {first} on is missing",
            f"{days} days are compared whole",
            "Add the days to the file.",
            NETWORK.name,
        )
    return hashprice_of_span(revenue_usd=revenue, hashrate_ph_s=work)


def _missing(test: str) -> str:
    """What would have to be there for a test to be made."""
    if test in PRICE_TESTS:
        return f"prices: {COINS} and {SHARES} in the folder of --data or ${VARIABLE}"
    if test == HALVING_TEST:
        return f"network data: {NETWORK} in the folder of --data or ${VARIABLE}"
    package = test.partition(".")[0]
    return f"the test {test!r} of megawatt.{package}, which this version does not have"
