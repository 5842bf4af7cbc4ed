"""A sentence from the news as hypotheses, and the rule that turns what was found into a verdict.

The rule was written before anything was computed. For each hypothesis, in this order:

1. *untestable*: its test says that the data cannot answer it.
2. In each declared window (the main one and the sensitivities) the p-value, adjusted within its family, is at most the level:
   *supported* if in the stated direction, *contradicted* if in the opposite one, *not supported* otherwise.
3. *not robust*: the windows disagree, or they agree on a finding but the test cries wolf on placebo dates.
4. *confounded*: supported, but a known event in the window or the same reaction on a day of opposite news explains it too.
5. Otherwise what the windows say.

A claim's verdict is that of its weakest hypothesis, in the order contradicted, not supported, not robust, confounded,
supported; those that are untestable are listed beside it, and a claim with nothing else is untestable.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from megawatt.core.errors import InputError
from megawatt.markets.multiplicity import Correction, Family
from megawatt.markets.placebo import Placebo


class Verdict(StrEnum):
    """Answers, weakest first; untestable stands apart."""

    CONTRADICTED = "contradicted"
    NOT_SUPPORTED = "not supported"
    NOT_ROBUST = "not robust"
    CONFOUNDED = "confounded"
    SUPPORTED = "supported"
    UNTESTABLE = "untestable"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What would be true if the claim were, named before looking.

    Attributes:
        name: Unique name.
        statement: The hypothesis in a sentence.
        test: Name of its test, bound to a function by the application.
        family: Family within which its p-value is adjusted; empty for exact arithmetic.
        falsifier: What would make it false.
        parameters: What the test is told: days, assets, windows.
        reference: What an earlier analysis found, and on what basis; printed beside the verdict where it differs.
        reference_verdict: Its verdict.
        why_different: Why the two differ, written after the result; printed only where they do.
    """

    name: str
    statement: str
    test: str
    family: str
    falsifier: str
    parameters: Mapping[str, Any]
    reference: str = ""
    reference_verdict: Verdict | None = None
    why_different: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a source.

    Attributes:
        name: Unique name.
        text: What was said.
        who: Who said it.
        role: What the source says they are; itself a claim.
        source: Where.
        known: Day from which it was public.
        hypotheses: What follows from it.
    """

    name: str
    text: str
    who: str
    role: str
    source: str
    known: str
    hypotheses: tuple[Hypothesis, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """Claims and the families of their tests.

    Attributes:
        declared: Day on which hypotheses, windows and families were fixed.
        claims: The claims.
        families: Families by name.
    """

    declared: str
    claims: tuple[Claim, ...]
    families: Mapping[str, Family]

    def hypotheses(self) -> dict[str, Hypothesis]:
        """All hypotheses by name."""
        return {one.name: one for claim in self.claims for one in claim.hypotheses}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test found.

    Attributes:
        estimates: Estimate by window, the main one first.
        p_values: One-sided p-value in the stated direction by window; 0 or 1 for exact arithmetic.
        p_opposite: The same in the opposite direction.
        unit: Unit of the estimates.
        method: The test in words.
        n: Observations of the main window.
        placebo: False alarms of the main window; None for exact arithmetic.
        confounders: What else explains it, in words.
        untestable: Why the data cannot answer; empty when they can.
        notes: What a reader must know: assets left out, other statistics.
        data_sha256: Hash of the data.
    """

    estimates: Mapping[str, float] = field(default_factory=dict)
    p_values: Mapping[str, float] = field(default_factory=dict)
    p_opposite: Mapping[str, float] = field(default_factory=dict)
    unit: str = ""
    method: str = ""
    n: int = 0
    placebo: Placebo | None = None
    confounders: tuple[str, ...] = ()
    untestable: str = ""
    notes: tuple[str, ...] = ()
    data_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A hypothesis with its finding and verdict.

    Attributes:
        hypothesis: The hypothesis.
        finding: What was found.
        verdict: Verdict by the rule.
        adjusted: Adjusted p-value by window.
        because: The step of the rule that decided, in words.
    """

    hypothesis: Hypothesis
    finding: Finding
    verdict: Verdict
    adjusted: Mapping[str, float]
    because: str

    @property
    def differs(self) -> bool:
        """Whether an earlier analysis came to another verdict."""
        known = self.hypothesis.reference_verdict
        return known is not None and known is not self.verdict


def judge(registry: Registry, findings: Mapping[str, Finding]) -> dict[str, Judgement]:
    """Verdict of every hypothesis that has a finding.

    Args:
        registry: Claims and families.
        findings: Findings by name of hypothesis. A family is judged only when all its members have one.

    Raises:
        InputError: A finding belongs to no hypothesis, or a family is incomplete, or its members have different windows.
    """
    known = registry.hypotheses()
    for name in findings:
        if name not in known:
            raise InputError(
                f"a finding for {name!r}", "every test was declared in the registry", "Declare the hypothesis first."
            )
    out = {}
    for name, finding in findings.items():
        family = registry.families.get(known[name].family)
        toward = _adjusted(family, name, {k: f.p_values for k, f in findings.items()}, finding)
        against = _adjusted(family, name, {k: f.p_opposite for k, f in findings.items()}, finding)
        level = family.level if family else 0.05
        out[name] = _verdict(known[name], finding, toward, against, level)
    return out


def claim_verdict(claim: Claim, judgements: Mapping[str, Judgement]) -> Verdict | None:
    """The weakest verdict of a claim's testable hypotheses; None while one of them has not been tested."""
    if any(one.name not in judgements for one in claim.hypotheses):
        return None
    verdicts = [judgements[one.name].verdict for one in claim.hypotheses]
    tested = [v for v in verdicts if v is not Verdict.UNTESTABLE]
    return min(tested, key=list(Verdict).index) if tested else Verdict.UNTESTABLE


def _adjusted(
    family: Family | None, name: str, p_values: Mapping[str, Mapping[str, float]], finding: Finding
) -> dict[str, float]:
    """Adjusted p-value of a hypothesis in each of its windows, adjusted across the family within the window."""
    own = p_values[name]
    if family is None or finding.untestable:
        return dict(own)
    out = {}
    for window in own:
        members = {m: p_values[m].get(window, 1.0) for m in family.members if m in p_values}
        out[window] = family.adjust(members)[name]
    return out


def _verdict(
    hypothesis: Hypothesis, finding: Finding, toward: Mapping[str, float], against: Mapping[str, float], level: float
) -> Judgement:
    def answer(verdict: Verdict, because: str) -> Judgement:
        return Judgement(hypothesis, finding, verdict, dict(toward), because)

    if finding.untestable:
        return answer(Verdict.UNTESTABLE, finding.untestable)
    by_window = {
        window: Verdict.SUPPORTED
        if p <= level
        else Verdict.CONTRADICTED
        if against[window] <= level
        else Verdict.NOT_SUPPORTED
        for window, p in toward.items()
    }
    if len(set(by_window.values())) > 1:
        said = ", ".join(f"{window}: {verdict}" for window, verdict in by_window.items())
        return answer(Verdict.NOT_ROBUST, f"the windows disagree ({said})")
    verdict = next(iter(by_window.values()))
    if verdict is Verdict.NOT_SUPPORTED:
        return answer(verdict, f"p > {level:g} in every window")
    if finding.placebo is not None and not finding.placebo.passed:
        share = f"{finding.placebo.share:.1%} against at most {finding.placebo.limit:.1%}"
        return answer(Verdict.NOT_ROBUST, f"the test cries wolf on {share} of placebo dates")
    if verdict is Verdict.SUPPORTED and finding.confounders:
        return answer(Verdict.CONFOUNDED, "; ".join(finding.confounders))
    return answer(verdict, f"p <= {level:g} in every window" if finding.placebo else "by arithmetic")


def parse_registry(text: str) -> Registry:
    """Read a registry from TOML: ``declared``, ``[[family]]``, ``[[claim]]`` with ``[[claim.hypothesis]]``.

    Raises:
        InputError: The text is no TOML, a key is unknown or missing, a name repeats, or families and hypotheses disagree.
    """
    try:
        data = tomllib.loads(text)
        families = {
            one["name"]: Family(one["name"], tuple(one["members"]), Correction(one["correction"]), one["level"])
            for one in data["family"]
        }
        registry = Registry(data["declared"], tuple(_claim(one) for one in data["claim"]), families)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"a registry of claims that cannot be read ({error})",
            "it is TOML with declared, [[family]] and [[claim]]",
            "Compare it with the shipped registry.",
        ) from None
    _check_names(registry)
    return registry


def _claim(table: dict[str, Any]) -> Claim:
    hypotheses = tuple(
        Hypothesis(
            **{**one, "reference_verdict": Verdict(one["reference_verdict"]) if "reference_verdict" in one else None}
        )
        for one in table["hypothesis"]
    )
    rest = {key: value for key, value in table.items() if key != "hypothesis"}
    return Claim(**rest, hypotheses=hypotheses)


def _check_names(registry: Registry) -> None:
    names = [one.name for claim in registry.claims for one in claim.hypotheses]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two hypotheses are named {name!r}", "a name stands for one", "Rename one.")
    for family in registry.families.values():
        belong = {one.name for one in registry.hypotheses().values() if one.family == family.name}
        if belong != set(family.members):
            raise InputError(
                f"the family {family.name!r} names {', '.join(sorted(belong ^ set(family.members)))} on one side only",
                "a family and its hypotheses name each other",
                "Complete the list of members.",
            )
