"""The next difficulty from daily block counts."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.forecast.difficulty import EPOCH_BLOCKS, Epochs, HashRate, fit_wander

BEGIN = np.datetime64("2020-01-01T00:00:00", "s")


def chain(days: int = 1200, growth: float = 0.0, wander: float = 0.0, seed: int = 1) -> tuple[Epochs, Series]:
    """A network whose hash rate walks by the day, with the blocks that it finds and the difficulty that follows."""
    rng = np.random.default_rng(seed)
    level, rate, counts = 0.0, 0.0, []
    heights, times, difficulty = (
        [0, EPOCH_BLOCKS],
        [BEGIN - np.timedelta64(14, "D"), BEGIN],
        [0.0, 0.0],
    )
    done, elapsed = 0.0, 0.0
    for day in range(days):
        rate += growth / 14 + wander**0.5 * rng.standard_normal()
        left, found = 86_400.0, 0.0
        while left > 0:
            speed = np.exp(rate - level) / 600
            step = min(left, (EPOCH_BLOCKS - done) / speed)
            done, elapsed, left, found = done + speed * step, elapsed + step, left - step, found + speed * step
            if done >= EPOCH_BLOCKS - 1e-9:
                level += np.log(EPOCH_BLOCKS * 600 / elapsed)
                heights.append(heights[-1] + EPOCH_BLOCKS)
                times.append(BEGIN + np.timedelta64(int(day * 86_400 + 86_400 - left), "s"))
                difficulty.append(level)
                done, elapsed = 0.0, 0.0
        counts.append(found)
    grid = TimeGrid(BEGIN, 1440, days)
    blocks = Series(
        "btc/blocks", Unit.COUNT, grid, np.array(counts), grid.ends + np.timedelta64(86_400, "s"), Provenance("made up")
    )
    return Epochs(np.array(heights), np.array(times), np.array(difficulty)), blocks


def test_a_steady_network_is_foretold_to_the_last_digit() -> None:
    epochs, blocks = chain()
    outlook = HashRate.filtered(epochs, blocks, 1e-4).outlook(BEGIN + np.timedelta64(1000, "D"), horizon=5)
    np.testing.assert_allclose(outlook.ahead, 0, atol=1e-6)


def test_late_in_the_epoch_the_answer_is_the_block_time_extrapolation() -> None:
    epochs, blocks = chain(wander=4e-4)
    track = HashRate.filtered(epochs, blocks, 4e-4)
    late = [
        now
        for day in range(800, 1190)
        if (now := track.outlook(BEGIN + np.timedelta64(day, "D"))).progress_fraction > 0.85
    ]
    assert len(late) > 10
    assert max(abs(one.step - one.extrapolated) for one in late) < 0.05


def test_with_hash_rate_that_walks_it_errs_less_than_block_times_early_in_the_epoch() -> None:
    epochs, blocks = chain(days=2500, wander=4e-4, seed=3)
    rng = np.random.default_rng(1)
    noisy = replace(blocks, values=np.maximum(rng.poisson(blocks.values), 1.0))
    track = HashRate.filtered(epochs, noisy, 4e-4)
    errors = []
    for day in range(800, 2480):
        now = track.outlook(BEGIN + np.timedelta64(day, "D"))
        if 0.05 < now.progress_fraction < 0.2 and now.epoch + 1 < len(epochs.time):
            truth = epochs.log_difficulty[now.epoch + 1] - epochs.log_difficulty[now.epoch]
            errors.append((abs(now.step - truth), abs(now.extrapolated - truth)))
    ours, twin = np.mean(errors, axis=0)
    assert ours < 0.9 * twin


def test_the_wander_that_made_the_days_is_found() -> None:
    epochs, blocks = chain(days=2500, wander=4e-4, seed=2)
    noisy = replace(blocks, values=np.maximum(np.random.default_rng(4).poisson(blocks.values), 1.0))
    found = fit_wander(epochs, noisy, np.datetime64("2030-01-01", "s"))
    assert 2.5e-4 < found < 6.5e-4


@pytest.mark.parametrize("day", [700, 903, 1100])
def test_what_is_known_later_moves_nothing(day: int) -> None:
    epochs, blocks = chain(wander=4e-4)
    at = BEGIN + np.timedelta64(day, "D")
    later = epochs.time > at
    other = replace(epochs, log_difficulty=np.where(later, 9.0, epochs.log_difficulty))
    spoilt = replace(blocks, values=np.where(blocks.known_at > at, 500.0, blocks.values))
    one = HashRate.filtered(epochs, blocks, 4e-4).outlook(at, horizon=4)
    two = HashRate.filtered(other, spoilt, 4e-4).outlook(at, horizon=4)
    np.testing.assert_array_equal(one.ahead, two.ahead)
    assert (one.progress_fraction, one.extrapolated) == (two.progress_fraction, two.extrapolated)


def test_far_ahead_nothing_but_the_median_step_is_left() -> None:
    epochs, blocks = chain(growth=0.02, wander=1e-4)
    at = epochs.time[70]
    outlook = HashRate.filtered(epochs, blocks, 1e-4).outlook(at, horizon=26)
    assert outlook.ahead[25] == pytest.approx(26 * epochs.drift(70), abs=1e-6)


def test_a_day_without_blocks_is_refused() -> None:
    epochs, blocks = chain(days=40)
    with pytest.raises(InputError, match="without a block"):
        HashRate.filtered(epochs, replace(blocks, values=np.where(np.arange(40) == 9, np.nan, blocks.values)), 1e-4)


def test_before_the_chain_begins_there_is_no_answer() -> None:
    epochs, blocks = chain(days=40)
    with pytest.raises(InputError, match="epochs are known"):
        HashRate.filtered(epochs, blocks, 1e-4).outlook(np.datetime64("2010-01-01", "s"))
