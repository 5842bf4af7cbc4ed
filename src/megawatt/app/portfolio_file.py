"""PORTFOLIO.toml: read like a site file, with every problem named at once."""

from pathlib import Path

from megawatt.invest.candidates import PortfolioFile
from megawatt.invest.portfolio_tables import PORTFOLIO_SCHEMA, PORTFOLIO_TABLES
from megawatt.site.read import content_of, tables_of, text_of

AFRESH = "Start from an example: megawatt init four-sites"


def read_portfolio(path: Path) -> PortfolioFile:
    """The portfolio of a file.

    Raises:
        SiteFileError: With every problem of the file's form in ``problems``.
    """
    return portfolio_of(
        text_of(content_of(path, "the portfolio file", AFRESH), path.name, "a portfolio file", AFRESH), path.name
    )


def portfolio_of(text: str, place: str = "portfolio text") -> PortfolioFile:
    """The portfolio of a text."""
    attributes, _ = tables_of(text, place, PORTFOLIO_SCHEMA, PORTFOLIO_TABLES, "a portfolio", AFRESH)
    return PortfolioFile(**attributes)
