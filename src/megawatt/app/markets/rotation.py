"""Rotation from files: the report as of a day, with indices where a universe is given."""

from pathlib import Path

import numpy as np

from megawatt.app.markets.files import MarketFiles, indices, read_universe
from megawatt.app.markets.wording import checked_day
from megawatt.markets.claim_tests import SEED
from megawatt.markets.rotation_report import RotationReport, rotation_report
from megawatt.markets.weights import Weighting

WEIGHTINGS = {"cap": Weighting.CAP, "square-root": Weighting.SQUARE_ROOT, "equal": Weighting.EQUAL}


def run_rotation(
    files: MarketFiles,
    as_of: str | None = None,
    *,
    window: int = 60,
    universe: Path | None = None,
    weighting: str = "cap",
) -> tuple[RotationReport, tuple[str, ...]]:
    """The report, and what a reader must know of its indices.

    Args:
        files: Prices.
        as_of: Last day, ISO 8601; default the last common close.
        window: Common days.
        universe: File of records; the groups that it holds become indices by the divisor method.
        weighting: ``cap``, ``square-root`` or ``equal``.

    Raises:
        InputError: A record contradicts the prices, or there are too few days.
    """
    day = checked_day(as_of) if as_of else str(files.data.common().days[-1])
    made = {} if universe is None else indices(files.data.coins, read_universe(universe), WEIGHTINGS[weighting])
    notes = tuple(f"index of {name}: {note.rstrip('.')}" for name, index in made.items() for note in index.notes)
    return rotation_report(files.data, day, np.random.default_rng(SEED), window=window, indices=made), notes
