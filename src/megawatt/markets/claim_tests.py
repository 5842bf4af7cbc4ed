"""The tests of claims that need nothing but markets, by the name that a registry uses.

Tests with other names (``mining.``, ``invest.``) are bound by the application, which knows those packages.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from megawatt.core.errors import InputError
from megawatt.markets.claim_data import MarketData
from megawatt.markets.claim_events import event_mean, every_date
from megawatt.markets.claim_facts import parts_reach, role, untestable, within_estimates
from megawatt.markets.claim_returns import comovement, lead
from megawatt.markets.claims import Finding, Registry

ClaimTest = Callable[[MarketData, Mapping[str, Any], np.random.Generator], Finding]

TESTS: Mapping[str, ClaimTest] = {
    "markets.untestable": untestable,
    "markets.role": role,
    "markets.sum_of_parts": parts_reach,
    "markets.within_estimates": within_estimates,
    "markets.event_mean": event_mean,
    "markets.every_date": every_date,
    "markets.comovement": comovement,
    "markets.lead": lead,
}

SEED = 20_240_619
"""Seed of placebo dates and draws: the day of the news."""


def run_tests(registry: Registry, data: MarketData, tests: Mapping[str, ClaimTest] = TESTS) -> dict[str, Finding]:
    """Run every hypothesis whose test is bound; the others are left for the caller to name as pending.

    Every hypothesis has its own generator, so that adding one changes no other.

    Raises:
        InputError: A test of this package is named that does not exist.
    """
    for name, hypothesis in registry.hypotheses().items():
        if hypothesis.test.startswith("markets.") and hypothesis.test not in tests:
            raise InputError(
                f"{name} names the test {hypothesis.test!r}",
                f"the tests are {', '.join(tests)}",
                "Correct the registry.",
            )
    return {
        name: tests[one.test](data, one.parameters, np.random.default_rng([SEED, *name.encode()]))
        for name, one in registry.hypotheses().items()
        if one.test in tests
    }
