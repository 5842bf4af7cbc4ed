"""The strict CSV reader that all market and archive files share, and the grid its rows make."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.units import Unit
from megawatt.sources.csv_table import MAX_BYTES, CsvTable
from megawatt.sources.row_grid import row_grid
from megawatt.sources.text_file import refuse_binary


def table(folder: Path, text: str | bytes) -> CsvTable:
    path = folder / "file.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return CsvTable.read(path)


def test_a_cell_is_named_by_the_line_it_stands_on_whatever_blank_and_quoted_lines_come_before(tmp_path: Path) -> None:
    read = table(tmp_path, '\ufeffnote,price\r\n\r\n"two\r\nlines",1.5\r\nx,\r\n')
    assert (read.columns, read.text("note")) == (("note", "price"), ["two\r\nlines", "x"])
    assert read.place(1, "price") == "file.csv line 5, column price"
    numbers = read.numbers("price")
    assert numbers[0] == 1.5
    assert np.isnan(numbers[1])


@pytest.mark.parametrize(
    ("unit", "cell", "words"),
    [
        (Unit.USD_PER_MWH, "30000", "between -2000 and 20000 USD/MWh"),
        (Unit.CELSIUS, "95", "between -60 and 60 °C"),
        (Unit.MW, "45000000", "between -10000 and 1e+06 MW"),
        (Unit.USD_PER_BTC, "0", "between 0.01 and 1e+08 USD/BTC"),
        (Unit.TH_PER_S, "6e20", "between 1e-06 and 1e+12 TH/s"),
        (Unit.BTC, "22000000", "between 0 and 2.1e+07 BTC"),
    ],
)
def test_a_value_of_another_unit_is_refused_by_the_plausible_values_of_its_own(
    unit: Unit, cell: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        table(tmp_path, f"x,y\n1,{cell}\n").numbers("y", unit)
    assert words in caught.value.rule
    assert caught.value.place == "file.csv line 2, column y"


def test_limits_of_a_column_narrow_those_of_its_unit(tmp_path: Path) -> None:
    read = table(tmp_path, "x\n5\n")
    assert read.numbers("x", Unit.COUNT, least=5, most=5).tolist() == [5.0]
    with pytest.raises(InputError, match="at least 6"):
        read.numbers("x", least=6)
    with pytest.raises(InputError, match="at most 4"):
        read.numbers("x", most=4)


@settings(deadline=None, max_examples=100)
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_number_reads_back_to_the_last_digit(number: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert table(tmp_path_factory.mktemp("csv"), f"x\n{number!r}\n").numbers("x").tolist() == [number]


@pytest.mark.parametrize("cell", ["nan", "inf", "-Infinity", "1_000", "0x10", "1e999", "1 000", "١", "--1", "1e", "."])
def test_what_only_looks_like_a_number_is_none(cell: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="finite number"):
        table(tmp_path, f"x\n{cell}\n").numbers("x")


def test_wall_times_are_written_exactly_as_declared(tmp_path: Path) -> None:
    read = table(tmp_path, "day\n2024-02-29\n")
    assert read.wall_times("day", like="2024-07-01").astype(str).tolist() == ["2024-02-29T00:00:00"]
    for cell in ("2023-02-29", "2024-2-29", "20240229", "2024-02-29T00:00"):
        with pytest.raises(InputError, match="Write 2024-07-01"):
            table(tmp_path, f"day\n{cell}\n").wall_times("day", like="2024-07-01")


def test_a_file_too_large_to_hold_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    with path.open("wb") as sparse:
        sparse.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError, match="one file per year"):
        CsvTable.read(path)


@pytest.mark.parametrize(
    ("head", "words"),
    [(b"", "0 bytes"), (b"PK\x03\x04", "Excel workbook"), (b"\x1f\x8b", "gzip"), (b"\xff\xfea\0", "UTF-16")],
)
def test_what_is_no_text_is_named_for_what_it_is(head: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        refuse_binary(head, "file.csv")


def test_a_row_off_the_grid_is_named_and_rows_that_are_missing_are_left_open() -> None:
    hours = np.array(["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T04:00"], dtype="datetime64[s]")
    grid, where = row_grid(hours, 60, lambda row: f"row {row}")
    assert (grid.n, where.tolist()) == (5, [0, 1, 4])
    for rows, words in (
        (hours[[0, 2, 1]], "row 2: .* in order of time"),
        (hours[[0, 1, 1]], "row 2: .* stands once"),
        (np.append(hours, hours[-1:] + np.timedelta64(900, "s")), "row 3: 15 minutes"),
        ((hours + np.timedelta64(60, "s")).astype("datetime64[s]"), "row 0: .* full parts"),
        (np.append(hours, hours[-1:] + np.timedelta64(3600 * 10_000, "s")), "row 3: .* Check the year"),
    ):
        with pytest.raises(InputError, match=words):
            row_grid(rows, 60, lambda row: f"row {row}")
