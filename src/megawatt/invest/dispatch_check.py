"""Whether what a few solved states say of all path-months can be relied on: against the same ones solved one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.cash_flow import discount_factors, periodic_rate
from megawatt.invest.network_paths import NetworkPaths
from megawatt.invest.operations import Operations
from megawatt.invest.scenarios import MONTHS, Scenarios

MOST_DIFFERENCE = 0.01
"""Share of its value by which an alternative may be off."""

PATHS = 50
"""Scenarios that are solved in full for the check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A comparison of alternatives as answered and as solved in full, on the same scenarios.

    Attributes:
        alternatives: Their names, the best one as solved in full first.
        paths: Scenarios compared.
        answered_usd: Mean present value of each as answered [USD].
        full_usd: The same solved in full [USD].
        same_ranking: Whether both rank the alternatives alike by that mean.
        paths_ranked_alike: Share of the single scenarios in which they do.
    """

    alternatives: tuple[str, ...]
    paths: int
    answered_usd: tuple[float, ...]
    full_usd: tuple[float, ...]
    same_ranking: bool
    paths_ranked_alike: float

    @property
    def differences(self) -> tuple[float, ...]:
        """``answered / full - 1`` of each alternative."""
        pairs = zip(self.answered_usd, self.full_usd, strict=True)
        return tuple((answered - full) / max(abs(full), 1e-9) for answered, full in pairs)

    @property
    def passed(self) -> bool:
        """Whether every value is within `MOST_DIFFERENCE` and the ranking is the same."""
        return self.same_ranking and max(map(abs, self.differences)) <= MOST_DIFFERENCE


def check_against_full(answered: Mapping[str, Operations], full: Mapping[str, Operations], *, rate: float) -> Agreement:
    """Compare alternatives on the scenarios that were solved in full.

    Args:
        answered: What is to be checked, by alternative.
        full: The same alternatives with every path-month solved itself, for the first so many scenarios of ``answered``.
        rate: Yearly discount rate.

    Raises:
        InputError: The alternatives or their months differ, or there are more scenarios in full than were answered.
    """
    names = sorted(full, key=lambda name: -float(present_usd(full[name], rate).mean()))
    if not names or set(answered) != set(full):
        raise InputError(
            f"{len(answered)} alternatives answered and {len(full)} in full",
            "they are the same ones",
            "Check the names.",
        )
    paths, months = full[names[0]].mining_usd.shape
    for one in names:
        rows, columns = answered[one].mining_usd.shape
        if full[one].mining_usd.shape != (paths, months) or columns != months or rows < paths:
            raise InputError(
                f"{one!r} answered for {rows} scenarios of {columns} months",
                f"{paths} of {months} were solved in full",
                "Use the same scenarios.",
            )
    values = np.array([present_usd(answered[one], rate)[:paths] for one in names])
    truth = np.array([present_usd(full[one], rate) for one in names])
    means = values.mean(axis=1)
    return Agreement(
        alternatives=tuple(names),
        paths=paths,
        answered_usd=tuple(map(float, means)),
        full_usd=tuple(map(float, truth.mean(axis=1))),
        same_ranking=bool((np.argsort(-means, kind="stable") == np.arange(len(names))).all()),
        paths_ranked_alike=float((np.argsort(-values, axis=0) == np.argsort(-truth, axis=0)).all(axis=0).mean()),
    )


def present_usd(operations: Operations, rate: float) -> Floats:
    """Present value of all lines of each scenario, a month's money at its end, shape (paths,) [USD]."""
    net = operations.net_usd
    out: Floats = net @ discount_factors(net.shape[1], periodic_rate(rate, MONTHS))[1:]
    return out


def first_paths(scenarios: Scenarios, paths: int) -> Scenarios:
    """The first scenarios of many."""
    if not 1 <= paths <= len(scenarios.power_level):
        raise InputError(
            f"the first {paths} of {len(scenarios.power_level)} scenarios", "there are so many", "Ask for fewer."
        )
    network = NetworkPaths(
        *(getattr(scenarios.network, name)[:paths] for name in NetworkPaths.__slots__)  # every field is (paths, months)
    )
    return replace(
        scenarios,
        network=network,
        power_usd_per_mwh=scenarios.power_usd_per_mwh[:paths],
        power_year=scenarios.power_year[:paths],
        power_level=scenarios.power_level[:paths],
        lease_usd_per_kw_month=scenarios.lease_usd_per_kw_month[:paths],
        gpu_usd_per_h=scenarios.gpu_usd_per_h[:paths],
        scarce=scenarios.scarce[:paths],
    )
