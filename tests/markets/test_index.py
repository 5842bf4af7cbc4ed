"""The index moves with prices and with nothing else, and never knows what was not known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.index import Index, Rebalancing, Rules, run_index
from megawatt.markets.prices import Calendar, Closes
from megawatt.markets.universe import Kind, Record, Universe
from megawatt.markets.weights import Weighting, capped, weights

DAY0 = "2024-05-01"


def closes(**columns: list[float]) -> Closes:
    usd = np.array(list(columns.values())).T
    days = np.datetime64(DAY0, "D") + np.arange(len(usd))
    return Closes(tuple(columns), days, usd, Calendar.EVERY_DAY)


def listed(*names: str, units: float | None = 100.0) -> list[Record]:
    return [Record(Kind.LIST, name, DAY0, value=units) for name in names]


def level(table: Closes, records: list[Record], rules: Rules | None = None) -> Floats:
    return run_index(table, Universe.of(records), rules or Rules()).level


def test_a_value_weighted_index_is_the_growth_of_the_total_value() -> None:
    table = closes(A=[1.0, 2.0, 2.0], B=[10.0, 10.0, 5.0])
    records = [Record(Kind.LIST, "A", DAY0, value=100.0), Record(Kind.LIST, "B", DAY0, value=10.0)]
    assert level(table, records) == pytest.approx([1000, 1500, 1250])


def test_the_supply_revision_of_fet_on_4_may_2024_does_not_move_the_index() -> None:
    # Estimated market value 2,268.7 M -> 5,447.1 M USD in a day, +140.1 %, without such a price move.
    factor = 5447.1 / 2268.7
    table = closes(FET=[2.1, 2.1, 2.1, 2.1, 2.1], NEAR=[7.0] * 5)
    records = [*listed("FET", "NEAR"), Record(Kind.SUPPLY, "FET", "2024-05-04", value=100.0 * factor)]
    for weighting in Weighting:
        rules = Rules(weighting=weighting, largest=0.9)
        assert level(table, records, rules) == pytest.approx([1000.0] * 5, abs=1e-9)
    run = run_index(table, Universe.of(records), Rules())
    assert any("FET: units outstanding +140.1% on 2024-05-04" in note for note in run.notes)


def test_two_legs_merged_at_the_announced_ratios_leave_the_index_continuous() -> None:
    fet = 1.3
    table = closes(
        FET=[fet] * 4,
        OCEAN=[fet * 0.433226] * 2 + [np.nan] * 2,
        AGIX=[fet * 0.433350] * 2 + [np.nan] * 2,
        BTC=[60.0] * 4,
    )
    records = [
        *listed("FET", "OCEAN", "AGIX", "BTC"),
        Record(Kind.MERGE, "OCEAN", "2024-05-03", value=0.433226, into="FET"),
        Record(Kind.MERGE, "AGIX", "2024-05-03", value=0.433350, into="FET"),
    ]
    for weighting in Weighting:
        run = level(table, records, Rules(weighting=weighting, largest=0.9))
        assert np.abs(run / 1000 - 1).max() < 1e-9
    assert Universe.of(records).members("2024-05-03")["FET"] == pytest.approx(100 * (1 + 0.433226 + 0.433350))


def test_a_merger_above_the_market_price_is_a_return() -> None:
    table = closes(A=[2.0, 2.0], LEG=[1.0, np.nan])
    records = [*listed("A", "LEG"), Record(Kind.MERGE, "LEG", "2024-05-02", value=1.0, into="A")]
    assert level(table, records) == pytest.approx([1000, 1000 * 400 / 300])


def test_a_renamed_ticker_carries_on() -> None:
    table = closes(RNDR=[6.0, 6.6, np.nan, np.nan], RENDER=[np.nan, np.nan, 6.6, 7.26])
    records = [*listed("RNDR"), Record(Kind.RENAME, "RNDR", "2024-05-03", into="RENDER")]
    assert level(table, records) == pytest.approx([1000, 1100, 1100, 1210])


def test_a_worthless_delisting_is_a_loss_of_its_weight() -> None:
    table = closes(A=[1.0, 1.0, 1.0], DEAD=[1.0, 1.0, np.nan])
    records = [*listed("A", "DEAD"), Record(Kind.DELIST, "DEAD", "2024-05-03", value=-1.0)]
    assert level(table, records, Rules(weighting=Weighting.EQUAL)) == pytest.approx([1000, 1000, 500])


def test_an_equal_weighted_index_without_delisting_returns_is_refused() -> None:
    table = closes(A=[1.0, 1.0, 1.0], DEAD=[1.0, 1.0, np.nan])
    records = [*listed("A", "DEAD"), Record(Kind.DELIST, "DEAD", "2024-05-03")]
    with pytest.raises(InputError, match=r"DEAD on 2024-05-03, but an equal-weighted index .* is refused.*62\.19 %"):
        level(table, records, Rules(weighting=Weighting.EQUAL))
    assert any("0.93 %" in note for note in run_index(table, Universe.of(records), Rules()).notes)


def test_closes_that_end_without_a_record_are_refused_for_every_weighting() -> None:
    table = closes(A=[1.0, 1.0, 1.0], GONE=[1.0, 1.0, np.nan])
    with pytest.raises(InputError, match=r"the closes of GONE end .* no record says why"):
        level(table, listed("A", "GONE"))


def test_a_gap_without_a_halt_is_refused_and_with_one_is_noted() -> None:
    table = closes(A=[1.0, 1.0, 1.0], TAO=[4.0, np.nan, 4.4])
    with pytest.raises(InputError, match="TAO has no close on 2024-05-02"):
        level(table, listed("A", "TAO"))
    halted = [Record(Kind.HALT, "TAO", "2024-05-02"), Record(Kind.RESUME, "TAO", "2024-05-03")]
    run = run_index(table, Universe.of([*listed("A", "TAO"), *halted]), Rules())
    assert run.level == pytest.approx([1000, 1000, 1000 * 540 / 500])
    assert any("TAO: halt from 2024-05-02" in note for note in run.notes)


def long_table(days: int = 70) -> Closes:
    rng = np.random.default_rng(4)
    usd = np.exp(np.cumsum(0.05 * rng.standard_normal((days, 4)), axis=0))
    return Closes(("A", "B", "C", "D"), np.datetime64(DAY0, "D") + np.arange(days), usd, Calendar.EVERY_DAY)


@pytest.mark.parametrize("weighting", Weighting)
def test_rebalancing_itself_moves_nothing(weighting: Weighting) -> None:
    """Recomputed from the weights held: each day's growth is the weighted growth of the prices."""
    table = long_table()
    rules = Rules(weighting=weighting, largest=0.4, lag_days=0)
    run = run_index(table, Universe.of(listed(*table.names)), rules)
    growth = table.usd[1:] / table.usd[:-1]
    baskets = dict(run.baskets)
    held = np.array([run.baskets[0][1][name] for name in table.names])
    expected = [1000.0]
    for t, row in enumerate(growth):
        expected.append(expected[-1] * float(held @ row))
        held = held * row / float(held @ row)
        if table.days[t + 1] in baskets:
            held = np.array([baskets[table.days[t + 1]].get(name, 0.0) for name in table.names])
    assert run.level == pytest.approx(expected, rel=1e-10)
    assert len(run.baskets) == 3


def test_a_revision_counts_from_the_day_it_was_known_and_never_restates_the_past() -> None:
    table = long_table()
    revision = Record(Kind.SUPPLY, "A", "2024-05-10", known_from="2024-06-20", value=900.0)
    universe = Universe.of([*listed(*table.names), revision])
    plain = level(table, listed(*table.names))
    revised = run_index(table, universe, Rules()).level
    known = int(np.flatnonzero(table.days == np.datetime64("2024-06-20"))[0])
    assert revised[: known + 1] == pytest.approx(plain[: known + 1])
    assert abs(revised[-1] / plain[-1] - 1) > 1e-6
    assert universe.members("2024-06-19")["A"] == 100.0
    assert universe.members("2024-06-20")["A"] == 900.0
    assert universe.as_known("2024-06-19").records == universe.records[:4]


@settings(deadline=None, max_examples=25)
@given(st.integers(10, 69), st.sampled_from(Weighting), st.sampled_from(Rebalancing))
def test_later_prices_never_change_an_earlier_level(cut: int, weighting: Weighting, rebalancing: Rebalancing) -> None:
    table = long_table()
    rules = Rules(weighting=weighting, rebalancing=rebalancing, largest=0.5, members=3, buffer=1)
    universe = Universe.of(listed(*table.names))
    short = Closes(table.names, table.days[:cut], table.usd[:cut], table.calendar)
    assert (run_index(short, universe, rules).level == run_index(table, universe, rules).level[:cut]).all()


def test_what_takes_effect_on_the_first_was_decided_five_rows_before() -> None:
    table = long_table()
    rules = Rules(weighting=Weighting.EQUAL, lag_days=5)
    before = run_index(table, Universe.of(listed(*table.names)), rules)
    first = int(np.flatnonzero(table.days == np.datetime64("2024-06-01"))[0])
    usd = table.usd.copy()
    usd[first - 4 : first + 1, 0] *= 3.0
    jumped = Closes(table.names, table.days, usd, table.calendar)
    after = run_index(jumped, Universe.of(listed(*table.names)), rules)

    def units(run: Index, prices: Floats) -> Floats:
        held = np.array([run.baskets[1][1][name] for name in table.names]) / prices[first]
        return np.asarray(held / held[1])

    assert units(before, table.usd) == pytest.approx(units(after, usd))


def test_the_buffer_keeps_a_member_that_falls_one_rank_and_drops_one_that_falls_two() -> None:
    def basket(falls_to: float) -> set[str]:
        steady = [[value] * 40 for value in (9.0, 8.0, 6.0, 5.0)]
        falling = [7.0] * 20 + [falls_to] * 20
        table = closes(A=steady[0], B=steady[1], F=falling, C=steady[2], D=steady[3])
        rules = Rules(members=3, buffer=1)
        return set(run_index(table, Universe.of(listed(*table.names)), rules).baskets[1][1])

    assert basket(5.5) == {"A", "B", "F"}
    assert basket(4.0) == {"A", "B", "C"}


@settings(deadline=None, max_examples=80)
@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=12), st.floats(0.0, 1.0))
def test_capped_weights_sum_to_one_and_keep_order_and_cap(values: list[float], slack: float) -> None:
    share = weights(np.array(values), Weighting.CAP)
    largest = 1 / share.size + slack * (1 - 1 / share.size)
    out = capped(share, largest)
    assert out.sum() == pytest.approx(1)
    assert out.max() <= largest + 1e-9
    assert (np.diff(out[np.argsort(share, kind="stable")]) >= -1e-12).all()


def test_a_cap_that_so_few_members_cannot_meet_is_refused() -> None:
    with pytest.raises(InputError, match=r"Raise the cap to at least 0\.5"):
        capped(np.array([0.9, 0.1]), 0.3)


@pytest.mark.parametrize(
    "records",
    [
        [Record(Kind.SUPPLY, "A", DAY0, value=1.0)],
        [*listed("A"), *listed("A")],
        [*listed("A"), Record(Kind.DELIST, "A", "2024-05-02"), Record(Kind.SUPPLY, "A", "2024-05-03", value=1.0)],
        [*listed("A"), Record(Kind.MERGE, "A", "2024-05-02", value=1.0, into="B")],
    ],
)
def test_a_universe_that_contradicts_itself_is_refused(records: list[Record]) -> None:
    with pytest.raises(InputError):
        Universe.of(records)


@pytest.mark.parametrize("value", [0.0, -1.0, None, float("nan")])
def test_a_supply_that_is_no_number_of_units_is_refused(value: float | None) -> None:
    with pytest.raises(InputError, match="supply of FET on 2024-05-04"):
        Record(Kind.SUPPLY, "FET", "2024-05-04", value=value)
