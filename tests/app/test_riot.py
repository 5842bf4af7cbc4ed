"""The figures of docs/riot.md, computed again from the data folder."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.app.riot import Month, months, points_table, power_table, reserve_table, running_table

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("MEGAWATT_DATA", ROOT.parent / "shared" / "data"))
PAGE = (ROOT / "docs" / "riot.md").read_text()

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")


@pytest.fixture(scope="module")
def rows() -> list[Month]:
    return list(months(DATA))


@needs_data
def test_the_tables_of_the_page_are_what_the_data_give(rows: list[Month]) -> None:
    wanted = [*power_table(rows), *running_table(rows), *reserve_table(rows)]
    assert [line for line in PAGE.splitlines() if line.startswith("| 202")] == wanted


@needs_data
def test_the_settlement_points_of_the_page_are_what_the_data_give() -> None:
    lines = points_table(DATA)
    start = PAGE.splitlines().index(lines[0])
    assert PAGE.splitlines()[start : start + len(lines)] == lines
    cells = np.array([[float(cell) for cell in line.split("|")[2:9]] for line in lines[:-1]])
    assert (cells[:, -1] < 6).all()
    assert (cells[:, :-1].max(axis=0) > 2 * cells[:, :-1].min(axis=0)).sum() == 4


@needs_data
def test_the_sentences_of_the_page_are_what_the_data_give(rows: list[Month]) -> None:
    fits = {one.month for one in rows if 0.5 <= one.ratio <= 2}
    assert {one.month for one in rows} - fits == {"2024-04", "2024-06", "2024-07", "2024-12"}
    assert {one.month for one in sorted(rows, key=lambda one: -one.published)[:4]} <= fits
    august = next(one for one in rows if one.month == "2023-08")
    assert august.rule == max(one.rule for one in rows)
    assert august.published == max(one.published for one in rows)
    assert august.calendar_only / august.rule == pytest.approx(0.25, abs=0.05)
    assert 1 - august.available == pytest.approx(0.4, abs=0.03)
    scaled = {one.month: one.rule * one.available / one.published for one in rows if not np.isnan(one.available)}
    assert {month for month, ratio in scaled.items() if abs(ratio - 1) <= 0.035} == {"2023-08", "2024-03", "2024-08"}
    short = {month: ratio for month, ratio in scaled.items() if ratio < 0.5}
    assert set(short) == {"2023-07", "2024-06", "2024-07", "2024-12"}
    assert all(1 / 8 < ratio < 1 / 2.7 for ratio in short.values())
    coins = {one.month: one.mined_btc * one.available / one.published_btc for one in rows}
    assert all(abs(ratio - 1) < 0.07 for month, ratio in coins.items() if month in scaled and month != "2023-07")
    foresight = {one.month: one.foresight * one.available / one.published for one in rows}
    assert all(foresight[month] < 0.5 for month in short)


@needs_data
def test_the_hours_without_a_price_are_stated(rows: list[Month]) -> None:
    hours = {one.month: one.hours for one in rows}
    assert hours["2023-07"] == 26 * 24
    assert hours["2024-03"] == 31 * 24 - 1  # the clock skips an hour
    assert {month for month, covered in hours.items() if covered < 26 * 24} == set()
