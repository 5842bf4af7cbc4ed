"""Two kinds of megawatt that never meet."""

import operator
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import UnitError
from megawatt.core.units import GrossMW, ItMW, Unit


@pytest.mark.parametrize("verb", [operator.add, operator.sub])
@pytest.mark.parametrize(
    ("left", "right"), [(GrossMW(100), ItMW(70)), (ItMW(70), GrossMW(100)), (GrossMW(100), 5.0), (ItMW(70), None)]
)
def test_gross_and_it_megawatts_do_not_add(
    verb: Callable[[object, object], object], left: object, right: object
) -> None:
    with pytest.raises(UnitError, match="Convert first"):
        verb(left, right)


def test_gross_and_it_megawatts_do_not_compare() -> None:
    with pytest.raises(TypeError, match="not supported between"):
        assert GrossMW(1) < ItMW(2)  # type: ignore[operator]
    kinds: set[object] = {GrossMW(1), ItMW(1)}
    assert len(kinds) == 2


def test_equal_kinds_add_scale_and_compare() -> None:
    assert ItMW(20) + ItMW(50) == ItMW(70)
    assert GrossMW(100) - GrossMW(30) == GrossMW(70)
    assert ItMW(20) * 2 == ItMW(40)
    assert ItMW(20) < ItMW(21)
    assert type(ItMW(20) + ItMW(50)) is ItMW


def test_seventy_it_of_a_hundred_gross_is_a_pue_of_ten_sevenths() -> None:
    assert ItMW(70).gross(10 / 7).mw == pytest.approx(100)
    assert GrossMW(100).it(10 / 7).mw == pytest.approx(70)
    assert str(ItMW(70)) == "70 critical IT MW"
    assert str(GrossMW(62.5)) == "62.5 gross MW"


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 1e4), st.floats(1, 3))
def test_there_and_back_is_where_we_were(mw: float, pue: float) -> None:
    assert ItMW(mw).gross(pue).it(pue).mw == pytest.approx(mw, rel=1e-12)


@pytest.mark.parametrize("pue", [0.99, 0.0, -1.25, float("nan")])
def test_a_pue_below_one_is_refused(pue: float) -> None:
    for convert in (ItMW(1).gross, GrossMW(1).it):
        with pytest.raises(UnitError, match="at least 1"):
            convert(pue)


def test_a_unit_reads_as_people_write_it() -> None:
    assert Unit("USD/PH/day") is Unit.USD_PER_PH_DAY
    assert f"{Unit.USD_PER_MW_H}" == "USD/MW per h"
    with pytest.raises(ValueError, match="kWh"):
        Unit("kWh")
