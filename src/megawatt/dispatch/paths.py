"""Price paths by number, and what sites earn on them: never more than a chunk of paths in memory.

A path is drawn by a random generator of its own, ``SeedSequence(seed, spawn_key=(number,))``, so the hundredth path is
the same whether one machine draws a thousand or each of ten draws its share.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.dispatch.crew import Crew, Store, run
from megawatt.dispatch.ensemble import Ensemble
from megawatt.dispatch.lanes import LANES
from megawatt.dispatch.problem import Floats

CHUNK = 4 * LANES
"""Paths of one task."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Price paths from a seed.

    Attributes:
        draw: Makes a path, shape (T,) [USD/MWh], from a generator; a function of a module, where other processes draw.
        count: Number of paths.
        seed: Of all of them.
    """

    draw: Callable[[np.random.Generator], Floats]
    count: int
    seed: int

    def path(self, number: int) -> Floats:
        """One path, shape (T,) [USD/MWh]."""
        return self.draw(np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,))))

    def sha256(self) -> str:
        """Hash of seed, number and the first path, which stands for how paths are drawn."""
        digest = hashlib.sha256(f"{self.seed} {self.count}".encode())
        digest.update(np.ascontiguousarray(self.path(0), dtype="<f8").tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Values:
    """The work of `values_usd`: a task is a chunk of paths.

    Attributes:
        ensemble: The sites.
        paths: The paths.
    """

    ensemble: Ensemble
    paths: Paths

    @property
    def tasks(self) -> int:
        """Number of chunks."""
        return -(-self.paths.count // CHUNK)

    def __call__(self, task: int) -> Floats:
        """Values of a chunk, shape (V, its paths) [USD]."""
        last = min(self.paths.count, (task + 1) * CHUNK)
        firsts = range(task * CHUNK, last, LANES)
        lanes = (self._lanes(first, min(last, first + LANES)) for first in firsts)
        return np.concatenate([self.ensemble.values_usd(prices) for prices in lanes], axis=1)

    def _lanes(self, first: int, last: int) -> NDArray[np.floating]:
        """Paths side by side, shape (T, last - first)."""
        prices = np.empty((self.ensemble.T, last - first), dtype=self.ensemble.precision)
        for number in range(first, last):
            path = self.paths.path(number)
            if path.shape != (self.ensemble.T,):
                raise InputError(
                    f"path {number} of shape {path.shape}",
                    f"a path has one price for each of the {self.ensemble.T} intervals",
                    "Draw on the problem's own grid.",
                )
            prices[:, number - first] = path
        return prices


def values_usd(
    ensemble: Ensemble,
    paths: Paths,
    *,
    crew: Crew | None = None,
    store: Store | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Floats:
    """Net of the optimal plan of every variant on every path.

    Args:
        ensemble: The V variants.
        paths: The P paths.
        crew: Who does the chunks; the values do not depend on it.
        store: Where chunks are kept; a run that was stopped goes on from there.
        progress: Called with the number of chunks done and of all.

    Returns:
        Shape (V, P) [USD].

    Raises:
        InputError: There is no path, a path has a wrong length or a price that is no finite number, or the store holds
            results of other inputs.
    """
    if paths.count < 1:
        raise InputError(f"{paths.count} paths", "at least one is needed", "Ask for more.")
    work = Values(ensemble, paths)
    key = hashlib.sha256(f"{ensemble.sha256()} {paths.sha256()} {CHUNK}".encode()).hexdigest()
    return np.concatenate(run(work, work.tasks, key=key, crew=crew, store=store, progress=progress), axis=1)
