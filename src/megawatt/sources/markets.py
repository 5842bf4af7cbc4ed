"""What markets publish by the day: coins, shares, an index and the total value of all coins, as tidy checked tables.

Each reader returns a DataFrame with a row a day (``DatetimeIndex``, ascending, without a zone) and a column a symbol, NaN where
there is no close. A coin's day ends at midnight UTC; a share's day is the session of its exchange. Nothing is filled: days on
which no coin of the file closed stay as rows of NaN, sessions that did not take place are no rows. ``attrs["sha256"]`` is the
hash of the file's bytes, ``attrs["source"]`` its name.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.sources.csv_table import CsvTable

SMALLEST = 1e-12
"""A price or market value is above zero; no coin is quoted below this [USD]."""


def read_coin_closes(path: Path) -> pd.DataFrame:
    """Closes of coins [USD]: columns ``date`` (UTC), ``symbol``, ``close_usdt``; every day between the first and the last is a row.

    Raises:
        InputError: A date is malformed, a symbol has two closes on a day, or a price is not above zero.
    """
    table = CsvTable.read(path, ["date", "symbol", "close_usdt"])
    frame = _wide(table, "symbol", "close_usdt")
    whole = pd.date_range(frame.index[0], frame.index[-1], freq="D")
    return _marked(frame.reindex(whole), table)


def read_share_closes(path: Path) -> pd.DataFrame:
    """Closes of shares [USD]: columns ``date`` (session), ``ticker``, ``close``; sessions only.

    Raises:
        InputError: A date is malformed or on a weekend, a ticker has two closes on a day, or a price is not above zero.
    """
    table = CsvTable.read(path, ["date", "ticker", "close"])
    frame = _wide(table, "ticker", "close")
    for row, day in enumerate(_days(table)):
        if day.weekday() >= 5:
            raise _refused(table, row, "date", "no exchange has a session on a weekend")
    return _marked(frame, table)


def read_index(path: Path, column: str) -> pd.DataFrame:
    """One daily column, such as ``sp500`` or ``total_crypto_market_cap_usd``, by its ``date``.

    Raises:
        InputError: A date is malformed or repeats, or a value is not above zero.
    """
    table = CsvTable.read(path, ["date", column])
    values = table.numbers(column, least=SMALLEST)
    frame = pd.DataFrame({column: values}, index=_days(table))
    repeated = frame.index.duplicated()
    if repeated.any():
        raise _refused(table, int(np.argmax(repeated)), "date", "a day stands once")
    return _marked(frame.sort_index(), table)


def _wide(table: CsvTable, name: str, value: str) -> pd.DataFrame:
    values: Floats = table.numbers(value, least=SMALLEST)
    long = pd.DataFrame({"day": _days(table), "name": table.text(name), "value": values})
    empty = (long["name"] == "").to_numpy()
    if empty.any():
        raise _refused(table, int(np.argmax(empty)), name, "every row names its symbol")
    repeated = long.duplicated(["day", "name"]).to_numpy()
    if repeated.any():
        row = int(np.argmax(repeated))
        raise _refused(table, row, "date", f"{long['name'].iloc[row]} has one close a day; this is the second")
    return long.pivot_table(index="day", columns="name", values="value", aggfunc="first", dropna=False).sort_index()


def _days(table: CsvTable) -> pd.DatetimeIndex:
    days = []
    for row, cell in enumerate(table.text("date")):
        if len(cell) != 10:
            raise _refused(table, row, "date", "a day is written 2024-06-19")
        try:
            days.append(pd.Timestamp(np.datetime64(cell, "D")))
        except ValueError:
            raise _refused(table, row, "date", "a day is written 2024-06-19") from None
    return pd.DatetimeIndex(days)


def _marked(frame: pd.DataFrame, table: CsvTable) -> pd.DataFrame:
    frame.index.name, frame.columns.name = "day", None
    frame.attrs.update(sha256=table.sha256, source=table.name)
    return frame


def _refused(table: CsvTable, row: int, column: str, rule: str) -> InputError:
    return InputError(
        repr(table.text(column)[row]), rule, "Correct the cell from its source.", table.place(row, column)
    )
