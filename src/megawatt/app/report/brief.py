"""A page on one question: the answer, one picture, tables, method and vintage, in one HTML file that loads nothing."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from markupsafe import Markup

from megawatt.app.figures import WIDE, AnyChart
from megawatt.app.files import write_text
from megawatt.app.report.page import NARROW, asset, template
from megawatt.app.report.svg import to_svg
from megawatt.app.report.table import Table


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with what it says.

    Attributes:
        draw: From a width [px] to the chart.
        message: What it says, in a sentence.
    """

    draw: Callable[[int], AnyChart]
    message: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, in this order: pictures, tables, paragraphs, a list."""

    heading: str
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brief:
    """What a page says.

    Attributes:
        title: The question.
        answer: The answer in a sentence or two, with a range.
        facts: Up to four figures: name, value, remark.
        cautions: What the reader of this very answer must know first.
        picture: The one picture; None where there is nothing to draw.
        sections: Everything else, method and data last.
        source: Source and date, under every picture.
        footer: Hash and version of what it rests on.
    """

    title: str
    answer: tuple[str, ...]
    facts: tuple[tuple[str, str, str], ...]
    cautions: tuple[str, ...]
    picture: Picture | None
    sections: tuple[Section, ...]
    source: str
    footer: str


@dataclass(frozen=True, slots=True)
class _Drawn:
    wide: Markup
    narrow: Markup
    message: str


@dataclass(frozen=True, slots=True)
class _Filled:
    heading: str
    pictures: tuple[_Drawn, ...]
    tables: tuple[Table, ...]
    paragraphs: tuple[str, ...]
    items: tuple[str, ...]


def write_brief(brief: Brief, path: Path) -> None:
    """Write the page; the file is there as a whole or not at all.

    Raises:
        InputError: The folder does not exist, cannot be written to, or the disk is full.
    """
    write_text(path, render_brief(brief))


def render_brief(brief: Brief) -> str:
    """The page as text: the same brief gives the same page."""
    sections = [
        _Filled(one.heading, tuple(_drawn(p) for p in one.pictures), one.tables, one.paragraphs, one.items)
        for one in brief.sections
    ]
    return template("brief.html").render(
        brief=brief,
        first=_drawn(brief.picture) if brief.picture else None,
        sections=sections,
        version=version("megawatt"),
        style=asset("style.css"),
        script=asset("hover.js"),
    )


def _drawn(picture: Picture) -> _Drawn:
    said = html.escape(picture.message, quote=True)
    wide, narrow = (Markup(to_svg(picture.draw(width), said)) for width in (WIDE, NARROW))  # noqa: S704  # the SVG is our own; its text is escaped by the renderer
    return _Drawn(wide, narrow, picture.message)
