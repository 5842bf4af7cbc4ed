import tracemalloc

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.dispatch.crew import Threads
from megawatt.dispatch.ensemble import Ensemble
from megawatt.dispatch.paths import CHUNK, Paths, values_usd
from megawatt.dispatch.problem import Floats
from tests.dispatch.cases import random_problem
from tests.dispatch.test_crew import Memory

T = 48


def draw(rng: np.random.Generator) -> Floats:
    return rng.normal(40, 60, T)


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return Ensemble.of([random_problem(seed, T=T, coupled=False) for seed in (3, 4)])


def test_a_path_depends_on_the_seed_and_its_own_number_alone(ensemble: Ensemble) -> None:
    few, many, other = Paths(draw, 10, seed=1), Paths(draw, CHUNK + 70, seed=1), Paths(draw, 10, seed=2)
    assert (few.path(9) == many.path(9)).all()
    assert (few.path(9) != other.path(9)).all()
    assert (few.path(8) != few.path(9)).all()
    assert (values_usd(ensemble, few) == values_usd(ensemble, many)[:, :10]).all()


def test_values_are_those_of_the_paths_drawn_one_by_one(ensemble: Ensemble) -> None:
    paths = Paths(draw, CHUNK + 70, seed=5)
    values = values_usd(ensemble, paths)
    assert values.shape == (2, CHUNK + 70)
    for number in (0, 63, 64, CHUNK - 1, CHUNK, CHUNK + 69):
        alone = ensemble.values_usd(paths.path(number)[:, np.newaxis])[:, 0]
        assert (values[:, number] == alone).all()


def test_memory_holds_a_few_paths_however_many_there_are() -> None:
    """64 paths take 1 MB; 1,024 would take 16."""
    sites = Ensemble.of([random_problem(3, T=2000, coupled=False)])

    def peak_mb(count: int) -> float:
        tracemalloc.start()
        values_usd(sites, Paths(lambda rng: rng.normal(40, 60, 2000), count, seed=1))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak / 1e6

    peak_mb(1)
    assert peak_mb(64) < 2
    assert peak_mb(1024) < 3
    assert peak_mb(2048) < 3


def test_threads_and_a_store_change_no_digit(ensemble: Ensemble) -> None:
    paths, store = Paths(draw, 3 * CHUNK, seed=5), Memory()
    values = values_usd(ensemble, paths)
    assert (values == values_usd(ensemble, paths, crew=Threads(2), store=store)).all()
    assert (values == values_usd(ensemble, paths, store=store)).all()


def test_results_of_other_sites_seeds_or_paths_are_not_mixed_in(ensemble: Ensemble) -> None:
    store = Memory()
    values_usd(ensemble, Paths(draw, 5, seed=5), store=store)
    others = [
        (ensemble, Paths(draw, 5, seed=6)),
        (ensemble, Paths(lambda rng: 2 * draw(rng), 5, seed=5)),
        (Ensemble.of(ensemble.problems[:1]), Paths(draw, 5, seed=5)),
        (Ensemble.of(ensemble.problems, "float32"), Paths(draw, 5, seed=5)),
    ]
    for other, paths in others:
        with pytest.raises(InputError, match="Name an empty folder"):
            values_usd(other, paths, store=store)


def test_paths_that_are_no_paths_are_refused(ensemble: Ensemble) -> None:
    with pytest.raises(InputError, match="0 paths"):
        values_usd(ensemble, Paths(draw, 0, seed=1))
    with pytest.raises(InputError, match=r"path 0 of shape \(47,\)"):
        values_usd(ensemble, Paths(lambda rng: draw(rng)[1:], 5, seed=1))
