"""When to stop: seconds by a clock that the caller hands over, or, without one, by what the general solver took."""

from collections.abc import Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]
"""Seconds since any moment, never falling; `time.monotonic` where the world may be asked."""


@dataclass(slots=True)
class Deadline:
    """Seconds that are left of some.

    Attributes:
        seconds: How many there were.
        clock: What counts them; without one only what is reported as spent counts.
    """

    seconds: float = float("inf")
    clock: Clock | None = None
    _begun: float = field(init=False)
    _spent: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._begun = self.clock() if self.clock else 0.0

    def spend(self, seconds: float) -> None:
        """Count the time that a solver says it took, where no clock does."""
        self._spent += seconds

    def left(self) -> float:
        """Seconds that are left for the general solver, at least 0."""
        gone = self.clock() - self._begun if self.clock else self._spent
        return max(self.seconds - gone, 0.0)

    def left_by_clock(self) -> float:
        """Seconds that are left for all else; without a clock any number, so that it depends on no machine."""
        return self.left() if self.clock else float("inf")

    @property
    def over(self) -> bool:
        """Whether the clock leaves none."""
        return self.left_by_clock() <= 0.0
