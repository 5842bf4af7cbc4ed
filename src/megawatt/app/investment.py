"""``megawatt invest``: for each fleet of a site, when its megawatts should be turned over to AI, if ever."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from megawatt.app.data import data_for
from megawatt.app.dispatched_site import MEAN, DispatchedSite, How, dispatch_answer, dispatched, halls_of
from megawatt.app.scenario_runs import bank_means, power_years
from megawatt.app.site_cash import mode_cash, modes_answer
from megawatt.app.site_project import BUILD_MONTHS, SiteProject, project_answer, site_project
from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.dispatch.case import price_name
from megawatt.invest.alternatives import ASSUMED, HAZARD, LATE
from megawatt.invest.conversion import Block, Conversion, conversion
from megawatt.invest.market_paths import LEASE
from megawatt.invest.network_model import NetworkState
from megawatt.invest.project import statement
from megawatt.invest.scenarios import MONTHS, ScenarioModel, Scenarios, simulate
from megawatt.invest.site_modes import SiteModes, site_modes
from megawatt.invest.site_steps import steps_of
from megawatt.mining.difficulty import BLOCK_SECONDS
from megawatt.mining.hashprice import HASHES_PER_DIFFICULTY
from megawatt.site.fleet import Fleet
from megawatt.site.read import Site

SCHEMA = "megawatt/invest/2"
USUAL_C = 20.0
_HALVING_2024 = 840_000, np.datetime64("2024-04-20T00:09:27", "s")
"""Height and header time of the fourth halving, from which a height is counted at 144 blocks a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Investment:
    """The answer for a site.

    Attributes:
        site: The site.
        state: The network on the first day.
        scenarios: The joint paths.
        modelled_power: Whether the bank of power prices is modelled.
        bank_years: Years in it.
        fleets: Block and answer by fleet.
        project: The whole site's monthly cash flow under each alternative, on the scenarios that judged.
        dispatch: Its dispatch in the scenarios; None where mining is valued at monthly means.
        modes: What the whole site should be from month to month.
    """

    site: Site
    state: NetworkState
    scenarios: Scenarios
    modelled_power: bool
    bank_years: int
    fleets: dict[str, tuple[Block, Conversion]]
    project: SiteProject
    dispatch: DispatchedSite | None
    modes: SiteModes

    def table(self) -> pd.DataFrame:
        """Every rule of every fleet, USD today per critical IT MW: mean and range."""
        rows = [
            {"fleet": fleet, "rule": rule, **asdict(spread)}
            for fleet, (_, found) in self.fleets.items()
            for rule, spread in (
                ("learned policy", found.policy_usd),
                ("sign today", found.now_usd),
                ("mine on", found.never_usd),
            )
        ]
        return pd.DataFrame(rows)

    def alternatives(self) -> pd.DataFrame:
        """The whole site under each alternative, USD today after tax: mean and range."""
        rows = [{"alternative": name, **asdict(one.npv_usd)} for name, one in self.project.appraisals.items()]
        return pd.DataFrame(rows)

    def statement(self, alternative: str) -> pd.DataFrame:
        """Mean monthly lines of an alternative; they add up to the last column [USD]."""
        return statement(self.project.projects[alternative])

    def _repr_html_(self) -> str:
        """Alternatives and rules, for a notebook."""
        return f"{self.alternatives().to_html(index=False)}{self.table().to_html(index=False)}"


def invest(
    site: Site,
    data: Dataset | None = None,
    *,
    years: int = 18,
    decide_years: int = 5,
    paths: int = 4_000,
    seed: int = 0,
    how: How | None = None,
) -> Investment:
    """Answer when to convert each own fleet of a site.

    Args:
        site: With ``[finance]``: discount rate, price and life of machines and halls, running costs.
        data: Its series; by default what its ``[data]`` table names.
        years: Length of the scenarios; by default five years to decide, one to build, twelve of lease.
        decide_years: Years in which a lease may be signed.
        paths: Number of scenarios.
        seed: Same seed, same answer.
        how: How mining is dispatched, and by whom; by default typical, in this process.

    Raises:
        InputError: The site has no machines of its own, or no power prices of a whole year.
    """
    own = _own(site)
    chosen, how = data_for(site) if data is None else data, how or How()
    end = site.grid().end
    bank = power_years(site, chosen)
    model = ScenarioModel(state=network_state(chosen, end), power_bank_usd_per_mwh=bank_means(site, bank))
    scenarios = simulate(model, str(end)[:7], years * MONTHS, seed=seed, paths=paths, workers=how.workers)
    rate, decide_months = site.finance.discount_rate, decide_years * MONTHS
    blocks = {one.name: block_of(site, one, end) for one in own}
    fleets = {
        name: (block, conversion(block, scenarios, rate=rate, decide_months=decide_months))
        for name, block in blocks.items()
    }
    real = None if how.dispatch == MEAN else dispatched(site, blocks, bank, scenarios, how)
    cannot = (real.steps if real else steps_of(site, halls_of(site, blocks))).cannot
    cash = mode_cash(site, blocks, scenarios, cannot, real)
    return Investment(
        site=site,
        state=model.state,
        scenarios=scenarios,
        modelled_power=bank[0].data[price_name(site)].provenance.modelled,
        bank_years=len(bank),
        fleets=fleets,
        project=site_project(
            site,
            fleets,
            scenarios,
            seed=seed,
            cannot=cannot,
            operate=(lambda name, _, __, asked: real.read.mine(name, asked)) if real else None,
            operate_hall=real.read.hall if real else None,
        ),
        dispatch=real,
        modes=site_modes(cash, scenarios, rate=rate, decide_months=decide_months),
    )


def _own(site: Site) -> list[Fleet]:
    own = [one for one in site.fleets if one.owner == "own"]
    if not own:
        raise InputError(
            f"{site.connection.name!r} has no machines of its own",
            "a conversion gives up a mine",
            "Add a [[fleet]], or value the contract with megawatt deal.",
            site.place,
        )
    return own


def network_state(data: Dataset, at: np.datetime64) -> NetworkState:
    """The network as known at an instant; the height is counted from the halving of 2024 at 144 blocks a day."""
    price, difficulty, fees = (
        float(data[f"btc/{part}"].last_known(np.array([at]))[0]) for part in ("price", "difficulty", "fees")
    )
    if not math.isfinite(price + difficulty + fees):
        raise InputError(
            f"the network is not known at {at}Z",
            "scenarios begin where the period ends",
            "End [period] inside the data.",
        )
    height, halving = _HALVING_2024
    blocks = int((at - halving).astype("timedelta64[s]").astype(np.int64)) // BLOCK_SECONDS
    return NetworkState(
        price_usd=price,
        difficulty=difficulty,
        height=height + blocks,
        hashrate_eh_s=difficulty * HASHES_PER_DIFFICULTY / BLOCK_SECONDS / 1e18,
        fees_btc_per_block=fees,
    )


def block_of(site: Site, fleet: Fleet, at: np.datetime64) -> Block:
    """One IT MW of hall in the place of a fleet's machines, with the costs of ``[finance]``; machines of no date are new."""
    finance = site.finance
    age = (at - np.datetime64(fleet.installed or str(at)[:10], "s")) / np.timedelta64(1, "D") / 365.25
    efficiency = fleet.power_w / fleet.hashrate_th_s
    mine, hall = (float(at(USUAL_C)) for at in (site.pue.mining_at, site.pue.hall_at))
    return Block(
        efficiency_j_per_th=efficiency,
        capex_usd_per_mw=finance.hall_capex_usd_per_it_mw,
        degradation_per_year=fleet.degradation_per_year,
        age_years=max(float(age), 0.0),
        machine_life_years=finance.mining_life_years or 50.0,
        machine_usd_per_mw=(finance.mining_capex_usd_per_th or 0.0) * 1e6 / efficiency,
        mining_opex_usd_per_mw_year=finance.mining_opex_usd_per_mw_year or 0.0,
        pool_fee_fraction=fleet.pool_fee_fraction,
        pue=mine,
        adder_usd_per_mwh=site.connection.price_adder_usd_per_mwh,
        mining_mw=hall / mine,
        lease_years=finance.hall_life_years,
        noi_margin=max(1 - finance.hall_opex_usd_per_it_mw_year / (LEASE.today * 12_000), 0.0),
        build_months=BUILD_MONTHS + round(ASSUMED[LATE].likely),
        hazard_per_year=ASSUMED[HAZARD].likely,
    )


def answer(one: Investment) -> dict[str, Any]:
    """The answer for programs: money in USD per critical IT MW of hall, a range as low, median, high, mean."""
    months = one.scenarios.power_usd_per_mwh.shape[1]
    return {
        "schema": SCHEMA,
        "site": one.site.connection.name,
        "first_month": one.scenarios.first_month,
        "months": months,
        "scenarios": len(one.scenarios.power_usd_per_mwh),
        "power_modelled": one.modelled_power,
        "power_years": one.bank_years,
        "hashprice_usd_per_ph_day": one.state.hashprice_usd_per_ph_day,
        "fleets": [
            {
                "name": name,
                "policy_usd_per_it_mw": asdict(found.policy_usd),
                "policy_standard_error_usd": found.policy_error_usd,
                "foresight_usd_per_it_mw": found.foresight_usd,
                "now_usd_per_it_mw": asdict(found.now_usd),
                "never_usd_per_it_mw": asdict(found.never_usd),
                "option_usd_per_it_mw": found.option_usd,
                "converted_fraction": found.converted_fraction,
                "months_waited": asdict(found.months_waited) if found.months_waited else None,
                "trigger": found.trigger,
            }
            for name, (_, found) in one.fleets.items()
        ],
        "project": project_answer(one.project),
        "dispatch": dispatch_answer(one.dispatch),
        "modes": modes_answer(one.modes),
    }
