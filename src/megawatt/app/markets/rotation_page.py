"""What the page on rotation says: from a report to a `Brief`."""

from functools import partial

from megawatt.app import words
from megawatt.app.markets.figures import fig_levels, fig_map
from megawatt.app.markets.files import MarketFiles
from megawatt.app.markets.wording import NO_FLOWS, data_section, interval, p_value, signed, source_line
from megawatt.app.report.brief import Brief, Picture, Section
from megawatt.app.report.table import Column, Row, Table
from megawatt.markets.rotation_report import RotationReport


def rotation_answer(report: RotationReport) -> tuple[str, str]:
    """Who was strong and weak, and the regime."""
    best, worst = (pick(report.rows, key=lambda row: row.change) for pick in (max, min))
    state, coins = report.rotation, next(row for row in report.rows if row.group == "AI coins")
    slope = interval(coins.beta_btc)
    first = (
        f"In the {report.window} common days to {report.as_of}, {best.group} were strongest ({signed(best.change)}) and "
        f"{worst.group} weakest ({signed(worst.change)}); AI coins moved {slope} times as much as Bitcoin, given Nvidia."
    ).replace("Bitcoin were", "Bitcoin was")
    second = (
        f"That AI shares outrun Bitcoin is the state of the market with a probability of {words.percent(state.probability_now, 2)}; "
        f"such a state lasts {words.number(state.expected_rows, 2)} common days on average.{_contrast(report)} {NO_FLOWS}"
    )
    return first, second


def _contrast(report: RotationReport) -> str:
    """What the whole window says where it is not what the state says: the state is told by spread as well as by mean."""
    change = {row.group: row.change for row in report.rows}
    shares, bitcoin = change.get("AI shares"), change.get("Bitcoin")
    if (
        shares is None or bitcoin is None or (shares > bitcoin) == (report.rotation.probability_now > 0.5)
    ):  # as likely as not
        return ""
    return (
        f" Over the whole window AI shares moved by {signed(shares)} and Bitcoin by {signed(bitcoin)}: the state is told by "
        "how widely the days spread as well as by their mean, so it is no statement on the window."
    )


def rotation_brief(report: RotationReport, files: MarketFiles, notes: tuple[str, ...]) -> Brief:
    """The page on rotation."""
    facts = tuple(
        (row.group[0].upper() + row.group[1:], signed(row.change), row.quadrant or "no point on the map")
        for row in sorted(report.rows, key=lambda row: -row.change)[:4]
    )
    span = f"{report.trail.days[0]} to {report.as_of}"
    return Brief(
        f"Does money rotate? Coins, AI shares and miners as of {report.as_of}",
        rotation_answer(report),
        facts,
        (),
        Picture(partial(fig_levels, report), f"Mean of each group's members, {span}."),
        (
            Section("Every group", tables=(group_table(report),), paragraphs=(_GROUP_NOTE,)),
            Section(
                "Who gains and who loses strength",
                pictures=(
                    Picture(
                        partial(fig_map, report), f"Where each group stands on {report.as_of}, and where it came from."
                    ),
                ),
                paragraphs=(_MAP_NOTE.format(window=report.window),),
            ),
            Section(
                "Who leads whom", tables=(lead_table(report),), paragraphs=(lead_words(report), regime_words(report))
            ),
            data_section(files, notes),
        ),
        source_line(files, f"common days {span}"),
        f"prices SHA-256 {report.data_sha256}",
    )


_MAP_NOTE = (
    "Strength x = 100 + z(100 P / B) and momentum y = 100 + z(change of x over 10 rows), z = (value less mean) / sd of the last "
    "{window} rows; B is the mean of all groups. Only trailing windows: later days never move a point."
)
_GROUP_NOTE = (
    "A group is the mean log return of the members that have one that day, or the index of a universe where one is given. Breadth: members "
    "above their own mean of the window. Betas: both drivers in one regression over two windows, Newey-West errors, 95 % interval."
)


def group_table(report: RotationReport) -> Table:
    """One row a group."""
    columns = (
        Column("Group", text=True),
        Column("Members", "with a close"),
        Column("Change", f"{report.window} days"),
        Column("Quadrant", text=True),
        Column("Breadth", "above own mean"),
        Column("Beta to Bitcoin", "95 % interval"),
        Column("Beta to Nvidia", "95 % interval"),
    )
    rows = tuple(
        Row(
            (
                row.group,
                str(row.members),
                signed(row.change),
                row.quadrant or words.NONE,
                words.percent(row.breadth, 2),
                interval(row.beta_btc),
                interval(row.beta_nvda),
            )
        )
        for row in report.rows
    )
    return Table(f"Groups as of {report.as_of}", columns, rows)


def lead_table(report: RotationReport) -> Table:
    """Granger tests in both directions."""
    columns = (Column("Question", text=True), Column("F"), Column("p"), Column("Sum of slopes"), Column("Days"))
    rows = tuple(
        Row((name, words.number(one.f), p_value(one.p_value), words.number(one.sum_of_slopes), str(one.n)))
        for name, one in report.leads.items()
    )
    return Table("Granger's test with two lags, Newey-West", columns, rows)


def lead_words(report: RotationReport) -> str:
    """What the two tests say together."""
    found = [name for name, one in report.leads.items() if one.p_value <= 0.05]
    said = f"At 5 %: {words.listed(found)}." if found else "Neither leads the other at 5 %."
    return f"{said} A session ends hours before a coin's day: who leads within a day cannot be told from daily closes."


def regime_words(report: RotationReport) -> str:
    """The regime as a scenario, and the breaks."""
    state = report.rotation
    breaks = (
        f"Breaks in the mean of AI shares less Bitcoin: from {words.listed(list(report.breaks))}."
        if report.breaks
        else "No break in the mean of AI shares less Bitcoin is found (by BIC)."
    )
    return (
        f"'{state.name[0].upper()}{state.name[1:]}': {state.meaning}. Drift {signed(state.drift_per_row, 2)} a common day, sd "
        f"{words.percent(state.sd_per_row, 2)}. {breaks}"
    )
