"""Charts: what they show is read from their specification, not from pixels."""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from megawatt.app.chart_rows import (
    STATES,
    break_even_rows,
    buyer_rows,
    duration_rows,
    extreme_days,
    heat_cells,
    state_shares,
)
from megawatt.app.decision import Decision
from megawatt.app.figures import FIGURES
from tests.app import decisions

CASES = [decisions.mine, decisions.mine_without_block, decisions.mine_in_a_storm, decisions.hybrid]
UNITS = {
    "buyers": "USD per MW-year",
    "heat": "share of the site's MW",
    "duration": "USD/MWh",
    "days": "thousand USD",
    "sensitivity": "thousand USD per MW-year",
}


@pytest.mark.parametrize(("case", "width"), [*((case, 880) for case in CASES), (decisions.hybrid, 340)])
@pytest.mark.parametrize("name", FIGURES)
def test_every_chart_is_valid_and_has_a_title_with_its_unit(
    case: Callable[[], Decision], name: str, width: int
) -> None:
    spec = FIGURES[name](case(), width).to_dict()  # validates against the schema of Vega-Lite
    title = spec["title"]
    assert UNITS[name] in (title if isinstance(title, str) else json.dumps(title))


@pytest.mark.parametrize("case", CASES)
def test_the_pieces_of_every_bar_add_up_to_its_net(case: Callable[[], Decision]) -> None:
    decision = case()
    rows = buyer_rows(decision)
    sums = (rows["end"] - rows["start"]).groupby(rows["policy"]).sum()
    nets = rows.groupby("policy")["net"].first()
    pd.testing.assert_series_equal(sums, nets, check_names=False)
    table = decision.policies()
    assert sorted(nets) == pytest.approx(sorted(table["usd_per_mw_year"] / 1e3))


def test_the_conversion_is_labelled_and_stands_last_after_the_bound() -> None:
    policies = list(dict.fromkeys(buyer_rows(decisions.mine())["policy"]))
    assert policies[-2:] == ["perfect foresight (a bound)", "all-hosting (needs capex, before capital)"]


@pytest.mark.parametrize("case", CASES)
def test_every_covered_interval_s_megawatts_are_shared_out_whole(case: Callable[[], Decision]) -> None:
    shares = state_shares(case())
    assert (shares.to_numpy() >= -1e-9).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-6)
    assert len(shares) == case().case.covered.sum()


def test_a_day_of_23_hours_has_an_empty_cell_and_a_missing_hour_too() -> None:
    def drawn(decision: Decision, day: str) -> set[int]:
        cells = heat_cells(decision)
        cells = cells[(cells["day"] == f"{day}T00:00:00Z") & (cells["state"] == "mining")]
        return {hour for first, end in zip(cells["hour"], cells["end"], strict=True) for hour in range(first, end)}

    assert drawn(decisions.mine(), "2024-03-09") == set(range(24))
    assert drawn(decisions.mine(), "2024-03-10") == set(range(24)) - {2}


def test_cells_never_overlap() -> None:
    cells = heat_cells(decisions.mine_in_a_storm())
    assert set(cells["state"]) <= set(STATES)
    for _, rows in cells.groupby(["state", "day"]):
        assert (rows["hour"].to_numpy()[1:] >= rows["end"].to_numpy()[:-1]).all()


def test_a_cell_says_its_local_hours_with_utc_beside() -> None:
    first = heat_cells(decisions.mine()).iloc[0]
    assert first["text"].startswith("2024-03-04 00:00–24:00 local (06:00–06:00 UTC): mining ")


def test_negative_prices_and_spikes_stay_in_the_curve_and_are_said_where_they_are_not_drawn() -> None:
    decision = decisions.mine_in_a_storm()
    rows = duration_rows(decision)
    assert rows["price"].max() == pytest.approx(4003.0)
    assert rows["price"].min() == pytest.approx(-297.0)
    assert (np.diff(rows["price"]) <= 1e-9).all()
    title = json.dumps(FIGURES["duration"](decision).to_dict()["title"])
    assert "up to 4,000" in title


def test_break_evens_are_those_of_the_decision() -> None:
    decision = decisions.mine()
    rows = break_even_rows(decision).set_index("fleet")["mean"].to_dict()
    assert rows == decision.break_evens_usd_per_mwh


def test_the_worst_day_is_worse_than_the_best_and_no_day_is_both() -> None:
    worst, best = extreme_days(decisions.mine())
    assert worst["net_usd"].max() <= best["net_usd"].min()
    assert not set(worst["day"]) & set(best["day"])
    assert len(worst) == len(best) == 3


def test_a_single_day_has_neither_worst_nor_best() -> None:
    worst, best = extreme_days(decisions.hybrid())
    assert worst.empty
    assert best.empty
