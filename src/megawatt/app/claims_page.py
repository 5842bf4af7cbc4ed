"""What the page on the claims says: from a report to a `Brief`."""

from functools import partial
from textwrap import wrap

import altair as alt
import pandas as pd

from megawatt.app import words
from megawatt.app.claims import ClaimsReport
from megawatt.app.figures import AI, BASELINE, HOVER, INK, LOSS, PHONE, WIDE, AnyChart, styled
from megawatt.app.markets.wording import p_value, signed
from megawatt.app.report.brief import Brief, Picture, Section
from megawatt.app.report.table import Column, Row, Table
from megawatt.markets.claims import Claim, Finding, Hypothesis, Judgement, Verdict


def fig_verdicts(report: ClaimsReport, width: int = WIDE) -> AnyChart:
    """Adjusted p-value of every tested hypothesis in each of its windows, against the level."""
    narrow = width < PHONE
    rows = _p_rows(report, 18 if narrow else 34)
    axis = alt.Axis(
        ticks=False,
        labelExpr="split(datum.label, '|')",
        labelBaseline=BASELINE,
        labelLineHeight=13,
        minExtent=120 if narrow else 200,
    )
    y = alt.Y("line:N", sort=list(dict.fromkeys(rows["line"])), title=None, axis=axis)
    ticks = alt.Axis(values=[0.001, 0.01, 0.05, 0.2, 1] if not narrow else [0.01, 0.05, 0.2, 1], format="~g")
    x = alt.X(
        "p:Q",
        scale=alt.Scale(type="log", domain=[0.008 if rows["p"].min() > 0.01 else 0.001, 1]),
        title="adjusted one-sided p",
        axis=ticks,
    )
    shape = alt.Shape(
        "kind:N",
        scale=alt.Scale(domain=["main window", "sensitivity"], range=["circle", "diamond"]),
        legend=alt.Legend(columns=2),
    )
    points = (
        alt.Chart(rows)
        .mark_point(size=70, strokeWidth=2, color=AI, filled=False)
        .encode(y=y, x=x, shape=shape, description="text:N", tooltip=HOVER)
    )
    level = alt.Chart(pd.DataFrame({"p": [0.05]})).mark_rule(color=LOSS, strokeDash=[5, 3]).encode(x="p:Q")
    ends = rows.drop_duplicates("line")
    said = (
        alt.Chart(ends)
        .mark_text(align="left", dx=8, fontSize=12, color=INK)
        .encode(y=y, x=alt.datum(1), text="verdict:N")
    )
    title = alt.TitleParams(
        "How surprising each finding is, p-value adjusted within its family",
        subtitle="left of the dashed line (5 %) in every window: supported; open circle: 120 days, diamonds: 43 and 250",
    )
    if narrow:
        title.text = ["How surprising each finding is,", "p-value adjusted within its family"]
        title.subtitle = ["left of the dashed line (5 %) in every", "window: supported"]
    return styled(
        alt.layer(level, points, said).properties(
            width=width - (330 if not narrow else 225), height={"step": 30}, title=title
        )
    )


def verdict_words(report: ClaimsReport, claim: Claim) -> str:
    """A claim's verdict, or that it waits."""
    return str(report.verdict(claim) or "not tested")


def _p_rows(report: ClaimsReport, wide: int) -> pd.DataFrame:
    """One row a statistical test and window."""
    return pd.DataFrame(
        [
            {
                "line": "|".join(wrap(name.replace("-", " "), wide)),
                "window": window,
                "p": max(p, 1e-3),
                "kind": "main window" if i == 0 else "sensitivity",
                "text": f"{name}, {window}: adjusted p {words.number(p, 2)}, {judged.verdict}",
                "verdict": str(judged.verdict),
            }
            for name, judged in report.judgements.items()
            if judged.finding.placebo is not None
            for i, (window, p) in enumerate(judged.adjusted.items())
        ],
        columns=["line", "window", "p", "kind", "text", "verdict"],
    )


def untestable_words(report: ClaimsReport, claim: Claim) -> str:
    """Which part of a claim stays untestable beside its verdict."""
    names = [
        one.name
        for one in claim.hypotheses
        if one.name in report.judgements and report.judgements[one.name].verdict is Verdict.UNTESTABLE
    ]
    parts = [name.removeprefix(f"{claim.name}-") for name in names]
    return f", untestable as a {words.listed(parts)}" if parts else ""


def claims_answer(report: ClaimsReport) -> tuple[str, ...]:
    """How many claims came to which verdict."""
    by_verdict: dict[str, list[str]] = {}
    for claim in report.registry.claims:
        by_verdict.setdefault(verdict_words(report, claim), []).append(claim.name.replace("-", " "))
    order = [*map(str, reversed(Verdict)), "not tested"]
    parts = [f"{len(by_verdict[v])} {v} ({', '.join(by_verdict[v])})" for v in order if v in by_verdict]
    rule = "A claim is as good as its weakest testable hypothesis; what cannot be tested stands beside it."
    return (f"Of {len(report.registry.claims)} claims: {'; '.join(parts)}.", rule)


def claims_brief(report: ClaimsReport) -> Brief:
    """The page on the claims."""
    facts = tuple(
        (claim.name.replace("-", " "), verdict_words(report, claim), claim.who) for claim in report.registry.claims
    )
    sections = [_claim_section(report, claim) for claim in report.registry.claims]
    files = Table(
        "Files read",
        (Column("File", text=True), Column("SHA-256", text=True)),
        tuple(Row((name, sha)) for name, sha in report.sources),
    )
    tested = any(one.finding.placebo for one in report.judgements.values())
    names = "; ".join(name for name, _ in report.sources) or "none: only claims that need no data were tested"
    return Brief(
        f"The article's claims, tested as declared on {report.registry.declared}",
        claims_answer(report),
        facts,
        _missing_words(report),
        Picture(partial(fig_verdicts, report), "What statistical tests answer; arithmetic ones are in the tables.")
        if tested
        else None,
        (
            *sections,
            Section("Where an earlier analysis differs", tables=(_differences(report),)),
            Section("Method", paragraphs=(METHOD,)),
            Section("Data", tables=(files,) if report.sources else (), items=report.notes),
        ),
        f"Sources: {names}. Hypotheses, windows and families declared on {report.registry.declared}.",
        f"declared {report.registry.declared}",
    )


SAME = "1 if equal"
"""Unit of a comparison of words."""

METHOD = (
    "Each hypothesis is judged in each declared window at 5 %, adjusted within its family (Benjamini-Hochberg). Windows that disagree, or a "
    "test that cries wolf on more placebo dates than the 99.9 % binomial limit, make it 'not robust'; a known event in the window or "
    "the same reaction to opposite news makes it 'confounded'. Nothing here is investment advice."
)


def _missing_words(report: ClaimsReport) -> tuple[str, ...]:
    """One sentence for each thing that is missing."""
    by_reason: dict[str, list[str]] = {}
    for name, what in report.missing.items():
        by_reason.setdefault(what, []).append(name.replace("-", " "))
    return tuple(f"Not tested for want of {what}: {words.listed(names)}." for what, names in by_reason.items())


def _claim_section(report: ClaimsReport, claim: Claim) -> Section:
    columns = (
        Column("Hypothesis", text=True),
        Column("Verdict"),
        Column("Estimate"),
        Column("Adjusted p", "by window"),
        Column("n"),
        Column("False alarms", "of placebo dates"),
    )
    rows = tuple(Row((one.statement, *_cells(report.judgements.get(one.name)))) for one in claim.hypotheses)
    who = (
        f"{claim.who[0].upper()}{claim.who[1:]}, {claim.role}: '{claim.text}' {claim.source}. Known from {claim.known}."
    )
    return Section(
        f"{claim.name.replace('-', ' ').capitalize()}: {verdict_words(report, claim)}{untestable_words(report, claim)}",
        tables=(Table("Hypotheses of this claim", columns, rows),),
        paragraphs=(who,),
        items=tuple(_reason(report, one) for one in claim.hypotheses),
    )


def _cells(judged: Judgement | None) -> tuple[str, ...]:
    if judged is None:
        return ("not tested", *[words.NONE] * 4)
    finding = judged.finding
    alarms = (
        f"{words.percent(finding.placebo.share, 2)} of {finding.placebo.dates:,}" if finding.placebo else words.NONE
    )
    p = " / ".join(p_value(one) for one in judged.adjusted.values()) if finding.placebo else words.NONE
    return (str(judged.verdict), estimate_words(finding), p, str(finding.n or words.NONE), alarms)


def _reason(report: ClaimsReport, one: Hypothesis) -> str:
    """Why a hypothesis has its verdict, and what would have made it false."""
    judged = report.judgements.get(one.name)
    if judged is None:
        parts = [f"for want of {report.missing[one.name]}"]
    else:
        finding = judged.finding
        parts = [judged.because, *finding.confounders, *(finding.notes if finding.placebo is None else ())]
    name = one.name.replace("-", " ")
    data = f" Data {judged.finding.data_sha256[:12]}." if judged and judged.finding.data_sha256 else ""
    return f"{name[0].upper()}{name[1:]}: {'; '.join(dict.fromkeys(parts))}. Falsifier: {one.falsifier}{data}"


def estimate_words(finding: Finding) -> str:
    """The main window's estimate with its unit."""
    if not finding.estimates:
        return words.NONE
    value, unit = next(iter(finding.estimates.values())), finding.unit
    if unit.startswith(("log return", "change")):
        return f"{signed(value)}{' (log)' if unit.startswith('log') else ''}"
    if unit == SAME:
        return "the same" if value else "another"
    return f"{words.number(value, 4)} {unit}"


def _differences(report: ClaimsReport) -> Table:
    columns = (
        Column("Hypothesis", text=True),
        Column("Earlier", text=True),
        Column("Here", text=True),
        Column("Why", text=True),
    )
    rows = tuple(
        Row(
            (
                name.replace("-", " "),
                f"{one.hypothesis.reference_verdict} ({one.hypothesis.reference})",
                str(one.verdict),
                one.hypothesis.why_different,
            )
        )
        for name, one in report.judgements.items()
        if one.differs
    )
    return Table("Both verdicts, and the reason", columns, rows)
