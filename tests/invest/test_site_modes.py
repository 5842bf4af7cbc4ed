"""What a site should be from month to month: cases whose answer is known without learning."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.cash_flow import periodic_rate
from megawatt.invest.site_modes import RESTART_MONTHS, SIGN_TODAY, STOPPED_SHARE, WORN_OUT, ModeCash, site_modes
from megawatt.invest.switching import CONVERTING, HOST, MINE, STOP, fixed_value
from tests.invest.bank import drawn

PATHS, MONTHS, OPEX = 400, 24, 10.0
ASKED = drawn(1, PATHS, MONTHS)
RATE = 0.10
CLOSED = {"stand by": "no programme", "sell power": "nothing to sell"}


def cash(mine: Floats, *, lease: float = -1e4, idle: float = 0.0) -> ModeCash:
    flat = np.zeros((PATHS, MONTHS))
    return ModeCash(
        mine=mine,
        idle=flat + idle,
        host=flat + idle,
        stand_by=None,
        lease=flat + lease,
        staff=flat + OPEX,
        bought=flat,
        standing=flat + 1.0,
        restart_usd=RESTART_MONTHS * OPEX,
        cannot=CLOSED,
    )


def annuity(months: int = MONTHS) -> float:
    """Value today of one dollar at the end of each month."""
    return float(((1 + periodic_rate(RATE, 12)) ** -np.arange(1, months + 1)).sum())


def test_a_mine_that_always_pays_is_mined() -> None:
    found = site_modes(cash(np.full((PATHS, MONTHS), 100.0)), ASKED, rate=RATE, decide_months=12)
    assert found.rule.mean == pytest.approx(100 * annuity())
    assert found.foresight_usd == pytest.approx(100 * annuity())
    assert found.months_fraction["mine"] == 1
    assert found.changes == ()
    assert found.cannot == CLOSED
    assert set(found.fixed) == {"mine", "stop", SIGN_TODAY}


def test_a_mine_that_never_pays_its_staff_stops_in_the_first_month() -> None:
    found = site_modes(cash(np.full((PATHS, MONTHS), -OPEX)), ASKED, rate=RATE, decide_months=12)
    assert found.rule.mean == pytest.approx(-STOPPED_SHARE * OPEX * annuity())
    assert found.months_fraction["stop"] == 1


def test_a_lease_worth_more_than_mining_on_is_signed_today_and_no_later_than_allowed() -> None:
    mine = np.full((PATHS, MONTHS), 100.0)
    found = site_modes(cash(mine, lease=1e4), ASKED, rate=RATE, decide_months=12)
    assert found.fixed[SIGN_TODAY].mean == pytest.approx(1e4)
    assert found.rule.mean == pytest.approx(found.foresight_usd)
    option = cash(mine, lease=1e9).option(ASKED, rate=RATE, decide_months=12)
    assert np.isinf(option.rewards[:, 12:, CONVERTING]).all()
    assert (fixed_value(option, HOST) == -np.inf).all()


def test_a_mine_that_earns_by_the_hashprice_stops_and_starts_between_the_fixed_modes_and_foresight() -> None:
    """A year above and a year below the cost: stopping in between is worth the staff saved, less the start."""
    hashprice = np.where((np.arange(MONTHS) // 6) % 2 == 0, 60.0, 20.0) * np.exp(
        np.random.default_rng(1).normal(0, 0.02, (PATHS, MONTHS))
    )
    asked = replace(ASKED, network=replace(ASKED.network, hashprice_usd_per_ph_day=hashprice))
    earned = np.where(hashprice > 40, 100.0, -OPEX)
    found = site_modes(cash(earned), asked, rate=RATE, decide_months=12)
    best = max(one.mean for one in found.fixed.values())
    assert best < found.rule.mean <= found.foresight_usd + 1e-9
    saved = 6 * (1 - STOPPED_SHARE) * OPEX - RESTART_MONTHS * OPEX
    assert saved > 0
    assert found.rule.mean == pytest.approx(found.foresight_usd, rel=1e-3)
    change = next(one for one in found.changes if (one.begin, one.end) == ("mine", "stop"))
    assert change.hashprice[1] == pytest.approx(20.0, rel=0.02)
    assert "mine -> stop when hashprice is about 20 USD/PH/day" in change.words()
    assert change.fraction == 1


def test_months_without_machines_are_told_apart_from_a_mine_that_is_stopped() -> None:
    """Worn out after a year: from then on nothing is earned, paid or changed."""
    lives = np.arange(MONTHS) < 12
    one = cash(np.full((PATHS, MONTHS), 100.0) * lives)
    found = site_modes(
        replace(one, staff=one.staff * lives, standing=one.standing * lives), ASKED, rate=RATE, decide_months=12
    )
    assert found.months_fraction["mine"] == pytest.approx(0.5)
    assert found.months_fraction[WORN_OUT] == pytest.approx(0.5)
    assert found.changes == ()
    assert found.rule.mean == pytest.approx(100 * annuity(12))


def test_no_path_may_leave_a_hall_or_enter_a_closed_mode() -> None:
    option = cash(np.zeros((PATHS, MONTHS))).option(ASKED, rate=RATE, decide_months=12)
    assert np.isinf(option.cost[HOST, [MINE, STOP]]).all()
    assert np.isinf(option.cost[MINE, [3, 4]]).all()
    assert option.cost[STOP, MINE] == RESTART_MONTHS * OPEX


def test_leases_that_may_be_signed_to_the_end_are_refused() -> None:
    with pytest.raises(InputError, match="months to decide"):
        site_modes(cash(np.zeros((PATHS, MONTHS))), ASKED, rate=RATE, decide_months=MONTHS)
