"""PyPSA: one bus, the grid as a generator at the spot price, each class as one committable generator that draws.

Equal blocks under one price do the same, so a class is one unit of its whole power; its status times the blocks is the
count. PyPSA's constraints of commitment are the tight ones, and with ``linearized_unit_commitment`` they are solved as
the linear programme that is integral here. Money per interval is put into the marginal costs, hours times USD/MWh.
"""

import logging
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pypsa

from bench.instances import SITE_MW, Instance
from bench.peers.peer import Peer
from bench.plan_check import Counts

logging.getLogger("pypsa").setLevel(logging.ERROR)


class Pypsa(Peer):
    """`Network` with committable generators."""

    name: ClassVar[str] = "PyPSA"
    asked: ClassVar[str] = (
        "one committable unit a class, linearized unit commitment (it is integral), io_api=direct, HiGHS presolve off, one thread"
    )
    packages: ClassVar[tuple[str, ...]] = ("pypsa", "linopy", "highspy")

    def build(self, instance: Instance) -> Any:
        """Network and its optimisation model."""
        hours, price = instance.minutes / 60, instance.price_usd_per_mwh
        network = pypsa.Network()
        network.set_snapshots(pd.RangeIndex(instance.T))
        network.add("Bus", "site")
        network.add("Generator", "grid", bus="site", p_nom=SITE_MW, marginal_cost=hours * price)
        for i, c in enumerate(instance.classes()):
            network.add(
                "Generator", f"{i}", bus="site", sign=-1, committable=True, p_min_pu=1.0,
                p_nom=c.blocks * c.block_mw, marginal_cost=-hours * c.revenue_usd_per_h / c.block_mw,
                start_up_cost=c.blocks * c.start_usd, shut_down_cost=c.blocks * c.stop_usd,
                min_up_time=instance.min_up, min_down_time=instance.min_down, up_time_before=instance.min_up + 1,
            )  # fmt: skip
        network.optimize.create_model(linearized_unit_commitment=True)
        return network

    def solve(self, model: Any) -> Any:
        """Hand over, run, read back: what the user waits for."""
        options = {"presolve": "off", "threads": 1, "log_to_console": False, "output_flag": False}
        status = model.optimize.solve_model(solver_name="highs", io_api="direct", solver_options=options)
        return model, status

    def answer(self, instance: Instance, solved: Any) -> tuple[float, Counts]:
        """Objective and counts."""
        network, (_, condition) = solved
        if condition != "optimal":
            raise RuntimeError(condition)
        status = network.c.generators.dynamic.status
        rows = [c.blocks * status[f"{i}"].to_numpy() for i, c in enumerate(instance.classes())]
        return -float(network.objective), np.array(rows)
