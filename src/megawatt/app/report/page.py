"""The page: charts, tables and words of a decision in one HTML file that loads nothing."""

import html
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from megawatt.app import forecast_words, words
from megawatt.app.decision import Decision
from megawatt.app.figures import FIGURES, WIDE
from megawatt.app.files import write_text
from megawatt.app.report import basis, tables, three_lines, vintage
from megawatt.app.report.messages import messages
from megawatt.app.report.svg import to_svg
from megawatt.dispatch.backtest import FORESIGHT
from megawatt.dispatch.policies import ALWAYS_ON, THRESHOLD

NARROW = 340
"""Width of the charts that a phone shows [px]."""


def write_report(decision: Decision, path: Path) -> None:
    """Write the page of a decision; the file is there as a whole or not at all.

    Args:
        decision: What to report.
        path: The HTML file; an older one is replaced in one step.

    Raises:
        InputError: The folder does not exist, cannot be written to, or the disk is full.
    """
    write_text(path, render_report(decision))


def render_report(decision: Decision) -> str:
    """The page as text: the same decision gives the same page."""
    said = messages(decision)
    return template("page.html").render(
        site=decision.case.site,
        decision=decision,
        words=words,
        period=words.period(decision),
        answer=words.answer(decision),
        forecasts=forecast_words,
        facts=key_facts(decision),
        figures={name: figure(decision, name, said[name]) for name in FIGURES},
        said=said,
        source=vintage.source_line(decision),
        tables=tables,
        bases=basis.bases(decision),
        lines=three_lines.table(decision),
        verdict=three_lines.verdict(decision) if three_lines.uses(decision) else "",
        gap_words=certificate(decision),
        coverage=vintage.coverage(decision),
        gaps=vintage.gaps(decision),
        inputs=vintage.inputs(decision),
        assumptions=vintage.assumptions(decision),
        cautions=cautions(decision),
        version=version("megawatt"),
        style=asset("style.css"),
        script=asset("hover.js"),
    )


def figure(decision: Decision, name: str, message: str) -> dict[str, Markup]:
    """A chart for desk and paper, and for a phone."""
    draw, said = FIGURES[name], html.escape(message, quote=True)
    sizes = {"wide": WIDE, "narrow": NARROW}
    return {size: Markup(to_svg(draw(decision, width), said)) for size, width in sizes.items()}  # noqa: S704  # the SVG is our own; its text is escaped by the renderer


def key_facts(decision: Decision) -> list[tuple[str, str, str]]:
    """The four figures of the first screen: name, value, remark."""
    best = decision.best
    always, bar = decision.result(ALWAYS_ON.name).net_usd, decision.result(THRESHOLD.name).net_usd
    return [
        ("Recommended", words.usd(best.net_usd), words.plain_name(best.name)),
        ("Today's practice", words.usd(bar), "threshold on the last price"),
        ("Always-on", words.usd(always), "everything runs"),
        ("Bound", words.usd(decision.result(FORESIGHT).net_usd), "perfect foresight"),
    ]


def certificate(decision: Decision) -> list[tuple[str, str]]:
    """Value, bound, gap and method of the optimum."""
    plan = decision.plan
    bound = "none for the whole horizon" if plan.bound_usd is None else words.usd(plan.bound_usd, 6)
    gap = "none, as there is no bound" if plan.gap_usd is None else words.usd(plan.gap_usd)
    if plan.gap is not None and plan.gap > 1e-9:
        gap += f", {words.percent(plan.gap)} of what the plan earns over the idle site. {words.open_weeks(decision)}".rstrip()
    return [
        ("Value of the plan", words.usd(plan.value_usd, 6)),
        ("Bound: no schedule can be worth more", bound),
        ("Gap", gap),
        ("Idle site: mining off, batch work at once", words.usd(plan.idle_usd, 6)),
        ("Method", plan.method),
        ("Hash of the problem (SHA-256)", plan.inputs_sha256),
    ]


def cautions(decision: Decision) -> list[str]:
    """What the reader of this very result must know before relying on it."""
    days = (decision.case.site.period.end - decision.case.site.period.start).days
    found = []
    if days < three_lines.WHOLE_YEAR_DAYS:
        found.append(
            f"The period has {days} days; amounts per year are this period's, scaled to 8,760 hours, and hold no other season."
        )
    if days < 28 and any(one.kind == "demand" for one in decision.case.site.charges):
        found.append(
            "A demand charge is billed for the whole month, however short the period: it weighs too much here."
        )
    if decision.best.margin_share is None:
        found.append("Perfect foresight earns nothing here, so shares of it say nothing and are left out.")
    return found


def asset(name: str) -> Markup:
    """A file that is shipped beside this one."""
    return Markup(files("megawatt.app.report").joinpath(name).read_text(encoding="utf-8"))  # noqa: S704  # shipped with the package


@lru_cache(maxsize=2)
def template(name: str) -> Template:
    """A page's template, whose values are escaped."""
    loader = PackageLoader("megawatt.app.report", "")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)
