"""Check a dispatch plan against ``docs/plan-format.md``: ``python checker/check_plan.py problem.json plan.json``.

Exit code 0: accepted. 1: rejected, with what is wrong and by how much. 2: a file cannot be read as the page describes.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from checker.bound import Bound, bound_faults, exclusion_faults, pieces_faults, premise_faults, prices_faults  # noqa: E402
from checker.cells import cuts_faults  # noqa: E402
from checker.feasible import faults  # noqa: E402
from checker.plan import Plan, idle_decision, read_plan  # noqa: E402
from checker.problem import Problem, read_problem  # noqa: E402
from checker.reading import MalformedError, load  # noqa: E402
from checker.together import Together  # noqa: E402
from checker.value import terms  # noqa: E402

SUM = 1e-9
"""Tolerance of a sum of USD, relative to the sum of the absolute values of its terms."""

Check = tuple[str, list[str], str]


def amount(name: str, stated: float, found: dict[str, float]) -> Check:
    """A stated sum against the sum of its terms."""
    total, size = sum(found.values()), sum(abs(one) for one in found.values())
    wrong = []
    if abs(stated - total) > SUM * size:
        wrong.append(f"{name}_usd is {stated!r}, found {total!r}: off by {stated - total:.9g} USD")
    return name, wrong, f"{total:.2f} USD"


def order_of(plan: Plan) -> list[str]:
    """The plan's own bound lies between its value and the certificate's bound."""
    if plan.bound_usd is None:
        return [] if plan.certificate is None else ["bound_usd is null although there is a certificate"]
    wrong = []
    if plan.bound_usd < plan.value_usd:
        wrong.append(f"bound_usd is {plan.value_usd - plan.bound_usd:.9g} USD below value_usd")
    if plan.certificate and plan.bound_usd > plan.certificate.bound_usd:
        wrong.append(f"bound_usd is {plan.bound_usd - plan.certificate.bound_usd:.9g} USD above the certificate's")
    return wrong


def weeks_faults(problem: Problem, plan: Plan) -> list[str]:
    """The parts of the gap by week: one after the other, none negative, together the gap."""
    if not plan.weeks:
        return []
    if plan.bound_usd is None:
        return ["gap_by_week although bound_usd is null"]
    wrong = []
    starts, ends = [one.first for one in plan.weeks], [one.end for one in plan.weeks]
    if (
        starts[0] != 0
        or ends[-1] != problem.T
        or starts[1:] != ends[:-1]
        or any(one.first >= one.end for one in plan.weeks)
    ):
        wrong.append("the weeks do not follow each other from the first interval to the last")
    if min(one.gap_usd for one in plan.weeks) < 0:
        wrong.append("the gap of a week is negative")
    off = sum(one.gap_usd for one in plan.weeks) - (plan.bound_usd - plan.value_usd)
    if abs(off) > SUM * (1 + abs(plan.bound_usd)):
        wrong.append(f"the weeks add up to {off:.9g} USD more than the gap")
    return wrong


def reach_of(plan: Plan) -> str:
    """What of the plan's bound is proved here."""
    if plan.certificate is None:
        return "none stated" if plan.bound_usd is None else "no certificate: a general solver's word, not checked here"
    if plan.bound_usd is not None and plan.bound_usd < plan.certificate.bound_usd:
        return f"proved to {plan.certificate.bound_usd:.2f} USD; the rest is a general solver's word, not checked here"
    return f"proved: at most {plan.certificate.bound_usd:.2f} USD"


def checks(problem: Problem, plan: Plan) -> Iterator[Check]:
    """Each check: its name, what is wrong, and what to say when nothing is."""
    yield "feasible", faults(problem, plan.decision), "all rules kept"
    yield amount("value", plan.value_usd, terms(problem, plan.decision))
    yield amount("idle", plan.idle_usd, terms(problem, idle_decision(problem)))
    if plan.weeks:
        yield "weeks", weeks_faults(problem, plan), f"{len(plan.weeks)} add up to the gap"
    certificate = plan.certificate
    if certificate is None:
        yield "bound", order_of(plan), reach_of(plan)
        return
    yield "premises", premise_faults(problem), "nothing that the bound takes for positive is negative"
    wrong = pieces_faults(problem, certificate)
    yield "pieces", wrong, "cover all peaks, cost no more than the charge"
    wrong = prices_faults(problem, certificate)
    yield "prices", wrong, "within their signs"
    wrong = cuts_faults(problem, certificate.cuts)
    yield "cuts", wrong, f"{sum(map(len, certificate.cuts))}, within their hours"
    if wrong:
        return
    bound = Bound(problem, [certificate.prices, *(one.prices for one in certificate.exclusions)], certificate.cuts)
    excluded = exclusion_faults(bound, certificate, plan.value_usd)
    yield "exclusions", excluded, f"{len(certificate.exclusions)} hold"
    pieces = [list(month) for month in certificate.pieces]
    floor = max(plan.value_usd, certificate.floor_usd)
    if certificate.together:
        found_usd = Together(bound, certificate.prices, pieces, floor).usd()
    else:
        found_usd = bound.usd(certificate.prices, pieces)
    yield "bound", bound_faults(certificate, found_usd, floor) + order_of(plan), reach_of(plan)


def main(arguments: list[str]) -> int:
    """Print one line per check; the exit code says the outcome."""
    if len(arguments) != 2:
        print("usage: python checker/check_plan.py problem.json plan.json", file=sys.stderr)
        return 2
    try:
        problem = read_problem(load(Path(arguments[0])))
        plan = read_plan(load(Path(arguments[1])), problem)
        accepted = True
        for name, wrong, right in checks(problem, plan):
            accepted = accepted and not wrong
            print(f"{name}: {'wrong: ' + '; '.join(wrong) if wrong else 'ok: ' + right}")
    except MalformedError as error:
        print(f"unreadable: {error}")
        return 2
    print("inputs_sha256: not checked: the page does not say how it is taken")
    print("accepted" if accepted else "rejected")
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
