"""DEAL.toml and BID.toml: read like a site file, with every problem named at once."""

from pathlib import Path

from megawatt.invest.deal import Deal, Offer
from megawatt.invest.deal_tables import BID_SCHEMA, BID_TABLES, DEAL_SCHEMA, DEAL_TABLES
from megawatt.site.read import content_of, tables_of, text_of

AFRESH = "Start from an example: megawatt init core-2024"
AFRESH_BID = "Start from an example: megawatt init core-2024-bid"


def read_deal(path: Path) -> Deal:
    """The deal of a file.

    Raises:
        SiteFileError: With every problem of the file's form in ``problems``.
    """
    return deal_of(_text(path, "deal", AFRESH), path.name)


def deal_of(text: str, place: str = "deal text") -> Deal:
    """The deal of a text."""
    attributes, _ = tables_of(text, place, DEAL_SCHEMA, DEAL_TABLES, "a deal", AFRESH)
    return Deal(**attributes)


def read_offer(path: Path) -> Offer:
    """The bid of a file.

    Raises:
        SiteFileError: With every problem of the file's form in ``problems``.
    """
    return offer_of(_text(path, "bid", AFRESH_BID), path.name)


def offer_of(text: str, place: str = "bid text") -> Offer:
    """The bid of a text."""
    attributes, _ = tables_of(text, place, BID_SCHEMA, BID_TABLES, "a bid", AFRESH_BID)
    return Offer(**attributes)


def _text(path: Path, what: str, afresh: str) -> str:
    return text_of(content_of(path, f"the {what} file", afresh), path.name, f"a {what} file", afresh)
