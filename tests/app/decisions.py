"""Small decisions that the tests of words, charts and page share."""

import re
from dataclasses import replace
from functools import cache

import numpy as np

from megawatt.app.data import data_for
from megawatt.app.decision import Decision, decide
from megawatt.dispatch.general import Effort
from megawatt.site.examples import example
from megawatt.site.read import Site


def without(text: str, table: str, name: str = "") -> str:
    """A site file without its tables of one kind, or without the one of that name."""
    named = name or r'[^"]*'
    pattern = rf'(?ms)^\[\[{table}\]\]\nname = "{named}".*?(?=^\[|\Z)'
    return re.sub(pattern, "", text)


def period(text: str, start: str, end: str) -> str:
    """A site file with another period."""
    text = re.sub(r"(?m)^start = \d{4}-\d\d-\d\d$", f"start = {start}", text, count=1)
    return re.sub(r"(?m)^end = \d{4}-\d\d-\d\d.*$", f"end = {end}", text, count=1)


def mine_text(start: str = "2024-03-04", end: str = "2024-03-11") -> str:
    """A week of a mine with one fleet, a fixed-price block and a peak charge."""
    text = without(without(example("texas-mine"), "fleet", "s19-xp"), "fleet", "s19j-pro")
    return period(text, start, end)


@cache
def mine(start: str = "2024-03-04", end: str = "2024-03-11") -> Decision:
    site = Site.from_text(mine_text(start, end), "mine.toml")
    return decide(site, data_for(site))


@cache
def mine_without_block() -> Decision:
    site = Site.from_text(without(mine_text(), "energy"), "mine.toml")
    return decide(site, data_for(site))


@cache
def mine_in_a_storm() -> Decision:
    """Prices that fall to -300 USD/MWh every night, rise to 4,000 on one evening, and miss three hours."""
    site = Site.from_text(mine_text(), "mine.toml")
    data = data_for(site)
    price = data["price_rt/LZ_WEST"]
    hour = np.arange(price.grid.n) // 4
    values = np.where(hour % 24 < 6, -300.0, price.values)
    values = np.where((hour >= 90) & (hour < 93), 4000.0, values)
    values = np.where((hour >= 100) & (hour < 103), np.nan, values)
    return decide(site, data.with_series(replace(price, values=values)))


@cache
def hybrid() -> Decision:
    """A day of mining and AI behind one limit; reserves and demand charge left out for speed."""
    site = Site.from_text(small_hybrid(), "hybrid.toml")
    return decide(site, data_for(site), effort=Effort(relative_gap=0.01, seconds=20.0))


def small_hybrid() -> str:
    """A day behind one limit with firm and batch work; awards and demand charge left out for speed."""
    return without(without(period(example("hybrid"), "2024-07-01", "2024-07-02"), "programme"), "charge")
