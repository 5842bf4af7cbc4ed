"""What a portfolio's answer says, in sentences: the same on the terminal and on the page."""

from megawatt.app import words
from megawatt.app.portfolio_answer import LimitUse, PortfolioAnswer


def sentences(one: PortfolioAnswer) -> tuple[str, ...]:
    """The choice with its range, the worst scenarios, the gap."""
    found, head = one.found, one.file.head
    value = found.value_usd
    if not one.chosen:
        return ("Nothing is worth doing under these limits and this weight of the worst scenarios.", gap_words(one))
    parts = [f"{each.table.site}: {each.table.mode} {words.number(mw)} MW from {each.start}" for each, mw in one.chosen]
    worst = words.usd(abs(found.cvar_usd))
    tail = f"the worst {words.percent(head.tail, 2)} of the scenarios {'lose' if found.cvar_usd > 0 else 'still gain'} {worst} on average"
    return (
        f"{'; '.join(parts)}.",
        f"Together worth {words.usd(value.mean)} ({words.usd(value.low)} to {words.usd(value.high)} in nine of ten scenarios); {tail}.",
        gap_words(one),
    )


def gap_words(one: PortfolioAnswer) -> str:
    """How far a better portfolio could be."""
    if one.found.gap_usd < 1:
        return "No other portfolio does better on these scenarios: proved."
    share = f", {words.percent(one.gap)} of what is maximised" if one.gap else ""
    return f"A better portfolio could add at most {words.usd(one.found.gap_usd)}{share}."


def binding_words(one: PortfolioAnswer) -> list[str]:
    """The limits that bind, dearest first, and what one more unit of each would be worth."""
    binding = sorted((use for use in one.uses if use.binds), key=lambda use: -use.worth_usd)
    return [f"{use_name(use)}: one more {use.unit} would be worth {worth_words(use)}" for use in binding]


def use_name(use: LimitUse) -> str:
    """``capital of 2026, 700 of 700 M USD used``."""
    unit = "crews" if use.what == "crews" else use.unit
    return f"{use.what} of {use.year}, {words.number(use.used)} of {words.number(use.limit)} {unit} used"


def worth_words(use: LimitUse) -> str:
    """Its shadow value, or that there is none."""
    if not use.binds:
        return "not resolved" if use.worth_usd > 1 else "nothing"
    left = f" \N{PLUS-MINUS SIGN} {words.usd(use.uncertainty_usd)}" if use.uncertainty_usd >= 1 else ""
    return f"{words.usd(use.worth_usd)}{left}"
