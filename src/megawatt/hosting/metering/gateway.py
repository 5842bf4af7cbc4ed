"""The gateway at a meter: it signs readings where they are taken, each batch naming the one before."""

from collections.abc import Callable, Sequence

from megawatt.hosting.metering.batch import BATCH, ClockState, MeterBatch
from megawatt.proof.entry import Entry
from megawatt.proof.hashes import leaf_hash
from megawatt.proof.keys import Signer


class Gateway:
    """Signs one meter's readings since one start of the device.

    Args:
        meter: Id of the meter.
        signer: Key of the meter.
        boot: Name of this start; a new one each time, because the sequence begins anew.
        salt: Gives 16 random bytes; the caller's secure generator.
        previous: Entry id of the last batch before this start; empty for the meter's first.
    """

    def __init__(self, meter: str, signer: Signer, *, boot: str, salt: Callable[[], bytes], previous: str = "") -> None:
        self._meter, self._signer, self._boot, self._salt = meter, signer, boot, salt
        self._sequence, self._previous = 0, previous

    def batch(
        self,
        start: int,
        seconds: int,
        registers: Sequence[int | None],
        *,
        suspect: Sequence[int] = (),
        clock: ClockState = ClockState.SYNCED,
        offset_ms: int = 0,
        source: str = "",
    ) -> Entry:
        """The next batch, signed; it has a number even if it never reaches the log.

        Args:
            start: Instant of the first reading [s since 1970 UTC].
            seconds: Time between two readings [s].
            registers: Cumulative register at each instant; None where it was not read.
            suspect: Positions that the device doubts.
            clock: Whether the times can be believed.
            offset_ms: Device clock less reference [ms].
            source: Where the device has its time from.
        """
        body = MeterBatch(
            meter=self._meter,
            boot=self._boot,
            sequence=self._sequence,
            previous=self._previous,
            start=start,
            seconds=seconds,
            registers=tuple(registers),
            suspect=tuple(suspect),
            clock=clock,
            offset_ms=offset_ms,
            source=source,
        ).to_body()
        MeterBatch.from_body(body)  # what the gateway signs counts
        entry = Entry(BATCH, 1, self._salt().hex(), body, {}).sign(self._signer)
        self._sequence, self._previous = self._sequence + 1, leaf_hash(entry.to_bytes()).hex()
        return entry
