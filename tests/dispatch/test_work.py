"""A job's own recursion against every word there is, with its choices kept for a part of the horizon at a time."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from megawatt.dispatch.coupled import work
from megawatt.dispatch.coupled.interval import NEVER
from megawatt.dispatch.coupled.work import least_done, plan_work

Floats = NDArray[np.float64]


def keeps_its_least_run(word: tuple[int, ...], least_run: int, running: bool) -> bool:
    """Whether every run that ends within the horizon is long enough; one from before is as long as it needs to be."""
    length = least_run if running else 0
    for on in word:
        if on:
            length += 1
        elif 0 < length < least_run:
            return False
        else:
            length = 0
    return True


def worth_usd(word: tuple[int, ...], off: Floats, on: Floats, restart: float, running: bool) -> float:
    """What a word brings, starts paid."""
    starts = sum(b > a for a, b in zip((int(running), *word), word, strict=False))
    return float(sum(y if runs else x for x, y, runs in zip(off, on, word, strict=True)) - restart * starts)


@pytest.mark.parametrize("seed", range(60))
def test_the_word_is_the_best_of_all_however_little_is_kept_at_a_time(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    T, least_run, running = int(rng.integers(1, 11)), int(rng.integers(1, 4)), bool(rng.random() < 0.5)
    window = np.unique(np.sort(rng.integers(0, 3, T)), return_inverse=True)[1].astype(np.int64)
    runs = rng.random(T) < 0.85
    need = np.array([rng.integers(0, max(runs[window == w].sum(), 1) + 1) for w in range(window[-1] + 1)])
    off, on, restart = rng.normal(0, 5, T), np.where(runs, rng.normal(0, 5, T), NEVER), float(rng.uniform(0, 4))
    words = [
        word
        for word in product((0, 1), repeat=T)
        if runs[np.array(word) > 0].all()
        and (np.bincount(window, word) == need).all()
        and keeps_its_least_run(word, least_run, running)
    ]
    monkeypatch.setattr(work, "MOST_KEPT", int(rng.integers(1, 30)))
    value, word = plan_work(off, on, window, need, least_done(runs, window, need), restart, least_run, running)
    if not words:
        assert value <= NEVER / 2
        return
    best = max(words, key=lambda one: worth_usd(one, off, on, restart, running))
    assert value == pytest.approx(worth_usd(best, off, on, restart, running), abs=1e-9)
    assert worth_usd(tuple(word.tolist()), off, on, restart, running) == pytest.approx(value, abs=1e-9)
    assert tuple(word.tolist()) in words
