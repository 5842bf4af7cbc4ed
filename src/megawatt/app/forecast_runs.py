"""Walk-forward runs that can be taken up again: one file per model and half year, named by all that decides it."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.forecast.model import Forecast, Forecaster, Issues, backtest, information

PART = 182
"""Issues in a part. Every part starts with a new model, so that a run taken up again gives the same answer."""


@dataclass(frozen=True, slots=True)
class Run:
    """A forecast of all issues and what it cost.

    Attributes:
        forecast: The forecast.
        cpu_seconds: CPU time when it was made.
    """

    forecast: Forecast
    cpu_seconds: float


def walk(
    make: Callable[[], Forecaster],
    data: Dataset,
    issues: Issues,
    *,
    naive: Forecaster,
    folder: Path,
    say: Callable[[str], None],
) -> Run:
    """Run a forecaster over all issues in parts, taking from ``folder`` those that are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    parts, cost = [], 0.0
    for first in range(0, len(issues), PART):
        part, model = issues.part(first, min(first + PART, len(issues))), make()
        hashes = information(Dataset(data[name] for name in model.inputs), part.issued)
        path = folder / f"{_key(model, part, hashes)}.npz"
        if not path.exists():
            begin = time.process_time()
            made = backtest(model, data, part, naive=naive)
            _write(path, made, time.process_time() - begin)
        with np.load(path) as kept:
            parts.append((kept["quantiles"], kept["naive"], hashes))
            cost += float(kept["cpu_seconds"])
        say(f"{model.target}  {model.name}  {first + len(part)} of {len(issues)}")
    quantiles, twin = (np.concatenate([one[n] for one in parts]) for n in (0, 1))
    known = tuple(digest for one in parts for digest in one[2])
    unit = data[model.target].unit
    head = model.name, model.version, model.target, unit, issues, model.levels
    forecast = Forecast(*head, quantiles, twin, known, naive.name)
    return Run(forecast, cost)


def _key(model: Forecaster, issues: Issues, hashes: tuple[str, ...]) -> str:
    """Name of a part's file: model, version, when, for what, and from which information."""
    digest = hashlib.sha256("|".join((model.name, model.version, model.target, *model.inputs, *hashes)).encode())
    digest.update(issues.issued.tobytes() + issues.starts.tobytes())
    return f"{model.name}-{model.version}-{digest.hexdigest()[:16]}"


def _write(path: Path, made: Forecast, cpu_seconds: float) -> None:
    part = path.with_suffix(".part.npz")
    np.savez(part, quantiles=made.quantiles, naive=made.naive, cpu_seconds=cpu_seconds)
    part.replace(path)
