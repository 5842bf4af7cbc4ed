"""Running blocks by the intervals since their start, as the tables with ramps count them."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.problem import InitialState
from tests.dispatch.cases import random_problem

SITE = next(p for p in map(random_problem, range(60)) if p.machines)


@pytest.mark.parametrize("seed", range(20))
def test_every_running_block_is_counted_once_by_its_age(seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = InitialState(on=bool(rng.random() < 0.5), steps=int(rng.integers(1, 5)))
    ramp = rng.uniform(0.1, 0.9, int(rng.integers(0, 4)))
    machine = replace(SITE.machines[0], blocks=5, ramp_loss=ramp, initial=state)
    problem = replace(SITE, machines=(machine,))
    word = (rng.random((5, problem.T)) < 0.7).astype(np.int8)
    expected = np.zeros((problem.T, 1 + len(ramp)))
    for block in word:
        for t in np.flatnonzero(block):
            rests = np.flatnonzero(block[: t + 1] == 0)
            age = t - rests[-1] - 1 if len(rests) else t + state.steps * state.on
            expected[t, 1 + age if age < len(ramp) else 0] += 1  # the ages' columns stand behind those of the classes
    ramps = Split.of(problem).ramps
    assert np.array_equal(ramps.counts(problem, [word]), expected)
