"""Load of an AI hall."""

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.forecast.ai_load import HallLoadModel, contracted_load_mw


def test_a_training_hall_draws_its_contract_times_its_use() -> None:
    assert contracted_load_mw(50.0, np.array([40.0, 45.0, 41.0, np.nan])) == 41.0
    assert contracted_load_mw(50.0, np.array([])) == 50.0


def test_a_pure_daily_shape_is_foretold_exactly() -> None:
    load = np.tile(np.arange(24.0), 10)
    model = HallLoadModel.fit(load, steps_per_day=24, lead=3)
    np.testing.assert_allclose(model.predict(load)[:-3], load[27:])
    assert model.last_weight == 0.0


def test_a_load_that_only_wanders_is_its_last_value() -> None:
    load = np.cumsum(np.random.default_rng(1).standard_normal(2000))
    assert HallLoadModel.fit(load, steps_per_day=24, lead=1).last_weight > 0.95


def test_the_ramp_band_holds_the_steps_that_the_mean_does_not_show() -> None:
    rng = np.random.default_rng(2)
    load = 20 + 5 * (np.arange(3000) // 40 % 2) + 0.1 * rng.standard_normal(3000)
    model = HallLoadModel.fit(load[:2000], steps_per_day=96, lead=4)
    point = model.predict(load)[2000 - 96 :]
    ramp = model.ramp_quantiles(point, load[2000:], (0.01, 0.99))
    assert (ramp[:, 1] - ramp[:, 0]).mean() > 4
    step = load[2004:] - load[2000:-4]
    inside = (ramp[:-4, 0] <= step) & (step <= ramp[:-4, 1])
    assert inside.mean() > 0.95


def test_later_loads_move_nothing() -> None:
    load = np.random.default_rng(3).random(300)
    model = HallLoadModel.fit(load[:200], steps_per_day=24, lead=2)
    spoilt = np.where(np.arange(300) > 250, 9.0, load)
    np.testing.assert_array_equal(model.predict(load)[: 251 - 24], model.predict(spoilt)[: 251 - 24])


@pytest.mark.parametrize(("n", "lead"), [(30, 1), (300, 0), (300, 25)])
def test_too_little_or_too_far_is_refused(n: int, lead: int) -> None:
    with pytest.raises(InputError, match="lead"):
        HallLoadModel.fit(np.ones(n), steps_per_day=24, lead=lead)
