"""What CBC's log says: its tree line by line, its last bound, how it ended.

The log shows six digits, so that values and bounds of the course, and the last bound, are moved outwards by half of the
sixth. Plans found before the tree begins have no time in the log that counts from its start: they show with the tree.
"""

import re

from bench.coupled_peers.peer import Course

NUMBER = r"(-?[\d.]+(?:e[+-]?\d+)?)"
NODE = re.compile(rf"^ *★? +\d+ +\d+ +\d+ +{NUMBER} .*? {NUMBER} +[\d.]+% +{NUMBER}$", re.MULTILINE)
BOUND = re.compile(rf"^(?:Lower bound:|✔ Optimal .*? Bound:) +{NUMBER}", re.MULTILINE)
SIXTH = 5e-6
RESULT = re.compile(r"^Result - (.*)$", re.MULTILINE)


def course_of(log: str) -> Course:
    """The lines of the tree."""
    course = Course()
    for value, bound, at in NODE.findall(log):
        course.add(float(at), -float(value) - SIXTH * abs(float(value)), -_outwards(bound))
    return course


def bound_of(log: str) -> float:
    """The last bound as a worth, infinite when there is none."""
    said = BOUND.search(log)
    return -_outwards(said[1]) if said else float("inf")


def status_of(log: str) -> str:
    """How it ended, in its words."""
    result = RESULT.search(log)
    return result[1] if result else "no result"


def _outwards(cost: str) -> float:
    """A cost of six digits, lowered by half of the sixth."""
    return float(cost) - SIXTH * abs(float(cost))
