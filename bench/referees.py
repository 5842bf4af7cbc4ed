"""Two referees on the random sites: ``python -m bench.referees [--number 450]``; stop it and start it again at will.

HiGHS and SCIP, both on the naive formulation with a relative gap of 1e-9. Their verdicts stand in one record, so that
a test may compare with an optimum without solving anything; a verdict whose problem has changed is not believed.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from bench.instances import ROOT
from bench.referee import GAP, random_site, referee
from bench.site_check import faults, value_usd

RECORD = ROOT / "docs" / "evidence" / "bench" / "coupled" / "referees.json"
SECONDS = 60.0
EQUAL, FEASIBLE = 1e-6, 1e-9


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What two referees say of one site.

    Attributes:
        problem_sha256: The site.
        value_usd: Value of HiGHS' best plan, None without one.
        bound_usd: HiGHS' bound, None without one.
        proven: Whether HiGHS ended with a proof, of an optimum or that there is no plan.
        second_usd: Value of SCIP's best plan, None without one.
        second_proven: Whether SCIP ended with a proof.
    """

    problem_sha256: str
    value_usd: float | None
    bound_usd: float | None
    proven: bool
    second_usd: float | None
    second_proven: bool

    @property
    def final(self) -> bool:
        """Whether both ended with a proof; else they are asked again."""
        return self.proven and self.second_proven

    @property
    def agree(self) -> bool:
        """Whether both have proven the same."""
        if not self.final:
            return False
        if self.value_usd is None or self.second_usd is None:
            return self.value_usd is self.second_usd
        return abs(self.value_usd - self.second_usd) <= EQUAL * (1 + abs(self.value_usd))


def known() -> dict[int, Verdicts]:
    """The verdicts of the record by seed, of those sites that are drawn today as they were then."""
    found = {int(seed): Verdicts(**one) for seed, one in _read().items()}
    return {seed: one for seed, one in found.items() if random_site(seed).sha256() == one.problem_sha256}


def judge(seed: int) -> Verdicts:
    """Ask both."""
    from bench.coupled_peers.scip import ScipNaive  # noqa: PLC0415  # the second referee is optional

    problem = random_site(seed)
    first, scip = referee(problem, seconds=SECONDS), ScipNaive()
    stated, loaded = scip.build(problem)
    loaded[0].setParam("numerics/feastol", FEASIBLE)  # at SCIP's own 1e-6 a plan may pass a limit by what it earns
    second = scip.solve((stated, loaded), SECONDS, GAP)
    sound = second.plan is None or not faults(problem, second.plan)
    worth = value_usd(problem, second.plan) if second.plan is not None and sound else None
    bound = first.bound_usd if abs(first.bound_usd) < 1e20 else None
    proven = sound and second.status in ("optimal", "infeasible", "gaplimit")
    return Verdicts(problem.sha256(), first.value_usd, bound, first.proven, worth, proven)


def main() -> int:
    """Judge what is missing; 1 when the referees contradict each other."""
    parser = argparse.ArgumentParser(prog="bench.referees", description="Two referees on the random sites.")
    parser.add_argument("--number", type=int, default=450)
    there = known()
    for seed in range(parser.parse_args().number):
        if seed not in there or not there[seed].final:
            there[seed] = judge(seed)
            _write(there)
            print(seed, there[seed], flush=True)
    apart = [seed for seed, one in there.items() if one.final and not one.agree]
    print(f"{len(there)} sites, {sum(one.agree for one in there.values())} agreed, contradictions: {apart}")
    return 1 if apart else 0


def _read() -> dict[str, dict[str, Any]]:
    there: dict[str, dict[str, Any]] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return there


def _write(there: dict[int, Verdicts]) -> None:
    lines = [f' "{seed}": {json.dumps(asdict(there[seed]))}' for seed in sorted(there)]
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    part = RECORD.with_suffix(".part")
    part.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    part.replace(RECORD)


if __name__ == "__main__":
    sys.exit(main())
