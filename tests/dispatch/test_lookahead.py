"""No rule sees what is not known: spoiling the future moves no decision before it."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.app.data import data_for
from megawatt.core.dataset import Dataset
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.policies import ALWAYS_ON, THRESHOLD, rules_for
from megawatt.site.examples import example
from megawatt.site.read import Site
from tests.dispatch.lookahead import closest, decisions, moved, spoilt, spoilt_case

SUMMER = example("texas-mine").replace("start = 2024-01-01", "start = 2024-06-20").replace("2025-01-01", "2024-08-10")


@pytest.fixture(scope="module")
def case() -> Case:
    """Seven weeks that hold two month borders, a demand peak month and a retarget."""
    site = Site.from_text(SUMMER)
    return case_of(site, data_for(site))


@pytest.mark.parametrize("seed", range(4))
def test_spoiling_what_is_not_known_yet_moves_no_decision_at_or_before(case: Case, seed: int) -> None:
    rng = np.random.default_rng(seed)
    at = case.problem.grid.starts[int(rng.integers(case.problem.T))]
    other = spoilt_case(case, at, rng)
    assert {rule.name: moved(case, rule, other, at) for rule in rules_for(case)} == {
        rule.name: 0 for rule in rules_for(case)
    }


@pytest.mark.parametrize("nth", range(4))
def test_not_even_where_the_least_thing_would_turn_it(case: Case, nth: int) -> None:
    """Where the last known price is all but the break-even: the temperature of the coming hour, say, would decide."""
    at = case.problem.grid.starts[int(closest(case)[nth])]
    other = spoilt_case(case, at, np.random.default_rng(nth))
    assert sum(moved(case, rule, other, at) for rule in rules_for(case)) == 0


def test_the_test_itself_has_teeth(case: Case) -> None:
    """Spoilt data do move what comes after, for a rule that looks at data at all."""
    rng, at = np.random.default_rng(1), case.problem.grid.starts[2000]
    other = spoilt_case(case, at, rng)
    later = case.problem.grid.starts > at
    assert (decisions(case, THRESHOLD) != decisions(other, THRESHOLD))[:, later].any()
    assert not (decisions(case, ALWAYS_ON) != decisions(other, ALWAYS_ON)).any()


def test_prices_said_to_be_known_a_day_early_are_caught(case: Case) -> None:
    """The same prices with a false stamp: a decision then follows a price that is really not known."""
    name = f"price_rt/{case.site.connection.load_settlement_point}"
    true = case.data[name]
    early = replace(true, known_at=true.known_at - np.timedelta64(86_400, "s"))
    peeking = case_of(case.site, Dataset([s for s in case.data.values() if s.name != name] + [early]))
    at = case.problem.grid.starts[2000]
    honest = spoilt(case.data, at, np.random.default_rng(1))
    wrong = replace(early, values=honest[name].values)
    other = case_of(case.site, Dataset([s for s in case.data.values() if s.name != name] + [wrong]))
    assert moved(peeking, THRESHOLD, other, at) > 0
