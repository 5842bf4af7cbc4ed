import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.dispatch.kernel import margins, plan_block
from megawatt.dispatch.problem import FREE
from tests.dispatch.oracles import brute_force, lp_value, word_value, words

PRICES = st.floats(-2000, 5000, allow_nan=False).map(lambda x: round(x, 2))


@st.composite
def blocks(draw: st.DrawFn, longest: int = 9) -> dict[str, object]:
    T = draw(st.integers(1, longest))
    r = draw(st.integers(0, 4))
    gain = np.array(draw(st.lists(PRICES, min_size=T, max_size=T)))
    ramp = np.array(draw(st.lists(st.lists(PRICES, min_size=T, max_size=T), min_size=r, max_size=r))).reshape(r, T)
    return {
        "gain": gain,
        "ramp": -np.abs(ramp),
        "start": draw(st.sampled_from([0.0, 5.0, 1500.0])),
        "stop": draw(st.sampled_from([0.0, 2.0, 700.0])),
        "up": draw(st.integers(1, 12)),
        "down": draw(st.integers(1, 12)),
        "on_before": draw(st.booleans()),
        "steps_before": draw(st.sampled_from([1, 2, 3, 5, FREE])),
    }


def run(b: dict[str, object]) -> tuple[float, tuple[int, ...]]:
    value, word = plan_block(*b.values())  # type: ignore[arg-type]
    return value, tuple(int(x) for x in word)


@settings(deadline=None, max_examples=300)
@given(blocks())
def test_the_kernel_finds_what_brute_force_finds(b: dict[str, object]) -> None:
    """Negative margins, spikes, ramps longer than the least run, dwell longer than the horizon, any state before."""
    value, word = run(b)
    best = brute_force(**b)  # type: ignore[arg-type]
    assert value == pytest.approx(best, rel=1e-9, abs=1e-7)
    assert word in set(words(len(word), b["up"], b["down"], b["on_before"], b["steps_before"]))  # type: ignore[arg-type]
    earned = word_value(word, b["gain"], b["ramp"], b["start"], b["stop"], b["on_before"], b["steps_before"])  # type: ignore[arg-type]
    assert earned == pytest.approx(value, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("seed", range(40))
def test_the_kernel_equals_the_linear_programme_of_highs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    T = int(rng.integers(1, 120))
    gain = rng.normal(0, 30, T) + np.where(rng.random(T) < 0.05, rng.normal(0, 4000, T), 0)
    up, down = int(rng.integers(1, 20)), int(rng.integers(1, 20))
    start, stop = float(rng.choice([0, 5, 300])), float(rng.choice([0, 2, 100]))
    before, steps = bool(rng.integers(2)), int(rng.choice([1, 4, FREE]))
    value, _ = plan_block(gain, np.zeros((0, T)), start, stop, up, down, before, steps)
    assert value == pytest.approx(lp_value(gain, start, stop, up, down, before, steps), rel=1e-9, abs=1e-7)


@settings(deadline=None, max_examples=100)
@given(blocks(longest=30), st.floats(0, 500))
def test_cheaper_switching_and_better_margins_never_lower_the_value(b: dict[str, object], more: float) -> None:
    value, _ = run(b)
    cheaper, _ = run({**b, "start": b["start"] / 2, "stop": b["stop"] / 2})  # type: ignore[operator]
    richer, _ = run({**b, "gain": b["gain"] + more})  # type: ignore[operator]
    freer, _ = run({**b, "up": max(1, b["up"] - 1), "down": max(1, b["down"] - 1)})  # type: ignore[operator]
    slack = 1e-9 * (1 + abs(value))
    assert cheaper >= value - slack
    assert richer >= value - slack
    # the dwell time that remains at the start shrinks too, so a shorter dwell is a looser problem
    assert freer >= value - slack


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_a_ramp_that_loses_nothing_changes_neither_value_nor_word(seed: int, T: int) -> None:
    """The pass over the whole horizon and the one in strides, on words long enough to have many runs."""
    rng = np.random.default_rng(seed)
    gain = rng.normal(rng.normal(0, 20), 60, T) + (rng.random(T) < 0.1) * rng.normal(0, 1500, T)
    up, down = int(rng.integers(1, 20)), int(rng.integers(1, 20))
    costs = float(rng.choice([0.0, 30.0, 900.0])), float(rng.choice([0.0, 10.0, 300.0]))
    before = bool(rng.integers(2)), int(rng.choice([1, 4, FREE]))
    value, word = plan_block(gain, np.zeros((0, T)), *costs, up, down, *before)
    ramped, same = plan_block(gain, np.zeros((int(rng.integers(1, up + 1)), T)), *costs, up, down, *before)
    assert (ramped, same.tolist()) == (value, word.tolist())
    earned = word_value(tuple(word.tolist()), gain, np.zeros((0, T)), *costs, *before)
    assert earned == pytest.approx(value, rel=1e-9, abs=1e-7)


def test_one_interval_is_run_when_it_pays_for_its_start() -> None:
    value, word = plan_block(np.array([10.0]), np.zeros((0, 1)), 4.0, 1.0, 1, 1, False, FREE)
    assert (value, list(word)) == (6.0, [1])
    value, word = plan_block(np.array([3.0]), np.zeros((0, 1)), 4.0, 1.0, 1, 1, False, FREE)
    assert (value, list(word)) == (0.0, [0])


def test_a_block_kept_on_by_its_dwell_time_bears_the_loss() -> None:
    value, word = plan_block(np.full(3, -7.0), np.zeros((0, 3)), 0.0, 0.0, 4, 1, True, 2)
    assert (value, list(word)) == (-14.0, [1, 1, 0])


def test_the_better_mode_is_chosen_interval_by_interval() -> None:
    """Eco at 60 USD/MWh, full at 20: 4 MW earn 300 USD/h, 3 MW earn 250."""
    gain = margins(
        np.array([[250.0, 250.0], [300.0, 300.0]]),
        np.array([[3.0], [4.0]]) * np.ones(2),
        np.array([60.0, 20.0]),
        0.25,
        1.0,
    )
    assert gain == pytest.approx([0.25 * 70, 0.25 * 220])
