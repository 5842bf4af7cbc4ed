"""Tests of claims that are arithmetic, or that the data cannot answer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from megawatt.markets.claim_data import parameter
from megawatt.markets.claims import Finding
from megawatt.markets.estimates import BASE_2030, highest_modelled, sum_of_parts


def untestable(parameters: Mapping[str, Any], _rng: np.random.Generator) -> Finding:
    """The data cannot answer, and the registry says why."""
    return Finding(untestable=parameter(parameters, "why", str))


def role(parameters: Mapping[str, Any], _rng: np.random.Generator) -> Finding:
    """A stated role against the verified one."""
    stated, verified = parameter(parameters, "stated", str), parameter(parameters, "verified", str)
    note = f"stated: {stated}; verified: {verified} ({parameter(parameters, 'source', str)})"
    return _exact(stated == verified, float(stated == verified), "1 if equal", "comparison of roles", note)


def parts_reach(parameters: Mapping[str, Any], _rng: np.random.Generator) -> Finding:
    """Do the published parts sum to the target?"""
    sums = sum_of_parts(parameter(parameters, "target_tn", float))
    note = (
        f"published parts {sums.parts.tn_usd:.2f} tn; {sums.unmodelled.tn_usd:.2f} tn "
        f"({sums.unmodelled_share:.1%} on top) have no model; the target is {sums.share_of_base:.1%} of {BASE_2030}"
    )
    reached = sums.unmodelled.tn_usd <= 0.05  # half of the last digit of PwC's 15.7
    return _exact(reached, sums.parts.tn_usd, "tn USD, level of 2030", "sum of published parts", note)


def within_estimates(parameters: Mapping[str, Any], _rng: np.random.Generator) -> Finding:
    """Does the target lie within the published estimates that have a model?"""
    target, highest = parameter(parameters, "target_tn", float), highest_modelled()
    note = f"highest published level of AI plus blockchain: {highest}; target {target:g} tn"
    return _exact(target <= highest.tn_usd, highest.tn_usd, "tn USD, level of 2030", "comparison of levels", note)


def _exact(holds: bool, estimate: float, unit: str, method: str, note: str) -> Finding:
    p = 0.0 if holds else 1.0
    return Finding({"exact": estimate}, {"exact": p}, {"exact": 1 - p}, unit, method, 1, notes=(note,))
