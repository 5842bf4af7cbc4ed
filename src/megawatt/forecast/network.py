"""A small ensemble of neural networks: all intervals of the day at once, non-linear in load, wind and yesterday.

Each member is a perceptron with two hidden layers beside a linear layer, trained on the absolute error of the scaled
price by Adam, its weights averaged along the way. Members differ in their random start and order of days. They are
trained from nothing once and then kept up: every few issues some passes over all days, recent ones drawn more often.

References:
    Lago, Marcjasz, De Schutter, Weron, Applied Energy 293 (2021) 116983, section 4.3 (the published networks).
    Kingma, Ba, ICLR 2015 (Adam).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.forecast.day_ahead import DayAhead, Lesson, lesson_of
from megawatt.forecast.day_table import WEEK, DayTable
from megawatt.forecast.model import Floats

Weights = list[NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the networks are built and trained; chosen once, on days before any test period.

    Attributes:
        members: Networks.
        hidden: Units of the two hidden layers.
        days: Days of history.
        first_passes: Passes over the days from nothing.
        passes: Passes at each later training.
        every: Issues from one training to the next.
        batch: Days in a step.
        first_rate: Learning rate from nothing, falling to a tenth by a half cosine.
        rate: Learning rate of later trainings.
        decay: Shrinkage of the weights per step, in units of the rate.
        dropout: Share of regressors and of first-layer units left out at random in training.
        half_life: Age at which a day is drawn half as often [days].
        averaging: Share of the old average kept at a step.
    """

    members: int = 4
    hidden: tuple[int, int] = (128, 64)
    days: int = 1456
    first_passes: int = 40
    passes: int = 2
    every: int = 7
    batch: int = 64
    first_rate: float = 2e-3
    rate: float = 3e-4
    decay: float = 0.02
    dropout: float = 0.05
    half_life: float = 700.0
    averaging: float = 0.98


class Network(DayAhead):
    """The ensemble; its forecast is the mean of its members'.

    Args:
        target: Name of the price series.
        others: Names of series known for the day that is forecast.
        timezone: IANA zone of the market's days.
        rng: Source of chance.
        settings: How the networks are built and trained.
    """

    name = "network"

    def __init__(
        self,
        target: str,
        others: Sequence[str],
        *,
        timezone: str,
        rng: np.random.Generator,
        settings: Settings = Settings(),
    ) -> None:
        super().__init__(target, others, timezone=timezone)
        self._settings, self._rng = settings, rng
        self._fits = 0
        self._lesson: Lesson | None = None
        self._weights: Weights = []
        self._average: Weights = []
        self._moments: tuple[Weights, Weights] = ([], [])
        self._steps = 0

    def learn(self, table: DayTable, end: int) -> None:
        """Train when it is time to."""
        due = self._fits % self._settings.every == 0 or not self._weights
        self._fits += 1
        if not due:
            return
        lesson = lesson_of(table, end, self._settings.days)
        if lesson is None:
            return
        cold = not self._weights
        self._lesson = lesson
        if cold:
            self._start(lesson.X.shape[1], lesson.Y.shape[1])
        self._train(lesson, cold=cold)

    def answer(self, table: DayTable, row: int) -> Floats:
        """Mean of the members' forecasts of the day of a row, shape (intervals a day,)."""
        lesson = self._lesson
        if lesson is None or row < WEEK:
            return np.full(table.values.shape[2], np.nan)
        x = lesson.row(table, row).astype(np.float32)
        members = _forward(self._average, np.broadcast_to(x, (self._settings.members, *x.shape)))[-1][:, 0]
        mean: Floats = lesson.scale.restore(members.astype(float)).mean(axis=0)
        return mean

    def _start(self, p: int, H: int) -> None:
        s, a = self._settings, self._rng
        sizes = [(p, s.hidden[0]), s.hidden, (s.hidden[1], H), (p, H)]
        self._weights = []
        for number, (m, n) in enumerate(sizes):
            spread = np.sqrt(2 / m) * (0.1 if number >= 2 else 1.0)
            self._weights.append(a.normal(0, spread, (s.members, m, n)).astype(np.float32))
            self._weights.append(np.zeros((s.members, 1, n), np.float32))
        self._average = [w.copy() for w in self._weights]
        self._moments = ([np.zeros_like(w) for w in self._weights], [np.zeros_like(w) for w in self._weights])
        self._steps = 0

    def _train(self, lesson: Lesson, *, cold: bool) -> None:
        s, rng = self._settings, self._rng
        X, Y = lesson.X.astype(np.float32), lesson.Y.astype(np.float32)
        chance = 0.5 ** (lesson.age / s.half_life)
        chance /= chance.sum()
        steps = (s.first_passes if cold else s.passes) * max(len(X) // s.batch, 1)
        for step in range(steps):
            rate = s.first_rate * (0.1 + 0.45 * (1 + np.cos(np.pi * step / steps))) if cold else s.rate
            rows = rng.choice(len(X), (s.members, s.batch), p=chance)
            self._step(X[rows], Y[rows], rate)

    def _step(self, x: NDArray[np.float32], y: NDArray[np.float32], rate: float) -> None:
        s, w = self._settings, self._weights
        keep = 1 - s.dropout
        x_kept = x * (self._rng.random(x.shape, np.float32) < keep) / np.float32(keep)
        drawn = self._rng.random((*x.shape[:2], s.hidden[0]), np.float32) < keep
        mask = drawn.astype(np.float32) / np.float32(keep)
        one, two, out = _forward(w, x_kept, mask)
        back = np.sign(out - y) / np.float32(y.shape[1] * y.shape[2])
        back2 = (back @ w[4].transpose(0, 2, 1)) * (two > 0)
        back1 = (back2 @ w[2].transpose(0, 2, 1)) * (one > 0) * mask
        x_t = x_kept.transpose(0, 2, 1)
        gradients = [
            x_t @ back1,
            back1.sum(axis=1, keepdims=True),
            one.transpose(0, 2, 1) @ back2,
            back2.sum(axis=1, keepdims=True),
            two.transpose(0, 2, 1) @ back,
            back.sum(axis=1, keepdims=True),
            x_t @ back,
            back.sum(axis=1, keepdims=True),
        ]
        self._steps += 1
        size = np.float32(rate * np.sqrt(1 - 0.999**self._steps) / (1 - 0.9**self._steps))
        first, second = self._moments
        for i, g in enumerate(gradients):
            first[i] += np.float32(0.1) * (g - first[i])
            second[i] += np.float32(0.001) * (g * g - second[i])
            w[i] *= np.float32(1 - rate * s.decay)
            w[i] -= size * first[i] / (np.sqrt(second[i]) + np.float32(1e-8))
            self._average[i] += np.float32(1 - s.averaging) * (w[i] - self._average[i])


def _forward(
    w: Weights, x: NDArray[np.float32], mask: NDArray[np.float32] | float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Both hidden layers and the output, shapes (members, n, units)."""
    one = np.maximum(x @ w[0] + w[1], 0) * mask
    two = np.maximum(one @ w[2] + w[3], 0)
    return one, two, two @ w[4] + w[5] + x @ w[6] + w[7]
