"""A good plan, quickly: peaks tried from high to low, and for each the jobs, the blocks, and steps that only gain."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import SolverError
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.peaks import highest_mw, lowest_mw
from megawatt.dispatch.coupled.shave import shave
from megawatt.dispatch.coupled.trial import Trial
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.problem import Floats

SHARES = (1.0, 0.9, 0.75, 0.5, 0.25, 0.0)
"""Peaks that are tried first, as shares of the way from the lowest to the highest."""

HALVINGS = 4
"""How often the step around the best peak is halved."""

SWEEPS = 6
"""Most sweeps over all blocks and jobs of one trial."""


@dataclass(slots=True)
class Search:
    """Trials of one problem, the best of them kept.

    Attributes:
        split: The prepared problem.
        best: Best trial so far, None when nothing fitted.
        value_usd: Its value [USD].
        deadline: Once a trial fitted, no other begins after it.
    """

    split: Split
    best: Trial | None = None
    value_usd: float = -np.inf
    deadline: Deadline = field(default_factory=Deadline)
    _seen: dict[bytes, float] = field(default_factory=dict)

    def valued(self) -> Trial:
        """The best trial, its powers and awards up to date.

        Raises:
            SolverError: No trial fitted.
        """
        if self.best is None:
            raise SolverError(
                "no plan that fits the limits",
                "a bound needs a plan to stand beside",
                "Look at what `run` returned before going on.",
            )
        self.best.value_usd()
        return self.best

    def begin(self) -> "Trial | None":
        """Try the highest peaks."""
        self.attempt(highest_mw(self.split) if self.split.problem.peaks else np.zeros(1))
        return self.best

    def run(self) -> "Trial | None":
        """Try the peaks, then the neighbourhood of the best."""
        if not self.split.problem.peaks:
            self.attempt(np.zeros(1))
            return self.best
        low, top = lowest_mw(self.split), highest_mw(self.split)
        top = np.maximum(top, low)
        for share in SHARES:
            self.attempt(low + share * (top - low))
        step = 0.1 * (top - low)
        for _ in range(HALVINGS if self.best is not None else 0):
            for sign in (-1.0, 1.0):
                self.attempt(np.clip(self.best.peaks_mw + sign * step, low, top))  # type: ignore[union-attr]  # there is one
            step = step / 2
        if len(low) > 1:
            self._month_by_month(low, top)
        return self.best

    def _month_by_month(self, low: Floats, top: Floats) -> None:
        """Lower the peaks one by one: months differ in what their peak costs and brings."""
        for m in range(len(low)):
            for share in SHARES[1:]:
                if self.best is None:
                    return
                peaks, before = self.best.peaks_mw.copy(), self.value_usd
                peaks[m] = low[m] + share * (top[m] - low[m])
                if peaks[m] < self.best.peaks_mw[m] and self.attempt(peaks) <= before:
                    break

    def shake(self, times: int, rng: np.random.Generator) -> None:
        """Take some blocks and jobs out of the best plan, put them back in another order, and keep what is better."""
        for _ in range(times):
            if self.best is None or self.deadline.over:
                return
            trial = self.best.copy()
            if self.split.problem.peaks and rng.random() < 0.5:  # as often as not
                low, top = lowest_mw(self.split), highest_mw(self.split)
                share = rng.choice(SHARES)
                trial.set_peaks(np.maximum(low + share * (top - low), trial.peaks_mw))
            trial.rebuild(rng)
            if np.isfinite(trial.value_usd()):
                trial.improve(SWEEPS)
                value = shave(trial)
                if value > self.value_usd:
                    self.best, self.value_usd = trial, value

    def attempt(self, peaks_mw: Floats, work: NDArray[np.int8] | None = None) -> float:
        """Value of the plan under given peaks, with the jobs started as given [USD]; it is kept if it is the best."""
        if self.best is not None and self.deadline.over:
            return -np.inf
        key = np.round(peaks_mw, 6).tobytes() + (b"" if work is None else work.tobytes())
        if key in self._seen:
            return self._seen[key]
        trial = Trial.start(self.split, peaks_mw, work)
        self._seen[key] = value = -np.inf if trial is None else self._improved(trial)
        return value

    def follow(self, peaks_mw: Floats, words: list[NDArray[np.int8]], work: NDArray[np.int8]) -> None:
        """Begin from given words of all blocks and jobs, which may pass the limit; the plan is kept if it is the best."""
        key = b"".join([np.round(peaks_mw, 6).tobytes(), *(word.tobytes() for word in words), work.tobytes()])
        if self.deadline.over or key in self._seen:
            return
        trial = Trial.empty(self.split, peaks_mw, work)
        trial.take(words)
        if not np.isfinite(trial.value_usd()):
            trial.step_blocks()
        self._seen[key] = self._improved(trial)

    def _improved(self, trial: Trial) -> float:
        """Value of a trial that fits after its steps [USD]; it is kept if it is the best."""
        trial.improve(SWEEPS)
        value = shave(trial)
        if value > self.value_usd:
            self.best, self.value_usd = trial, value
        return value
