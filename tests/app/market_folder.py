"""A folder of made-up closes: two years of coins and shares with one planted event, small enough to read."""

from pathlib import Path

import numpy as np

COINS = ("BTC", "ETH", "SOL", "BNB", "XRP", "FET", "NEAR", "TAO", "GRT", "RNDR")
SHARES = ("NVDA", "DELL", "QQQ", "SPY", "RIOT", "MARA")
EVENT = "2024-06-19"
"""On this day every AI coin rises by 30 % more than Bitcoin."""
FIRST, DAYS = "2023-06-01", 480
COIN_FILE, SHARE_FILE = Path("markets/crypto_daily_close.csv"), Path("markets/stocks_daily_ohlc.csv")


def write_folder(folder: Path) -> Path:
    """Write both files and return the folder."""
    rng = np.random.default_rng(20240619)
    days = np.datetime64(FIRST, "D") + np.arange(DAYS)
    bitcoin = 0.02 * rng.standard_normal(DAYS)
    coins = {name: bitcoin * (1 + 0.1 * i) + 0.02 * rng.standard_normal(DAYS) for i, name in enumerate(COINS)}
    coins["BTC"] = bitcoin
    for name in ("FET", "NEAR", "TAO", "GRT", "RNDR"):
        coins[name][days == np.datetime64(EVENT)] += 0.30
    rest = days[np.is_busday(days) & (days != np.datetime64(EVENT))]
    market = 0.01 * rng.standard_normal(rest.size)
    shares = {name: market + 0.015 * rng.standard_normal(rest.size) for name in SHARES}
    (folder / "markets").mkdir(parents=True)
    _write(folder / COIN_FILE, "date,symbol,close_usdt", days, coins)
    _write(folder / SHARE_FILE, "date,ticker,close", rest, shares)
    return folder


def _write(
    path: Path,
    head: str,
    days: "np.ndarray[tuple[int], np.dtype[np.datetime64]]",
    returns: "dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]",
) -> None:
    lines = [head]
    for name, values in returns.items():
        prices = 100 * np.exp(np.cumsum(values))
        lines += [f"{day},{name},{price:.6f}" for day, price in zip(days, prices, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def without(path: Path, start: str) -> None:
    """Drop the lines that begin with ``start``."""
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(start)]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def instead(path: Path, old: str, new: str) -> None:
    """Replace the one line that begins with ``old``."""
    lines = path.read_text(encoding="utf-8").splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith(old)]
    lines[at] = new
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def add(path: Path, line: str) -> None:
    """Append a line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
