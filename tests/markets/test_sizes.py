"""Sizes under the null: a test at 5 % rejects in about 5 % of samples without an effect."""

import pytest

from megawatt.markets.parametric import bmp, kolari_pynnonen, patell
from megawatt.markets.rank_sign import rank
from tests.markets.null_samples import rejections


def test_bmp_and_rank_keep_their_size_without_induced_variance() -> None:
    shares = rejections([bmp, rank, patell], n=10, samples=800, seed=11)
    assert shares["bmp"] == pytest.approx(0.05, abs=0.022)
    assert shares["rank"] == pytest.approx(0.05, abs=0.022)


def test_patell_rejects_visibly_too_often_when_the_event_doubles_the_variance() -> None:
    shares = rejections([bmp, patell], n=10, samples=400, seed=12, induced=2.0)
    assert shares["patell"] > 0.12
    assert shares["bmp"] == pytest.approx(0.05, abs=0.03)


def test_the_correction_for_correlation_mends_bmp_when_assets_move_together() -> None:
    shares = rejections([bmp, kolari_pynnonen], n=10, samples=400, seed=13, common=0.7)
    assert shares["bmp"] > 0.2
    assert shares["kolari_pynnonen"] < 0.09


def test_a_rank_test_of_one_event_has_a_p_value_that_can_reject() -> None:
    shares = rejections([rank], n=1, samples=1_000, seed=14)
    assert shares["rank"] == pytest.approx(0.05, abs=0.021)
