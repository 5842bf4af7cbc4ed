"""The page: it loads nothing, says what the decision says, and holds for odd sites."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from megawatt.app import words
from megawatt.app.data import data_for
from megawatt.app.decision import Decision, decide
from megawatt.app.figures import FIGURES
from megawatt.app.report import render_report, write_report
from megawatt.app.report.basis import bases
from megawatt.app.report.page import cautions
from megawatt.app.report.three_lines import uses
from megawatt.core.errors import InputError
from megawatt.site.read import Site
from tests.app import decisions

CASES = [decisions.mine, decisions.mine_without_block, decisions.mine_in_a_storm, decisions.hybrid]
VOID = {"meta", "link", "br", "img", "input", "hr"}
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


class Page(HTMLParser):
    """Tags with their attributes, headings, and the balance of opened and closed tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open[-1:]):
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@cache
def rendered(case: Callable[[], Decision]) -> str:
    return render_report(case())


@pytest.mark.parametrize("case", CASES)
def test_the_page_loads_nothing(case: Callable[[], Decision]) -> None:
    text = rendered(case)
    assert set(re.findall(r"https?://[^\"'\s<>)]+", text)) <= NAMESPACES
    read = Page(text)
    for tag, attributes in read.tags:
        assert tag not in {"link", "iframe", "object", "embed", "img", "base"}
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("case", CASES)
def test_the_page_is_well_formed_with_one_h1_and_headings_in_order(case: Callable[[], Decision]) -> None:
    read = Page(rendered(case))
    assert read.open == []
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert read.named("html")[0]["lang"] == "en"
    ids = [a["id"] for _, a in read.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for a in read.named("a")} <= set(ids)


@pytest.mark.parametrize("case", CASES)
def test_every_chart_speaks_for_itself_and_every_table_has_heads(case: Callable[[], Decision]) -> None:
    text = rendered(case)
    read = Page(text)
    pictures = read.named("svg")
    assert len(pictures) == 2 * len(FIGURES)
    for picture in pictures:
        assert picture["role"] == "img"
        assert len(picture["aria-label"] or "") > 20
    assert text.count("Sources: ") == len(FIGURES)
    assert len(read.named("caption")) == len(read.named("table")) > 5
    assert all("scope" in head for head in read.named("th"))


@pytest.mark.parametrize("case", CASES)
def test_no_number_is_missing_or_unspelt(case: Callable[[], Decision]) -> None:
    text = Page(rendered(case)).text
    assert not re.search(r"\b(nan|NaN|inf|None|undefined)\b", text)
    assert not re.search(r"\d[eE][+-]?\d", re.sub(r"[0-9a-f]{12,}", "", text))


@pytest.mark.parametrize("case", CASES)
def test_the_numbers_of_the_page_are_those_of_the_decision(case: Callable[[], Decision]) -> None:
    decision = case()
    table = re.search(r"<caption>Every policy.*?</table>", rendered(case), re.DOTALL)
    assert table
    rows = re.findall(r"<tr.*?</tr>", table.group(), re.DOTALL)[1:]
    shown = {
        re.sub(r"\s*★.*", "", cells[0]): cells
        for cells in (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows)
    }
    figures = decision.policies().set_index("policy")
    assert len(shown) == len(figures)
    for name, values in figures.iterrows():
        cells = shown[words.policy_name(str(name)).replace("'", "&#39;")]
        numbers = [c.replace(",", "").replace("−", "-") for c in cells[1:]]
        for cell, column in zip(numbers, ["network", "tenant", "grid", "shared", "net"], strict=False):
            assert float(cell) == pytest.approx(float(str(values[f"{column}_usd"])) / 1e3, abs=0.501)
        assert float(numbers[5]) == pytest.approx(float(str(values["usd_per_mw_year"])) / 1e3, rel=6e-4)
        assert float(numbers[8]) == pytest.approx(float(str(values["energy_mwh"])), abs=0.501)


def test_the_conversion_never_wins_and_shows_no_share_of_what_this_site_could_earn() -> None:
    for case in CASES:
        text = Page(rendered(case)).text
        assert "all-hosting (needs capex, before capital)" in text
        assert not re.search(r"all-hosting[^.]*\bwins\b", text)
        row = re.search(r'<th scope="row" class="text">all-hosting \(.*?</tr>', rendered(case), re.DOTALL)
        assert row
        assert re.findall(r"<td>(.*?)</td>", row.group())[6:8] == ["–", "–"]


def test_gaps_are_named_once_and_hours_counted() -> None:
    text = Page(rendered(decisions.mine_in_a_storm)).text
    assert "164 of 167 hours are covered" in text
    assert text.count("12 intervals from 2024-03-07T10:00:00Z") == 1


def test_the_basis_is_energy_times_the_difference_of_two_prices() -> None:
    decision = decisions.mine()
    (basis,) = bases(decision)
    case = decision.case
    load, block = (case.data[f"price_rt/{p}"].on(case.problem.grid).values for p in ("LZ_WEST", "HB_WEST"))
    assert basis.usd == pytest.approx(float((60.0 * 0.25 * (block - load)).sum()))
    assert basis.sentence in Page(rendered(decisions.mine)).text
    assert bases(decisions.mine_without_block()) == []
    assert "Basis" not in Page(rendered(decisions.mine_without_block)).text


def test_only_a_site_with_both_capital_costs_has_a_winner() -> None:
    assert [one.name for one in uses(decisions.hybrid())] == ["mining", "hosting"]
    assert re.search(r"(mining|hosting) wins over|are level", Page(rendered(decisions.hybrid)).text)
    assert " wins " not in Page(rendered(decisions.mine)).text


def test_a_mine_s_first_line_is_its_network_column_and_its_charges_over_its_megawatts() -> None:
    decision = decisions.mine()
    (mining,) = uses(decision)
    row = decision.policies().set_index("policy").loc[decision.advised]
    it_mw = 10_000 * 0.97 * 3_500 / 1e6
    yearly = float(row[["network_usd", "shared_usd"]].to_numpy().sum()) * 8_760 / decision.case.hours_covered
    assert mining.after_power_usd == pytest.approx(yearly / it_mw)


def test_a_hostile_name_stays_text() -> None:
    text = decisions.mine_text().replace('"texas-mine"', "\"<script>alert(1)</script> & 'co'\"")
    text = text.replace('name = "s21"', 'name = "<b onload=x>"')
    site = Site.from_text(text, "<i>.toml")
    html = render_report(decide(site, data_for(site)))
    assert "<script>alert" not in html
    assert "<b onload" not in html
    assert "<i>.toml" not in html
    assert Page(html).open == []


def test_a_site_where_nothing_can_be_gained_has_no_share() -> None:
    decision = decisions.mine()
    results = tuple(replace(r, gain_share=None, margin_share=None) for r in decision.results)
    assert any("shares of it say nothing" in one for one in cautions(replace(decision, results=results)))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing is tested on the page that is there already."""
    monkeypatch.setattr("megawatt.app.report.page.render_report", lambda _: rendered(decisions.mine))


def test_the_same_decision_gives_the_same_page() -> None:
    assert render_report(decisions.mine()) == rendered(decisions.mine)


@pytest.mark.usefixtures("quick")
def test_a_report_replaces_an_older_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("older")
    write_report(decisions.mine(), path)
    assert path.read_text(encoding="utf-8") == rendered(decisions.mine)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("quick")
def test_a_report_that_cannot_be_written_leaves_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "report.html"
    path.write_text("older")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="No space left"):
        write_report(decisions.mine(), path)
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("quick")
def test_a_folder_that_does_not_exist_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Name a file in a folder"):
        write_report(decisions.mine(), tmp_path / "missing" / "report.html")
