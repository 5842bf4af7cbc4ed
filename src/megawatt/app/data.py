"""The data of a site: the shipped reference scenario, the local store, or both, as the site file says."""

import os
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.power.price_model import PriceModel
from megawatt.site.read import Site
from megawatt.sources.reference_network import reference_network
from megawatt.sources.reference_power import REFERENCE_SEED, reference_power_parameters
from megawatt.sources.store import Store

STORE_VARIABLE = "MEGAWATT_STORE"
STORE_NAME = "megawatt.sqlite"
MOST_INTERVALS = 5_000_000
"""Longest period decided at once: 47 years of five minutes, 142 of quarter hours."""

_COLUMNS = {
    "price_rt": "{place} or {place}_RT",
    "price_da": "{place}_DA",
    "temperature": "temp_c_{lower}",
    "load": "{lower}_mw",
    "as": "as_{lower}_usd_mw",
}
"""Columns of a market's file that become a series, by its kind."""
_UNITS = {"temperature": "°C", "load": "MW", "load_forecast": "MW", "as": "USD/MW per h", "gpu": "USD/GPU-h"}


class SiteData(Dataset):
    """The series of a site; asking for one that is missing says what to import."""

    def __getitem__(self, name: str) -> Series:
        if name in self:
            return super().__getitem__(name)
        near = get_close_matches(name, self, n=3, cutoff=0.6)
        remedy = f"{how_to_import(name)} The data hold {', '.join(near) if near else f'{len(self)} other series'}."
        raise InputError(f"the series {name!r} is needed", "the data do not hold it", remedy)


def how_to_import(name: str) -> str:
    """The command that brings a series of this name into the local store."""
    kind, _, place = name.partition("/")
    if kind == "btc":
        return "Run 'megawatt data import bitcoin FOLDER', or write network = \"reference\" in [data]."
    own = f"'megawatt data import table FILE --name {name} --unit \"{_UNITS.get(kind, 'USD/MWh')}\"'"
    if kind not in _COLUMNS:
        return f'Run {own}, with power = "store" in [data].'
    column = _COLUMNS[kind].format(place=place, lower=place.lower())
    return f"Run 'megawatt data import ercot FILE' with a file that has the column {column}, or {own} with your own."


def store_path(given: Path | None = None) -> Path:
    """Where the local store lies: as given, else ``$MEGAWATT_STORE``, else ``megawatt.sqlite`` in the working folder."""
    return given or Path(os.environ.get(STORE_VARIABLE, STORE_NAME))


def data_for(site: Site, store: Path | None = None) -> Dataset:
    """All series that a site may use.

    Args:
        site: Its ``[data]`` table chooses reference or store for power and for network.
        store: The local store; see `store_path`.

    Raises:
        InputError: The store is asked for and missing or damaged, or the period is too long.
    """
    grid = site.grid()
    if grid.n > MOST_INTERVALS:
        raise InputError(
            f"a period of {grid.n:,} intervals",
            f"at most {MOST_INTERVALS:,} are decided at once",
            "Shorten [period], or --from and --to.",
            site.place,
        )
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
        chosen |= dict(reference_power(grid))
    return SiteData(chosen.values())


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
