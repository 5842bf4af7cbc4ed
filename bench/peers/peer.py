"""What a peer is to the bench."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from bench.instances import Instance
from bench.plan_check import Counts


class Peer(ABC):
    """One way to the optimum.

    Attributes:
        name: Name in the tables.
        asked: What it was asked: formulation, tolerances, options.
        packages: Distributions whose versions are recorded.
    """

    name: ClassVar[str]
    asked: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]

    @abstractmethod
    def build(self, instance: Instance) -> Any:
        """The model, from the instance's arrays. Timed as build."""

    @abstractmethod
    def solve(self, model: Any) -> Any:
        """The solved model. Timed as solve."""

    @abstractmethod
    def answer(self, instance: Instance, solved: Any) -> tuple[float, Counts]:
        """The peer's own objective [USD] and its plan; not timed.

        Raises:
            RuntimeError: It ended without an optimum.
        """
