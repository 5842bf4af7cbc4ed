"""The data of a site: the shipped reference scenario, the local store, or both, as the site file says."""

import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.power.price_model import PriceModel
from megawatt.site.read import Site
from megawatt.sources.reference_network import reference_network
from megawatt.sources.reference_power import REFERENCE_SEED, reference_power_parameters
from megawatt.sources.store import Store

STORE_VARIABLE = "MEGAWATT_STORE"
STORE_NAME = "megawatt.sqlite"


def store_path(given: Path | None = None) -> Path:
    """Where the local store lies: as given, else ``$MEGAWATT_STORE``, else ``megawatt.sqlite`` in the working folder."""
    return given or Path(os.environ.get(STORE_VARIABLE, STORE_NAME))


def data_for(site: Site, store: Path | None = None) -> Dataset:
    """All series that a site may use.

    Args:
        site: Its ``[data]`` table chooses reference or store for power and for network.
        store: The local store; see `store_path`.

    Raises:
        InputError: The store is asked for and missing or damaged.
    """
    stored = Dataset(())
    if "store" in {site.data.power, site.data.network}:
        path = store_path(store)
        if not path.exists():
            raise InputError(
                f"the local store {path} does not exist",
                "[data] of the site file asks for it",
                "Import series with 'megawatt data import', name it with --store, or write power = \"reference\".",
                site.place,
            )
        stored = Store(path).dataset()
    chosen = {one.name: one for one in stored.values()}
    if site.data.network == "reference":
        chosen |= dict(reference_network())
    if site.data.power == "reference":
        chosen |= dict(reference_power(site.grid()))
    return Dataset(chosen.values())


@lru_cache(maxsize=4)
def reference_power(grid: TimeGrid) -> Dataset:
    """The modelled prices of the shipped scenario on the 15-minute intervals of a period, one day earlier included.

    The day before is there so that the first decision of the period has a last known price.
    """
    day = np.timedelta64(86_400, "s")
    quarter_hours = int((grid.end - grid.start + day) // np.timedelta64(900, "s"))
    wide = TimeGrid(grid.start - day, 15, quarter_hours)
    model = PriceModel.from_dict(reference_power_parameters())
    return model.simulate(wide, np.random.default_rng(REFERENCE_SEED))
