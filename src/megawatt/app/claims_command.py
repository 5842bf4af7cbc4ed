"""``megawatt claims``: the article's claims on the terminal, as JSON, and as a page."""

import json
from pathlib import Path
from typing import Any

import typer

from megawatt.app.claims import ClaimsReport, run_claims
from megawatt.app.claims_page import claims_answer, claims_brief, estimate_words, untestable_words, verdict_words
from megawatt.app.files import refuse_target
from megawatt.app.markets.wording import p_value
from megawatt.app.words import percent
from megawatt.markets.claims import Claim, Hypothesis, Judgement

SCHEMA = "megawatt/claims/1"


def claims_command(folder: Path | None, *, as_json: bool, report: Path | None) -> ClaimsReport:
    """Run, print, and write the page."""
    if report is not None:
        refuse_target(report)
    found = run_claims(folder)
    if report is not None:
        from megawatt.app.report.brief import write_brief  # noqa: PLC0415

        write_brief(claims_brief(found), report)
    if as_json:
        typer.echo(json.dumps(answer(found), indent=2, allow_nan=False))
        return found
    for line in lines(found):
        typer.echo(line)
    if report is not None:
        typer.echo(f"Report: {report}")
    return found


def answer(report: ClaimsReport) -> dict[str, Any]:
    """Everything a program needs, schema ``megawatt/claims/1``: keys are added in later versions, never renamed."""
    return {
        "schema": SCHEMA,
        "declared": report.registry.declared,
        "files": [{"name": name, "sha256": sha} for name, sha in report.sources],
        "notes": list(report.notes),
        "claims": [
            {
                "name": claim.name,
                "text": claim.text,
                "who": claim.who,
                "role": claim.role,
                "source": claim.source,
                "known": claim.known,
                "verdict": verdict_words(report, claim),
                "hypotheses": [_hypothesis(report, one) for one in claim.hypotheses],
            }
            for claim in report.registry.claims
        ],
    }


def _hypothesis(report: ClaimsReport, one: Hypothesis) -> dict[str, Any]:
    judged = report.judgements.get(one.name)
    finding = judged.finding if judged else None
    placebo = finding.placebo if finding else None
    return {
        "name": one.name,
        "statement": one.statement,
        "test": one.test,
        "family": one.family,
        "falsifier": one.falsifier,
        "verdict": str(judged.verdict) if judged else "not tested",
        "because": judged.because if judged else f"for want of {report.missing[one.name]}",
        "estimates": dict(finding.estimates) if finding else {},
        "unit": finding.unit if finding else "",
        "p_values": dict(finding.p_values) if finding else {},
        "p_adjusted": dict(judged.adjusted) if judged else {},
        "method": finding.method if finding else "",
        "n": finding.n if finding else 0,
        "placebo": {"alarms": placebo.alarms, "dates": placebo.dates, "share": placebo.share, "limit": placebo.limit}
        if placebo
        else None,
        "confounders": list(finding.confounders) if finding else [],
        "notes": list(finding.notes) if finding else [],
        "data_sha256": finding.data_sha256 if finding else "",
        "reference": {
            "finding": one.reference,
            "verdict": str(one.reference_verdict) if one.reference_verdict else None,
            "differs": judged.differs if judged else False,
            "why": one.why_different,
        },
    }


def lines(report: ClaimsReport) -> list[str]:
    """The claims as people read them on a terminal."""
    out = list(claims_answer(report))
    for claim in report.registry.claims:
        out += ["", *_claim_lines(report, claim)]
    out += [
        "",
        *(f"File: {name}, SHA-256 {sha[:12]}" for name, sha in report.sources),
        *(f"Note: {note}." for note in report.notes),
    ]
    return out


def _claim_lines(report: ClaimsReport, claim: Claim) -> list[str]:
    out = [
        f"{claim.name}: {verdict_words(report, claim).upper()}{untestable_words(report, claim)}",
        f"  '{claim.text}' ({claim.who}, {claim.role}; {claim.known})",
    ]
    for one in claim.hypotheses:
        judged = report.judgements.get(one.name)
        if judged is None:
            out += [f"  - {one.name}: not tested, for want of {report.missing[one.name]}"]
        else:
            out += [
                f"  - {one.name}: {judged.verdict}: {judged.because}",
                *(f"      {line}" for line in _evidence(judged)),
            ]
        out.append(f"      falsifier: {one.falsifier}")
    return out


def _evidence(judged: Judgement) -> list[str]:
    """Estimate, p-values, placebo, hash, and an earlier verdict where it differs."""
    finding, one = judged.finding, judged.hypothesis
    out = [one.statement]
    if finding.estimates:
        said = f"{estimate_words(finding)}, n {finding.n}"
        if finding.placebo:
            p = " / ".join(p_value(value) for value in judged.adjusted.values())
            said += f", adjusted p {p} ({' / '.join(judged.adjusted)}), false alarms {percent(finding.placebo.share, 2)} of "
            said += f"{finding.placebo.dates:,} placebo dates (at most {percent(finding.placebo.limit, 2)})"
        out.append(said + (f", data {finding.data_sha256[:12]}" if finding.data_sha256 else ""))
    out += [f"also: {what}" for what in finding.confounders]
    out += finding.notes if finding.placebo is None else ()
    if judged.differs:
        out.append(f"earlier: {one.reference_verdict} ({one.reference})")
        out.append(f"why it differs: {one.why_different}")
    return out
