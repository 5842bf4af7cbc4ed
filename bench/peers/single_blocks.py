"""The block model: every block a unit of its own, as one writes it who does not count equal blocks together."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from bench.instances import Class, Instance
from bench.peers.highs_direct import HighsLp, HighsMip
from bench.peers.peer import Peer
from bench.peers.pypsa_network import Pypsa
from bench.plan_check import Counts


class Singles(Instance):
    """An instance whose classes are its blocks."""

    def classes(self) -> list[Class]:
        """One class a block."""
        return [replace(c, blocks=1) for c in super().classes() for _ in range(c.blocks)]


class SingleBlocks(Peer):
    """A peer that is handed single blocks; its plan is counted together afterwards."""

    inner: ClassVar[Peer]

    def build(self, instance: Instance) -> Any:
        """The model of the blocks."""
        return self.inner.build(Singles(instance.days, instance.minutes, instance.blocks))

    def solve(self, model: Any) -> Any:
        """As the peer does."""
        return self.inner.solve(model)

    def answer(self, instance: Instance, solved: Any) -> tuple[float, Counts]:
        """Objective and counts of the classes."""
        usd, blocks = self.inner.answer(Singles(instance.days, instance.minutes, instance.blocks), solved)
        first = np.cumsum([0, *(c.blocks for c in instance.classes())])[:-1]
        return usd, np.add.reduceat(blocks, first, axis=0)


class HighsLpBlocks(SingleBlocks):
    """HiGHS on the linear programme of the blocks, integral as well."""

    name: ClassVar[str] = "HiGHS LP, single blocks"
    asked: ClassVar[str] = "the same rows for every block, else as HiGHS LP"
    packages: ClassVar[tuple[str, ...]] = HighsLp.packages
    inner: ClassVar[Peer] = HighsLp()


class HighsMipBlocks(SingleBlocks):
    """HiGHS on binaries of the blocks."""

    name: ClassVar[str] = "HiGHS MIP, single blocks"
    asked: ClassVar[str] = "the same rows for every block, binaries, else as HiGHS MIP"
    packages: ClassVar[tuple[str, ...]] = HighsMip.packages
    inner: ClassVar[Peer] = HighsMip()


class PypsaBlocks(SingleBlocks):
    """PyPSA with a committable unit a block."""

    name: ClassVar[str] = "PyPSA, single blocks"
    asked: ClassVar[str] = "one committable unit a block, else as PyPSA"
    packages: ClassVar[tuple[str, ...]] = Pypsa.packages
    inner: ClassVar[Peer] = Pypsa()
