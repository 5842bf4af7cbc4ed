import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.markets.bootstrap import wild_cluster


def test_with_few_clusters_every_sign_is_listed_and_the_p_value_is_the_exact_share() -> None:
    sample = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    result = wild_cluster(sample, list("abcde"), np.random.default_rng(0))
    # All five positive: only the two constant-sign rows of 2^5 reach the observed |t|.
    assert result.draws == 32
    assert result.p_value == pytest.approx(2 / 32)
    assert result.p_positive == pytest.approx(1 / 32)
    assert result.smallest_p == pytest.approx(1 / 16)


def test_one_cluster_can_never_reject() -> None:
    result = wild_cluster(np.array([0.30, 0.25, 0.28]), ["ASI"] * 3, np.random.default_rng(0))
    assert (result.p_value, result.clusters, result.smallest_p) == (1.0, 1, 1.0)


def test_the_legs_of_a_merger_add_no_evidence() -> None:
    rng = np.random.default_rng(1)
    alone = wild_cluster(np.array([0.24, 0.05, 0.03, -0.01, 0.02, 0.04]), list("abcdef"), rng)
    legs = wild_cluster(np.array([0.24, 0.24, 0.24, 0.05, 0.03, -0.01, 0.02, 0.04]), list("aaabcdef"), rng)
    assert legs.clusters == alone.clusters == 6
    assert legs.smallest_p == alone.smallest_p


@pytest.mark.parametrize("weights", ["rademacher", "webb"])
def test_its_size_holds_for_dependent_members(weights: str) -> None:
    rng = np.random.default_rng(5)
    rejected = 0
    for _ in range(400):
        sample = np.repeat(rng.standard_normal(20), 5) + 0.3 * rng.standard_normal(100)
        labels = [str(i // 5) for i in range(100)]
        rejected += wild_cluster(sample, labels, rng, draws=399, weights=weights).p_value <= 0.05  # type: ignore[arg-type]
    assert 0.02 <= rejected / 400 <= 0.09


def test_the_same_seed_gives_the_same_p_value() -> None:
    sample = np.random.default_rng(2).standard_normal(40) + 0.3
    labels = [str(i) for i in range(40)]
    first, second = (wild_cluster(sample, labels, np.random.default_rng(9)).p_value for _ in range(2))
    assert first == second


def test_a_missing_return_is_refused() -> None:
    with pytest.raises(InputError, match="finite value has its cluster"):
        wild_cluster(np.array([0.1, np.nan]), ["a", "b"], np.random.default_rng(0))
