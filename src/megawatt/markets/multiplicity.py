"""Many tests, one family: p-values adjusted for having looked more than once.

A family is declared before looking. `Family.adjust` refuses a member that was not declared and one that is missing: a test
that was dropped because it failed is a test that was made.

References: Holm (1979) Scand J Stat 6:65-70; Hochberg (1988) Biometrika 75:800-802; Benjamini, Hochberg (1995) JRSS B 57:289-300;
Benjamini, Yekutieli (2001) Ann Stat 29:1165-1188.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats


class Correction(StrEnum):
    """Which error is held at the level."""

    BONFERRONI = "Bonferroni"
    HOLM = "Holm"
    HOCHBERG = "Hochberg"
    BENJAMINI_HOCHBERG = "Benjamini-Hochberg"
    BENJAMINI_YEKUTIELI = "Benjamini-Yekutieli"


def adjusted(p_values: Floats, correction: Correction) -> Floats:
    """Adjusted p-values, in the order given: a member is rejected at level a when its adjusted p-value is at most a."""
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not p.size or not ((p >= 0) & (p <= 1)).all():
        raise InputError(f"p-values {p}", "a p-value lies between 0 and 1", "Pass one for each member.")
    m = p.size
    order = np.argsort(p, kind="stable")
    ascending, place = p[order], np.arange(1, m + 1)
    if correction is Correction.BONFERRONI:
        steps = ascending * m
    elif correction is Correction.HOLM:
        steps = np.maximum.accumulate(ascending * (m - place + 1))
    elif correction is Correction.HOCHBERG:
        steps = np.minimum.accumulate((ascending * (m - place + 1))[::-1])[::-1]
    else:
        extra = float(np.sum(1 / place)) if correction is Correction.BENJAMINI_YEKUTIELI else 1.0
        steps = np.minimum.accumulate((ascending * m * extra / place)[::-1])[::-1]
    out = np.empty(m)
    out[order] = np.minimum(steps, 1.0)
    return out


@dataclass(frozen=True, slots=True)
class Family:
    """Tests that are judged together, declared before looking.

    Attributes:
        name: Name of the family.
        members: Names of its tests.
        correction: Correction that is applied.
        level: Level at which it is held.
    """

    name: str
    members: tuple[str, ...]
    correction: Correction = Correction.BENJAMINI_HOCHBERG
    level: float = 0.05

    def adjust(self, p_values: Mapping[str, float]) -> dict[str, float]:
        """Adjusted p-value of each member.

        Raises:
            InputError: The tests are not exactly the declared ones.
        """
        if set(p_values) != set(self.members):
            odd = sorted(set(p_values) ^ set(self.members))
            raise InputError(
                f"the tests {', '.join(odd)} are declared or made, not both",
                f"the family {self.name!r} was declared before looking",
                "Make every declared test and no other; an untestable member has the p-value 1.",
            )
        values = adjusted(np.array([p_values[name] for name in self.members]), self.correction)
        return dict(zip(self.members, values.tolist(), strict=True))
