"""PORTFOLIO.toml: read like a site file, with every problem named at once."""

from pathlib import Path

from megawatt.app.decide import refuse_errors
from megawatt.invest.candidates import PortfolioFile
from megawatt.invest.portfolio_tables import PORTFOLIO_SCHEMA, PORTFOLIO_TABLES
from megawatt.site.read import Site, content_of, tables_of, text_of

AFRESH = "Start from an example: megawatt init four-sites"


def read_portfolio(path: Path) -> PortfolioFile:
    """The portfolio of a file.

    Raises:
        SiteFileError: With every problem of the file's form in ``problems``.
    """
    text = text_of(content_of(path, "the portfolio file", AFRESH), path.name, "a portfolio file", AFRESH)
    return portfolio_of(text, path.name, path.parent)


def portfolio_of(text: str, place: str = "portfolio text", folder: Path = Path()) -> PortfolioFile:
    """The portfolio of a text; the site files that it names stand in the folder."""
    attributes, _ = tables_of(text, place, PORTFOLIO_SCHEMA, PORTFOLIO_TABLES, "a portfolio", AFRESH)
    sites = tuple(Site.read(folder / name) for name in attributes["head"].sites)
    for one in sites:
        refuse_errors(one)
    return PortfolioFile(**attributes, sites=sites)
