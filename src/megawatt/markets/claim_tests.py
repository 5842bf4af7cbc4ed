"""The tests of claims that need nothing but markets, by the name that a registry uses.

Tests with other names (``mining.``, ``invest.``) are bound by the application, which knows those packages.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from megawatt.core.errors import InputError
from megawatt.markets.claim_data import MarketData
from megawatt.markets.claim_events import event_mean, every_date
from megawatt.markets.claim_facts import parts_reach, role, untestable, within_estimates
from megawatt.markets.claim_returns import comovement, lead
from megawatt.markets.claims import Finding, Registry

ClaimTest = Callable[[Mapping[str, Any], np.random.Generator], Finding]
"""From the parameters of a hypothesis to a finding."""

FACT_TESTS: Mapping[str, ClaimTest] = {
    "markets.untestable": untestable,
    "markets.role": role,
    "markets.sum_of_parts": parts_reach,
    "markets.within_estimates": within_estimates,
}
"""Tests that need no data."""

PRICE_TESTS: Mapping[str, Callable[[MarketData, Mapping[str, Any], np.random.Generator], Finding]] = {
    "markets.event_mean": event_mean,
    "markets.every_date": every_date,
    "markets.comovement": comovement,
    "markets.lead": lead,
}
"""Tests that need prices."""

SEED = 20_240_619
"""Seed of placebo dates and draws: the day of the news."""


def bound_tests(data: MarketData | None) -> dict[str, ClaimTest]:
    """The tests by name, those of prices bound to ``data``, or left out where there are none."""
    prices = {} if data is None else {name: partial(test, data) for name, test in PRICE_TESTS.items()}
    return {**FACT_TESTS, **prices}


def run_tests(registry: Registry, tests: Mapping[str, ClaimTest]) -> dict[str, Finding]:
    """Run every hypothesis whose test is bound; the others are left for the caller to name as missing.

    Every hypothesis has its own generator, so that adding one changes no other.

    Raises:
        InputError: A test of this package is named that does not exist.
    """
    own = (*FACT_TESTS, *PRICE_TESTS)
    for name, hypothesis in registry.hypotheses().items():
        if hypothesis.test.startswith("markets.") and hypothesis.test not in own:
            raise InputError(
                f"{name} names the test {hypothesis.test!r}", f"the tests are {', '.join(own)}", "Correct the registry."
            )
    return {
        name: tests[one.test](one.parameters, np.random.default_rng([SEED, *name.encode()]))
        for name, one in registry.hypotheses().items()
        if one.test in tests
    }
