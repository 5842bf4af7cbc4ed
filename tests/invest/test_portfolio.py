"""The portfolio against brute force."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.invest.portfolio import Limits, Project, choose_portfolio


def random_case(seed: int, n: int = 8, scenarios: int = 20, years: int = 3) -> tuple[list[Project], Limits]:
    """Projects of fixed size, so that a word of zeros and ones says all; three sites, one bundle."""
    rng = np.random.default_rng(seed)
    projects = []
    for p in range(n):
        size = float(rng.integers(5, 60))
        projects.append(
            Project(
                name=f"p{p}",
                site=f"site {p % 5}",
                values_usd_per_mw=rng.normal(0.4e6, 1e6, scenarios),
                least_mw=size,
                most_mw=size,
                capital_usd_per_mw=rng.uniform(0, 5e6, years),
                power_share=np.sort(rng.uniform(0, 1, years)),
                crews=rng.integers(0, 3, years).astype(np.float64),
                bundle="both" if p in (1, 2) else "",
            )
        )
    return projects, Limits(np.full(years, 3e8), np.full(years, 90.0), np.full(years, 4.0))


def tail_mean_loss(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], tail: float) -> float:
    """Mean of the sorted tail; ``tail`` is a whole number of scenarios here."""
    k = round(tail * len(values))
    return -float(np.sort(values)[:k].mean())


def by_brute_force(projects: list[Project], limits: Limits, aversion: float, tail: float) -> float:
    best = 0.0
    sizes = np.array([one.most_mw for one in projects])
    for word in product((0, 1), repeat=len(projects)):
        x = np.array(word)
        sites = [one.site for one, on in zip(projects, word, strict=True) if on]
        if len(set(sites)) < len(sites) or word[1] != word[2]:
            continue
        spent = sum(
            (one.capital_usd_per_mw * one.most_mw * on for one, on in zip(projects, word, strict=True)), np.zeros(3)
        )
        drawn = sum((one.power_share * one.most_mw * on for one, on in zip(projects, word, strict=True)), np.zeros(3))
        busy = sum((one.crews * on for one, on in zip(projects, word, strict=True)), np.zeros(3))
        if (spent > limits.capital_usd).any() or (drawn > limits.power_mw).any() or (busy > limits.crews).any():
            continue
        values = np.array([one.values_usd_per_mw for one in projects]).T @ (x * sizes)
        best = max(best, (1 - aversion) * float(values.mean()) - aversion * tail_mean_loss(values, tail))
    return best


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from([0.05, 0.25]))
def test_the_portfolio_is_the_best_of_all_words(seed: int, aversion: float, tail: float) -> None:
    projects, limits = random_case(seed)
    found = choose_portfolio(projects, limits, aversion=aversion, tail=tail)
    assert found.objective_usd == pytest.approx(by_brute_force(projects, limits, aversion, tail), rel=1e-6, abs=1.0)
    assert found.gap_usd <= 1e-5 * abs(found.objective_usd) + 1e3


def one(
    name: str, value: float, *, site: str = "", least: float = 10.0, most: float = 100.0, bundle: str = ""
) -> Project:
    return Project(
        name=name,
        site=site or name,
        values_usd_per_mw=np.array([value, value]),
        least_mw=least,
        most_mw=most,
        capital_usd_per_mw=np.array([1e6]),
        power_share=np.array([1.0]),
        crews=np.array([1.0]),
        bundle=bundle,
    )


def limits(capital: float = 1e9, power: float = 1e3, crews: float = 9.0) -> Limits:
    return Limits(np.array([capital]), np.array([power]), np.array([crews]))


def test_money_goes_to_the_best_first_and_a_phase_below_its_least_size_is_not_built() -> None:
    """105 M USD at 1 M a MW: 100 MW of the better one; the 5 MW left are below the other's least phase of 10."""
    found = choose_portfolio([one("good", 2e6), one("fair", 1e6)], limits(capital=105e6))
    assert found.megawatts == {"good": pytest.approx(100.0)}
    found = choose_portfolio([one("good", 2e6), one("fair", 1e6)], limits(capital=110e6))
    assert found.megawatts == {"good": pytest.approx(100.0), "fair": pytest.approx(10.0)}


def test_a_site_is_used_once_and_a_bundle_whole() -> None:
    assert set(choose_portfolio([one("mine", 1e6, site="a"), one("host", 2e6, site="a")], limits()).megawatts) == {
        "host"
    }
    pair = [one("north", 2e6, bundle="contract"), one("south", -1e6, least=60.0, bundle="contract")]
    assert choose_portfolio(pair, limits()).megawatts == {"north": pytest.approx(100.0), "south": pytest.approx(60.0)}


def test_crews_and_power_bind() -> None:
    three = [one("a", 3e6), one("b", 2e6), one("c", 1e6)]
    assert set(choose_portfolio(three, limits(crews=2.0)).megawatts) == {"a", "b"}
    assert choose_portfolio(three, limits(power=150.0)).megawatts == {
        "a": pytest.approx(100.0),
        "b": pytest.approx(50.0),
    }


def test_who_fears_the_worst_scenario_gives_up_mean_for_it() -> None:
    bold = replace(one("bold", 0.0), values_usd_per_mw=np.array([5e6, -2e6]), site="s")
    safe = replace(one("safe", 0.0), values_usd_per_mw=np.array([1e6, 0.9e6]), site="s")
    assert set(choose_portfolio([bold, safe], limits(), aversion=0.0, tail=0.5).megawatts) == {"bold"}
    assert set(choose_portfolio([bold, safe], limits(), aversion=1.0, tail=0.5).megawatts) == {"safe"}


def test_nothing_is_built_where_nothing_pays() -> None:
    found = choose_portfolio([one("bad", -1e6)], limits(), aversion=0.5)
    assert found.megawatts == {}
    assert found.objective_usd == 0


def test_projects_of_different_years_are_refused() -> None:
    with pytest.raises(InputError, match="the years of the limits"):
        choose_portfolio([one("a", 1e6)], Limits(np.zeros(2), np.zeros(2), np.zeros(2)))
    with pytest.raises(InputError, match="both are shares"):
        choose_portfolio([one("a", 1e6)], limits(), aversion=2.0)
