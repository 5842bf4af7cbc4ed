"""What forecasts earned, in words: the same in the terminal and on the page."""

from megawatt.app import words
from megawatt.app.decision import Decision
from megawatt.app.forecast_value import ForecastValue
from megawatt.dispatch.backtest import refused
from megawatt.dispatch.recommend import LEAST_DAYS


def forecast_line(decision: Decision) -> str:
    """The line of `decide`: by source, with its interval, or why there is none."""
    figures = [f"{one.source} {_figure(one)}" for one in decision.forecasts if one.usd_per_mw_year is not None]
    absent: dict[str, list[str]] = {}
    for one in decision.forecasts:
        if one.usd_per_mw_year is None:
            absent.setdefault(one.note, []).append(one.source)
    reasons = [f"{words.listed(sources)}: {why}" for why, sources in absent.items()]
    head = "What forecasts earned over the best simple rule"
    if not figures:
        return f"{head}: no figure. {_sentences(reasons)}"
    text = f"{head}, per MW-year with a 90 % interval: {'; '.join(figures)}."
    return f"{text} No figure for {_sentences(reasons)}" if reasons else text


def _sentences(parts: list[str]) -> str:
    return "".join(f"{part}. " for part in parts).strip()


def _figure(one: ForecastValue) -> str:
    if one.usd_per_mw_year is None or one.measured_usd_per_mw_year is None:
        return words.NONE
    span = span_words(one)
    if one.usd_per_mw_year > 0:
        return f"{words.usd(one.usd_per_mw_year)} ({span}; over '{words.plain_name(one.simple)}')"
    lost = words.usd(-one.measured_usd_per_mw_year)
    return (
        f"0 (no forecast policy beats '{words.plain_name(one.simple)}': '{words.plain_name(one.policy)}' would have "
        f"brought {lost} less; {span})"
    )


def span_words(one: ForecastValue) -> str:
    """The interval of the difference, and whether it holds zero."""
    if one.low_usd_per_mw_year is None or one.high_usd_per_mw_year is None:
        return "no interval: under 28 days"
    text = f"{words.usd(one.low_usd_per_mw_year)} to {words.usd(one.high_usd_per_mw_year)}"
    return f"{text}, zero among them" if one.low_usd_per_mw_year <= 0 <= one.high_usd_per_mw_year else text


def refusals(decision: Decision) -> list[str]:
    """One sentence for every forecast policy that lost to tuned hysteresis and so is never recommended."""
    return [
        f"Not recommended: '{words.plain_name(one.name)}' lost {words.usd(bar.net_usd - one.net_usd)} to "
        f"'{words.plain_name(bar.name)}', which is tuned on earlier data and needs no forecast."
        for one, bar in refused(decision.results)
    ]


def chosen_on(decision: Decision) -> str:
    """On which days the recommended policy was chosen."""
    advice = decision.advice
    if advice.before:
        return (
            f"Recommended is what earned most from {advice.first} until {advice.end}, before the period that is shown."
        )
    return (
        "Recommended is what earned most on the period that is shown, which is hindsight: of the days before it "
        f"the data hold less than {LEAST_DAYS}, or gaps."
    )


def forecast_notes(decision: Decision) -> list[str]:
    """What must be known with each figure: when a simple twin stood in for the model, and what the data do to it."""
    return [
        f"{one.source[0].upper()}{one.source[1:]}: {one.note}."
        for one in decision.forecasts
        if one.usd_per_mw_year is not None and one.note
    ]
