"""Prices of energy or of GPU-hours as signed batches, and the price of each interval."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from megawatt.hosting.metering.fields import MAX_RATE, Fields
from megawatt.hosting.metering.register import Flags, Integers
from megawatt.proof.canonical import Json

PRICE = "price.batch"
_MONTH = 31 * 86_400


@dataclass(frozen=True, slots=True)
class PriceBatch:
    """Prices that hold one after the other.

    Attributes:
        series: Name of the series, such as `price_rt/LZ_WEST`.
        start: When the first begins to hold [s since 1970 UTC].
        seconds: How long each holds [s].
        uusd: Prices [micro-USD per MWh or GPU-hour]; None where there is none.
    """

    series: str
    start: int
    seconds: int
    uusd: tuple[int | None, ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`.

        Raises:
            FormatError: The body is not as docs/proof/settlement.md says.
        """
        fields = Fields(body, PRICE)
        batch = cls(
            fields.text("series"),
            fields.instant("start"),
            fields.integer("seconds", 1, _MONTH),
            tuple(fields.integers("uusd", -MAX_RATE, MAX_RATE)),
        )
        fields.end()
        return batch

    def to_body(self) -> dict[str, Json]:
        """Body of the entry."""
        return {"series": self.series, "start": self.start, "seconds": self.seconds, "uusd": list(self.uusd)}


def price_of(starts: Integers, batches: Iterable[PriceBatch]) -> tuple[Integers, Flags]:
    """The price at each instant: that of the last batch that speaks of it.

    Args:
        starts: Shape (n,); instants [s since 1970 UTC].
        batches: In the order of the log.

    Returns:
        Shape (n,) each: price [micro-USD], and whether there is one.
    """
    price = np.zeros(len(starts), dtype=np.int64)
    known = np.zeros(len(starts), dtype=np.bool_)
    for batch in batches:
        place = (starts - batch.start) // batch.seconds
        spoken = (place >= 0) & (place < len(batch.uusd))
        values = np.array([0 if one is None else one for one in batch.uusd], dtype=np.int64)
        there = np.array([one is not None for one in batch.uusd], dtype=np.bool_)
        price[spoken], known[spoken] = values[place[spoken]], there[place[spoken]]
    return price, known
