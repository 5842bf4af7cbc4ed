"""A set of named series: what a site, a plan or a backtest is given to work with.

Names are kind before place: ``price_rt/LZ_WEST``, ``price_da/HB_WEST``, ``as/regup``, ``load/ERCOT``,
``temperature/ERCOT``, ``btc/price``, ``btc/difficulty``, ``btc/subsidy``, ``btc/fees``, ``gpu/H100``.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from megawatt.core.errors import InputError
from megawatt.core.series import Series


class Dataset(Mapping[str, Series]):
    """Series by name; asking for one that is missing names the nearest ones."""

    def __init__(self, series: Iterable[Series]) -> None:
        self._series: dict[str, Series] = {}
        for one in series:
            if one.name in self._series:
                raise InputError(
                    f"two series are named {one.name!r}", "a name stands for one series", "Rename or drop one of them."
                )
            self._series[one.name] = one

    def __getitem__(self, name: str) -> Series:
        try:
            return self._series[name]
        except KeyError:
            near = get_close_matches(name, self._series, n=3, cutoff=0.5) or sorted(self._series)[:8]
            raise InputError(
                f"the series {name!r} is needed",
                "the data do not hold it",
                f"Import it with 'megawatt data import', or use one of: {', '.join(near) or 'none'}.",
            ) from None

    def get(self, name: str, default: Series | None = None) -> Series | None:  # type: ignore[override]  # one default kind
        """The series, or ``default`` when there is none of that name."""
        return self._series.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._series

    def __iter__(self) -> Iterator[str]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def with_series(self, *series: Series) -> "Dataset":
        """A new set in which ``series`` are added or replace those of the same name."""
        merged = dict(self._series)
        merged.update({one.name: one for one in series})
        return Dataset(merged.values())
