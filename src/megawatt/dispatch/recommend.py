"""Which policy is advised: one that reads forecasts only where it did not lose to the tuned rule, out of sample.

The rule is declared here, before any result: on a record of days that nothing was fitted on, a *candidate* policy must
have earned at least as much in all as the *bar*: of the rules with a hysteresis tuned on earlier data, with and without
the calendar against coincident peaks, the one that earned more. One that did not
is never recommended, however good it was at something else, and the sentence says what it lost. The 90 % interval of the
difference, whole weeks drawn in blocks, is told beside it and is no part of the rule: a policy that leads by less than
chance explains is called level, not better.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.dispatch.policies import COMBINED, HYSTERESIS
from megawatt.dispatch.problem import Floats
from megawatt.forecast.score import block_interval

TUNED = (HYSTERESIS.name, COMBINED.name)
"""Names of the tuned rules; a record holds the first at least."""
LEAST_DAYS = 28
"""Days of a record that may recommend anything: fewer hold too few spikes."""


@dataclass(frozen=True, slots=True, eq=False)
class PolicyRecord:
    """What policies earned on days that nothing was fitted on.

    Attributes:
        site: Name of the site.
        first_day: First local day, ISO 8601.
        usd_by_day: Net money of each policy on each day, all of shape (days,) [USD].
    """

    site: str
    first_day: str
    usd_by_day: dict[str, Floats]

    def __post_init__(self) -> None:
        lengths = {name: len(usd) for name, usd in self.usd_by_day.items()}
        finite = all(np.isfinite(usd).all() for usd in self.usd_by_day.values())
        if TUNED[0] not in lengths or len(set(lengths.values())) != 1 or not finite:
            raise InputError(
                f"a record with {', '.join(f'{n} of {name}' for name, n in lengths.items()) or 'no'} days",
                f"all policies of a record have the same days, none missing, and {TUNED[0]!r} is one of them",
                "Write it with 'megawatt backtest --record'.",
            )

    @property
    def days(self) -> int:
        """Number of days."""
        return len(self.usd_by_day[TUNED[0]])

    @property
    def bar(self) -> str:
        """The rule to beat: the tuned one that earned most."""
        return max((name for name in TUNED if name in self.usd_by_day), key=self.total_usd)

    def total_usd(self, name: str) -> float:
        """Net money of a policy [USD].

        Raises:
            InputError: The record does not hold it.
        """
        if name not in self.usd_by_day:
            raise InputError(
                f"the policy {name!r}", f"the record holds {', '.join(self.usd_by_day)}", "Name one of these."
            )
        return float(self.usd_by_day[name].sum())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a record says of a candidate.

    Attributes:
        candidate: The policy asked about.
        bar: The tuned rule to beat.
        lead_usd: What the candidate earned more than the bar [USD].
        low_usd: 5 % of that lead, weeks drawn anew; the lead itself where the record is too short [USD].
        high_usd: 95 % of it [USD].
        days: Days of the record.
    """

    candidate: str
    bar: str
    lead_usd: float
    low_usd: float
    high_usd: float
    days: int

    @property
    def advised(self) -> str:
        """The candidate, or the rule that it did not beat."""
        good = self.days >= LEAST_DAYS and self.lead_usd >= 0.0
        return self.candidate if good else self.bar

    @property
    def sentence(self) -> str:
        """What was found and what follows from it."""
        span = (
            f"(90 % interval {self.low_usd:+,.0f} to {self.high_usd:+,.0f} USD, {self.days} days it was not fitted on)"
        )
        if self.days < LEAST_DAYS:
            return (
                f"'{self.candidate}' is not recommended: its record of {self.days} days is shorter than {LEAST_DAYS}; "
                f"the rule '{self.bar}' decides."
            )
        if self.lead_usd < 0:
            return (
                f"'{self.candidate}' lost {-self.lead_usd:,.0f} USD to the tuned rule '{self.bar}' {span} and is not "
                f"recommended; the rule decides."
            )
        level = "earned more than" if self.low_usd > 0 else "is level with"
        return f"'{self.candidate}' {level} the tuned rule '{self.bar}' by {self.lead_usd:+,.0f} USD {span}."


def recommend(record: PolicyRecord, candidate: str) -> Verdict:
    """Whether a candidate may be recommended on a record.

    Raises:
        InputError: The record does not hold the candidate.
    """
    bar = record.bar
    lead = record.total_usd(candidate) - record.total_usd(bar)
    daily = record.usd_by_day[candidate] - record.usd_by_day[bar]
    low, high = block_interval(daily) if record.days >= LEAST_DAYS else (lead, lead)
    return Verdict(candidate, bar, lead, low, high, record.days)
