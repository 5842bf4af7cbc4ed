"""The prices of coins and shares from a folder, and a universe of one's own, for ``megawatt claims`` and ``megawatt markets``.

A folder holds ``markets/crypto_daily_close.csv`` (date, symbol, close_usdt), ``markets/stocks_daily_ohlc.csv`` (date, ticker,
close) and, for the claim on miners, ``bitcoin/btc_network_daily.csv``. A file that repeats a day or prices something at zero is
refused with its line; a gap, an end and a change of name are noted and shown beside every answer.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from megawatt.core.errors import InputError
from megawatt.markets.claim_data import MarketData, with_baskets, with_renames
from megawatt.markets.index import Index, Rebalancing, Rules, run_index
from megawatt.markets.prices import Calendar, Closes
from megawatt.markets.rotation_report import GROUPS
from megawatt.markets.universe import Kind, Record, Universe
from megawatt.markets.weights import Weighting
from megawatt.sources.csv_table import CsvTable
from megawatt.sources.markets import read_coin_closes, read_share_closes

VARIABLE = "MEGAWATT_DATA"
COINS, SHARES = Path("markets/crypto_daily_close.csv"), Path("markets/stocks_daily_ohlc.csv")
_DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)
UNIVERSE_COLUMNS = ("kind", "asset", "valid_from", "known_from", "value", "into", "source")


@dataclass(frozen=True, slots=True)
class MarketFiles:
    """What was read.

    Attributes:
        data: Prices, with the baskets of the claims.
        sources: Name and SHA-256 of each file.
        notes: Gaps, ends and changes of name, in words.
    """

    data: MarketData
    sources: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def data_folder(given: Path | None) -> Path | None:
    """The folder as given, else ``$MEGAWATT_DATA``, else None.

    Raises:
        InputError: The folder that is named does not exist.
    """
    named = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None and not named.is_dir():
        by = "--data" if given else f"${VARIABLE}"
        raise InputError(
            f"{by} names {named}, which is no folder",
            f"it holds {COINS} and {SHARES}",
            "Name the folder of your prices.",
        )
    return named


def needed_folder(given: Path | None) -> Path:
    """The same, where there is no answer without prices."""
    folder = data_folder(given)
    if folder is None:
        raise InputError(
            "no prices were named",
            f"a folder holds {COINS} (date, symbol, close_usdt) and {SHARES} (date, ticker, close); none is shipped",
            f"Name it with --data, or set {VARIABLE}.",
        )
    return folder


def read_market_files(folder: Path) -> MarketFiles:
    """Read the closes of coins and shares.

    Raises:
        InputError: A file is absent or wrong; the error names its line, the rule and the remedy.
    """
    frames = {"coin": read_coin_closes(folder / COINS), "share": read_share_closes(folder / SHARES)}
    coins = Closes.from_frame(frames["coin"], Calendar.EVERY_DAY, str(frames["coin"].attrs["source"]))
    shares = Closes.from_frame(frames["share"], Calendar.SESSIONS, str(frames["share"].attrs["source"]))
    coins, renamed = with_renames(coins)
    notes = [*renamed]
    for kind, closes in (("coin", coins), ("share", shares)):
        notes += [f"{kind} {one}" for one in (*_gaps(closes), *closes.ends())]
    sources = tuple((str(frame.attrs["source"]), str(frame.attrs["sha256"])) for frame in frames.values())
    return MarketFiles(MarketData(with_baskets(coins), shares), sources, tuple(notes))


def _gaps(closes: Closes) -> list[str]:
    """One line for each name with gaps; `Closes.gaps` has them one by one."""
    by_name: dict[str, list[str]] = {}
    for gap in closes.gaps():
        name, _, what = gap.partition(": ")
        by_name.setdefault(name, []).append(what)
    return [
        f"{name}: {found[0]}" + (f" and {len(found) - 1} more gaps" if found[1:] else "")
        for name, found in by_name.items()
    ]


def read_universe(path: Path) -> Universe:
    """Read records (see `megawatt.markets.universe`): list, supply, delist, merge, rename, halt, resume, one a row.

    Raises:
        InputError: A record is wrong or contradicts another one.
    """
    table = CsvTable.read(path, UNIVERSE_COLUMNS)
    values = table.numbers("value")
    cells = {name: table.text(name) for name in UNIVERSE_COLUMNS}
    records = []
    for row, value in enumerate(values.tolist()):
        if cells["kind"][row] not in set(Kind):
            raise InputError(
                repr(cells["kind"][row]), f"a kind is one of {', '.join(Kind)}", "Correct it.", table.place(row, "kind")
            )
        for name in ("valid_from", "known_from"):
            _check_day(cells[name][row], table.place(row, name), needed=name == "valid_from")
        try:
            records.append(
                Record(
                    Kind(cells["kind"][row]),
                    cells["asset"][row],
                    cells["valid_from"][row],
                    cells["known_from"][row],
                    None if np.isnan(value) else value,
                    cells["into"][row],
                    cells["source"][row],
                )
            )
        except InputError as error:
            raise InputError(error.value, error.rule, error.remedy, table.place(row)) from None
    return Universe.of(records)


def indices(closes: Closes, universe: Universe, weighting: Weighting) -> Mapping[str, Index]:
    """An index by the divisor method for each group of the rotation that has a member in the universe.

    A group's members are the assets of its list and whatever they were renamed or merged into.

    Raises:
        InputError: A member's closes end or have a gap and no record says why, or an equal-weighted index lacks a
            delisting return.
    """
    found = {}
    for name, listed in GROUPS.items():
        members = set(listed)
        for record in universe.records:
            members |= {record.into} if record.asset in members and record.into else set()
        records = tuple(one for one in universe.records if one.asset in members)
        if records:
            first = min(record.effective for record in records)
            assets = [
                one for one in closes.names if one in {record.asset for record in records} | {r.into for r in records}
            ]
            own = closes.select(assets).between(str(max(first, closes.days[0])), str(closes.days[-1]))
            found[name] = run_index(own, Universe(records), Rules(weighting, Rebalancing.MONTHLY))
    return found


def _check_day(text: str, place: str, *, needed: bool) -> None:
    if (text or needed) and not _DAY.fullmatch(text):
        raise InputError(repr(text), "a day is written 2024-06-19", "Correct the cell.", place)
