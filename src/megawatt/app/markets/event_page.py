"""What the page on an event says: from a report to a `Brief`."""

import math
from functools import partial

from megawatt.app import words
from megawatt.app.markets.figures import fig_assets, fig_path
from megawatt.app.markets.files import MarketFiles
from megawatt.app.markets.wording import data_section, p_value, signed, source_line
from megawatt.app.report.brief import Brief, Picture, Section
from megawatt.app.report.table import Column, Row, Table
from megawatt.markets.event_report import EventReport, WhatIf


def event_answer(report: EventReport) -> tuple[str, ...]:
    """Verdict with estimate and p-value; what the counterfactual says."""
    q, judged = report.question, report.judgement
    main = next(iter(judged.finding.estimates))
    estimate, p = judged.finding.estimates[main], judged.adjusted[main]
    band = report.path.band[q.last - q.first]
    who = f"{judged.finding.n} assets" if judged.finding.n > 1 else report.assets[0].asset
    first = (
        f"{str(judged.verdict).capitalize()}: {who} moved {signed(estimate)} (log) beyond {words.listed(list(q.factors))} from day "
        f"{q.first} to {q.last} ({report.day_zero} on), where {words.percent(band, 2)} either way is usual; p {p_value(p)}, "
        f"one-sided, {judged.because}."
    )
    found = [what_if_words(one) for one in report.what_if if math.isfinite(one.low)]
    return (first, *found)


def what_if_words(one: WhatIf) -> str:
    """A counterfactual in a sentence."""
    span = f" ({signed(one.low, 2)} to {signed(one.high, 2)})" if math.isfinite(one.low) else ""
    return f"Against the path that other prices suggest ({one.method}) the mean was {signed(one.effect)}{span}."


def event_brief(report: EventReport, files: MarketFiles) -> Brief:
    """The page on an event."""
    q, finding = report.question, report.judgement.finding
    placebo = finding.placebo
    facts = (
        ("Verdict", str(report.judgement.verdict), f"{q.direction} effect asked"),
        ("Mean abnormal return", signed(next(iter(finding.estimates.values()))), f"log, days {q.first} to {q.last}"),
        ("p, one-sided", p_value(next(iter(finding.p_values.values()))), f"{q.rows[0]} estimation days"),
        (
            "False alarms",
            words.percent(placebo.share if placebo else None, 2),
            f"on {placebo.dates if placebo else 0:,} placebo dates",
        ),
    )
    cautions = tuple(f"Something else happened: {one}." for one in finding.confounders)
    return Brief(
        f"Did the news of {q.announced} move {words.listed([one.asset for one in report.assets[:4]])}{' and others' if len(report.assets) > 4 else ''}?",
        event_answer(report),
        facts,
        cautions,
        Picture(partial(fig_path, report), f"The path of the mean around {report.day_zero}."),
        (
            Section(
                "Each asset",
                pictures=(Picture(partial(fig_assets, report), f"Days {q.first} to {q.last} from {report.day_zero}."),),
                tables=(asset_table(report),),
                items=report.left_out,
            ),
            Section(
                "Every window and every test",
                tables=(window_table(report), test_table(report)),
                paragraphs=(_test_words(report),),
            ),
            Section(
                "What would have been",
                tables=(what_if_table(report),) if report.what_if else (),
                paragraphs=(_WHAT_IF,),
            ),
            data_section(files),
        ),
        source_line(files, f"day 0 {report.day_zero}"),
        f"prices SHA-256 {finding.data_sha256}",
    )


_WHAT_IF = (
    "A counterfactual asks how much, not how rare; it starts right after the estimation rows, so it also carries what the days before the "
    "event did. It presupposes, and no data can show, that the event did not touch the controls."
)


def asset_table(report: EventReport) -> Table:
    """One row an asset."""
    columns = (
        Column("Asset", text=True),
        Column("Change", "prices"),
        Column("Abnormal", "log"),
        Column("Score", "of its forecast sd"),
    )
    rows = tuple(Row((a.asset, signed(a.change), signed(a.abnormal), words.number(a.score))) for a in report.assets)
    q = report.question
    return Table(
        f"Days {q.first} to {q.last} from {report.day_zero}, beyond {words.listed(list(q.factors))}", columns, rows
    )


def window_table(report: EventReport) -> Table:
    """Estimate and p-value in each declared window."""
    finding = report.judgement.finding
    columns = (Column("Estimation window", text=True), Column("Mean abnormal return", "log"), Column("p", "one-sided"))
    rows = tuple(
        Row((name, signed(value), p_value(finding.p_values[name])), "best" if i == 0 else "")
        for i, (name, value) in enumerate(finding.estimates.items())
    )
    return Table(f"The declared windows: {finding.method}", columns, rows)


def test_table(report: EventReport) -> Table:
    """Every test of the main window."""
    columns = (
        Column("Test", text=True),
        Column("Statistic"),
        Column("p", "two-sided"),
        Column("p-value by", text=True),
    )
    rows = [
        Row((s.test, words.NONE if math.isnan(s.value) else words.number(s.value), p_value(s.p_value), s.method))
        for s in report.tests.statistics
    ]
    for name, one in (
        ("wild bootstrap by day", report.tests.by_day),
        ("wild bootstrap by merger group", report.tests.by_group),
    ):
        value = words.NONE if math.isnan(one.t) else words.number(one.t)
        rows.append(
            Row(
                (
                    name,
                    value,
                    p_value(one.p_value),
                    f"{one.clusters} cluster(s), {one.draws:,} draws; smallest p {p_value(one.smallest_p)}",
                )
            )
        )
    return Table(f"Every test, {report.question.rows[0]} estimation days", columns, tuple(rows))


def what_if_table(report: EventReport) -> Table:
    """The counterfactuals."""
    columns = (
        Column("Method", text=True),
        Column("Effect", "mean of the window"),
        Column("Interval", "95 %"),
        Column("p"),
        Column("Made from", text=True),
    )
    rows = tuple(
        Row(
            (
                one.method,
                signed(one.effect),
                f"{signed(one.low, 2)} to {signed(one.high, 2)}" if math.isfinite(one.low) else words.NONE,
                p_value(one.p_value),
                ", ".join(one.controls) or "no control",
            )
        )
        for one in report.what_if
    )
    return Table("Actual mean over the counterfactual one, less one", columns, rows)


def _test_words(report: EventReport) -> str:
    agree = (
        ""
        if report.judgement.finding.n < 2
        else (
            f" The assets' residuals correlate by {report.correlation:.2f} on average: tests that take them as independent (Patell, BMP, sign, "
            "Wilcoxon) find too much."
        )
    )
    return f"The verdict is that of the rule declared beforehand, in all windows: {report.judgement.because}.{agree}"
