import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from megawatt.core.errors import InputError
from megawatt.markets.multiplicity import Correction, Family, adjusted

THROMBOLYSIS = np.array(
    [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
)
"""The 15 p-values of Benjamini and Hochberg (1995), section 3.2."""


@pytest.mark.parametrize(
    ("correction", "rejections"),
    [
        (Correction.BONFERRONI, 3),
        (Correction.HOLM, 3),
        (Correction.HOCHBERG, 3),
        (Correction.BENJAMINI_HOCHBERG, 4),
        (Correction.BENJAMINI_YEKUTIELI, 3),
    ],
)
def test_the_fifteen_p_values_of_1995_are_rejected_as_published(correction: Correction, rejections: int) -> None:
    assert int(np.sum(adjusted(THROMBOLYSIS, correction) <= 0.05)) == rejections


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_false_discovery_corrections_agree_with_scipy_in_any_order(p_values: list[float]) -> None:
    p = np.array(p_values)
    assert adjusted(p, Correction.BENJAMINI_HOCHBERG) == pytest.approx(stats.false_discovery_control(p, method="bh"))
    assert adjusted(p, Correction.BENJAMINI_YEKUTIELI) == pytest.approx(stats.false_discovery_control(p, method="by"))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_stricter_corrections_never_give_smaller_p_values(p_values: list[float]) -> None:
    p = np.array(p_values)
    by = {one: adjusted(p, one) for one in Correction}
    assert (by[Correction.BONFERRONI] >= by[Correction.HOLM] - 1e-12).all()
    assert (by[Correction.HOLM] >= by[Correction.HOCHBERG] - 1e-12).all()
    assert (by[Correction.HOCHBERG] >= by[Correction.BENJAMINI_HOCHBERG] - 1e-12).all()
    assert (by[Correction.BENJAMINI_HOCHBERG] >= p - 1e-12).all()


def test_a_test_that_was_not_declared_is_refused() -> None:
    family = Family("reaction", ("19 June", "20 June"))
    with pytest.raises(InputError, match=r"24 June.*declared before looking"):
        family.adjust({"19 June": 0.01, "20 June": 0.2, "24 June": 0.001})


def test_a_declared_test_that_is_left_out_is_refused() -> None:
    with pytest.raises(InputError, match="20 June"):
        Family("reaction", ("19 June", "20 June")).adjust({"19 June": 0.01})


def test_a_p_value_outside_zero_to_one_is_refused() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        adjusted(np.array([0.5, 1.2]), Correction.HOLM)
