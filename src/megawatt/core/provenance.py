"""Where a number comes from: its birth certificate."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provenance:
    """Source of a series or table.

    Attributes:
        source: Name or address of the publication, for example ``"ERCOT settlement point prices"``.
        retrieved: Date on which it was read, ISO 8601, or empty when not known.
        licence: Terms of use as stated at the source; ``"not stated"`` when there are none.
        sha256: Hash of the bytes that were read, or of the parameters a modelled series was made from.
        modelled: True when the values come from a model and not from a measurement or publication.
    """

    source: str
    retrieved: str = ""
    licence: str = "not stated"
    sha256: str = ""
    modelled: bool = False
