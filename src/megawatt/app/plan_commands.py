"""``megawatt plan``: what to do next, from what is known now and what ran before."""

import json
import re
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from megawatt.app.data import data_for
from megawatt.app.decide import refuse_errors
from megawatt.app.explanation import instant
from megawatt.app.files import refuse_target, write_text
from megawatt.app.plan_answer import Answer
from megawatt.app.plan_state import read_record, read_state, state_text
from megawatt.app.words import number
from megawatt.core.errors import InputError
from megawatt.dispatch.ahead import Request, plan_ahead
from megawatt.dispatch.forecast_policy import ROLLING
from megawatt.dispatch.general import Effort
from megawatt.dispatch.recommend import Verdict, recommend
from megawatt.dispatch.rolling import Risk
from megawatt.dispatch.rule_ahead import by_rule
from megawatt.dispatch.state import SiteState, batch_halls
from megawatt.site.read import Site

LONGEST_HOURS = 168.0


def plan_site(
    path: Path,
    *,
    now: str,
    horizon: str,
    state: Path | None,
    record: Path | None,
    risk: float,
    tail: float,
    scenarios: int,
    seed: int,
    as_json: bool,
    store: Path | None,
    seconds: float,
) -> int:
    """Read, look ahead, plan, keep the state, print; 0, or 1 where work that is due no longer fits."""
    site = Site.read(path)
    refuse_errors(site)
    step = site.connection.interval_minutes
    request = Request(
        instant(now, site.connection.timezone),
        intervals_of(horizon, step),
        common=max(1, 60 // step),
        scenarios=scenarios,
        seed=seed,
        risk=Risk(risk, tail),
    )
    if state is not None:
        refuse_target(state)
    start, kept = request.grid(site).start, state is not None and state.exists()
    before = SiteState.assumed(site, start)
    if state is not None and kept:
        before = read_state(state)
        before.belongs_to(site)
        before = before.after(site, start)
    verdict = _verdict(site, record) if record else None
    data = data_for(site, store)
    plan = plan_ahead(site, data, before, request, Effort(relative_gap=1e-3, seconds=seconds))
    policy = verdict.advised if verdict else ROLLING
    if policy != ROLLING:
        plan = by_rule(plan, data)
    answer = Answer(plan, not kept, verdict, policy)
    if state is not None:
        write_text(state, state_text(plan.state()))
    if as_json:
        typer.echo(json.dumps(answer.to_json(), indent=2, allow_nan=False))
    else:
        print_plan(answer)
    return int(any(plan.missed))


def _verdict(site: Site, path: Path) -> Verdict:
    """What a record of this site says of looking ahead."""
    record = read_record(path)
    if record.site != site.connection.name:
        raise InputError(
            f"a record of {record.site!r}",
            f"the site is {site.connection.name!r}, and what pays at one site need not pay at another",
            "Make its own with 'megawatt backtest --record'.",
            path.name,
        )
    return recommend(record, ROLLING)


def intervals_of(text: str, step_minutes: int) -> int:
    """A horizon such as ``48h``, ``2d`` or ``90m`` in intervals.

    Raises:
        InputError: It is none, is no whole number of intervals, or is longer than a week.
    """
    found = re.fullmatch(r"(\d{1,5})([dhm])", text)
    minutes = int(found[1]) * {"d": 1440, "h": 60, "m": 1}[found[2]] if found else 0
    if minutes <= 0 or minutes % step_minutes or minutes > 60 * LONGEST_HOURS:
        raise InputError(
            f"a horizon of {text!r}",
            f"it is a whole number of intervals of {step_minutes} minutes and at most {LONGEST_HOURS:g} h",
            "Write for example 48h.",
        )
    return minutes // step_minutes


def print_plan(answer: Answer, console: Console | None = None) -> None:
    """The next decisions in words, the stretches of the horizon as a table, and what all rests on."""
    console = console or Console()
    first, *rest = answer.sentences()
    console.print(f"{answer.plan.site.connection.name}: plan by {answer.policy}", style="bold", highlight=False)
    console.print(first, highlight=False)
    console.print(_table(answer))
    for line in rest:
        console.print(line, highlight=False)


def _table(answer: Answer) -> Table:
    plan, running = answer.plan, answer.running()
    table = Table(box=None, pad_edge=False, header_style="dim")
    halls = batch_halls(plan.site)
    for head in ("from", *(one.name for one in plan.site.fleets), *(h.name for h in halls), "MW", "USD/MWh", "range"):
        table.add_column(head, justify="left" if head == "from" else "right", no_wrap=True)
    mw, prices = plan.schedule.import_mw(plan.expected), answer.prices
    for first, end in answer.rows():
        price = float(plan.expected.price_usd_per_mwh[first:end].mean())
        inside = prices[:, first:end].mean(axis=1)
        table.add_row(
            f"{answer.time(first):%a %H:%M}",
            *(f"{int(running[k, first])}/{one.blocks}" for k, one in enumerate(plan.site.fleets)),
            *("run" if on[first] else "wait" for on in plan.schedule.batch_on),
            number(float(mw[first:end].mean())),
            number(price),
            f"{number(float(inside.min()))} to {number(float(inside.max()))}",
        )
    return table
