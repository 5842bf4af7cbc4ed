"""An event study: every test on the same events, side by side.

No single test is right everywhere: Patell fails when the event brings variance, BMP when assets move together, ranks when there
are few events. They stand beside each other, and a claim names beforehand which ones decide.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from megawatt.markets.bootstrap import Bootstrap, wild_cluster
from megawatt.markets.events import EventPanel
from megawatt.markets.normal import Panel
from megawatt.markets.parametric import (
    Statistic,
    bmp,
    brown_warner_1980,
    brown_warner_1985,
    cross_section,
    kolari_pynnonen,
    lamb,
    patell,
)
from megawatt.markets.rank_sign import (
    corrado_sign,
    generalised_sign,
    modified_rank,
    rank,
    rank_standardised,
    sign,
    wilcoxon,
)

TESTS: tuple[Callable[[Panel, int, int], Statistic], ...] = (
    brown_warner_1980,
    brown_warner_1985,
    cross_section,
    patell,
    bmp,
    lamb,
    sign,
    generalised_sign,
    corrado_sign,
    rank,
    modified_rank,
    rank_standardised,
    wilcoxon,
)


@dataclass(frozen=True, slots=True)
class Study:
    """All tests of one window.

    Attributes:
        first: First day relative to day 0.
        last: Last day.
        statistics: One a test.
        by_day: Wild bootstrap of the standardised CARs, clustered by day 0.
        by_group: The same, clustered by merger group.
    """

    first: int
    last: int
    statistics: tuple[Statistic, ...]
    by_day: Bootstrap
    by_group: Bootstrap

    def of(self, test: str) -> Statistic:
        """The statistic of one test, by its printed name."""
        return next(one for one in self.statistics if one.test == test)


def study(events: EventPanel, first: int, last: int, rng: np.random.Generator, *, draws: int = 9_999) -> Study:
    """Run every test on the days ``first`` to ``last`` of the events."""
    panel = events.panel
    scar = panel.standardised(first, last)
    statistics = tuple(test(panel, first, last) for test in TESTS)
    corrected = kolari_pynnonen(panel, first, last, events.days)
    days = [str(day) for day in events.days]
    groups = [event.cluster for event in events.events]
    return Study(
        first,
        last,
        (*statistics, corrected),
        wild_cluster(scar, days, rng, draws=draws),
        wild_cluster(scar, groups, rng, draws=draws),
    )


def merge_legs(events: EventPanel) -> EventPanel:
    """One row for each group and day: the legs of a merger are averaged into one observation.

    The average's residuals are those of the equal-weighted portfolio of the legs, so its sd is estimated and not assumed; its
    leverage is that of a leg, which legs of one day share when none misses an estimation day.
    """
    keys = [(event.cluster, str(day)) for event, day in zip(events.events, events.days, strict=True)]
    firsts = [keys.index(key) for key in dict.fromkeys(keys)]
    panel = events.panel
    members = [[i for i, key in enumerate(keys) if key == keys[first]] for first in firsts]
    residuals = np.stack([np.mean(panel.estimation[rows], axis=0) for rows in members])
    used = np.isfinite(residuals).sum(axis=1).astype(np.float64)
    merged = Panel(
        residuals,
        np.stack([np.mean(panel.window[rows], axis=0) for rows in members]),
        panel.first_day,
        np.sqrt(np.nansum(residuals**2, axis=1) / (used - panel.parameters)),
        used,
        panel.parameters,
        panel.leverage[firsts],
        panel.quirks,
    )
    return EventPanel(merged, tuple(events.events[i] for i in firsts), events.days[firsts], events.excluded)
