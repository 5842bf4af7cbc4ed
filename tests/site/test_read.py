"""Reading a site file: what it gives, and what it says when it cannot."""

import dataclasses
import datetime as dt
import hashlib
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.site import Site, SiteFileError
from megawatt.site.check import check
from megawatt.site.examples import EXAMPLES, TEXAS_MINE
from megawatt.site.read import LARGEST_BYTES

SMALL = """\
schema = "megawatt/site/1"

[site]
name = "small"
zone = "ERCOT"
timezone = "America/Chicago"
load_settlement_point = "LZ_WEST"
meter_limit_mw = 10

[period]
start = 2024-03-10
end = 2024-03-11

[[fleet]]
name = "a"
model = "S21"
count = 1000

[[fleet]]
name = "b"
hashrate_th_s = 110
power_w = 3250
count = 500
modes = [
  { name = "normal", power_fraction = 1.0, hashrate_fraction = 1.0 },
  { name = "eco", power_fraction = 0.7, hashrate_fraction = 0.77 },
]
"""


def test_tables_become_attributes() -> None:
    site = Site.from_text(SMALL)
    assert (site.connection.name, site.connection.meter_limit_mw) == ("small", 10.0)
    assert site.period.start == dt.date(2024, 3, 10)
    assert [fleet.name for fleet in site.fleets] == ["a", "b"]
    assert site.fleets[1].modes[1].hashrate_fraction == 0.77
    assert not any((site.halls, site.contracts, site.energies, site.charges, site.programmes))
    assert site.data.power == "reference"
    assert site.pue.hall_points == ((20.0, 1.3),)


def test_whole_numbers_are_read_as_numbers() -> None:
    assert type(Site.from_text(SMALL).connection.meter_limit_mw) is float


def test_hash_is_that_of_the_text() -> None:
    assert Site.from_text(SMALL).sha256 == hashlib.sha256(SMALL.encode()).hexdigest()


def test_file_and_text_give_the_same_site(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text(SMALL, encoding="utf-8")
    assert Site.read(file) == Site.read(str(file)) == Site.from_text(SMALL, "small.toml")


def test_mark_and_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "windows.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    site = Site.read(file)
    assert site.fleets == Site.from_text(SMALL).fleets
    assert site.where("fleet", 1, "count") == "windows.toml line 23, [[fleet]] 2 'b', count"


def test_grid_of_the_spring_day_has_23_hours() -> None:
    grid = Site.from_text(SMALL).grid()
    assert (grid.n, grid.step_minutes) == (92, 15)


def test_place_is_file_line_table_and_key() -> None:
    site = Site.from_text(SMALL, "small.toml")
    assert site.where("site", "meter_limit_mw") == "small.toml line 8, [site], meter_limit_mw"
    assert site.where("fleet", 1, "modes", 1, "name") == "small.toml line 24, [[fleet]] 2 'b', modes[2].name"
    assert site.where("fleet", 0, "payout") == "small.toml line 14, [[fleet]] 1 'a', payout"
    assert site.where("finance", "tax_fraction") == "small.toml, [finance], tax_fraction"


def test_variant_keeps_the_places() -> None:
    site = Site.from_text(SMALL, "small.toml")
    more = site.connection.model_copy(update={"meter_limit_mw": 11.0})
    variant = dataclasses.replace(site, connection=more)
    assert variant.connection.meter_limit_mw == 11.0
    assert variant.where("site", "meter_limit_mw") == site.where("site", "meter_limit_mw")


def test_contract_by_name_suggests_the_nearest() -> None:
    site = Site.from_text(EXAMPLES["hybrid"])
    assert site.contract("tenant-a").rent_usd_per_kw_month == 122.0
    with pytest.raises(InputError, match="Did you mean tenant-b"):
        site.contract("tenant_b")


def test_missing_file_names_the_way_to_start(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match=r"No such file or directory.*megawatt init"):
        Site.read(tmp_path / "absent.toml")


def test_folder_is_no_site_file(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="cannot be read"):
        Site.read(tmp_path)


def test_price_table_given_as_site_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_bytes(b"2024-01-01T00:00Z,27.0\n" * (LARGEST_BYTES // 20))
    with pytest.raises(SiteFileError, match=r"more than 1,000,000 bytes.*data import"):
        Site.read(file)


def test_number_of_ten_thousand_digits_is_refused() -> None:
    with pytest.raises(SiteFileError):
        Site.from_text(SMALL.replace("meter_limit_mw = 10", f"meter_limit_mw = {'9' * 10_000}"))


def test_table_in_place_of_a_value_is_refused() -> None:
    with pytest.raises(SiteFileError, match="it is a number"):
        Site.from_text(SMALL.replace("meter_limit_mw = 10", "meter_limit_mw = { mw = 10 }"))


def test_text_in_place_of_a_table_is_refused() -> None:
    with pytest.raises(SiteFileError, match=r"it is written as \[\[fleet\]\]"):
        Site.from_text('fleet = "S21"\n' + SMALL.split("[[fleet]]", maxsplit=1)[0])


def test_error_keeps_its_problems_across_processes() -> None:
    with pytest.raises(SiteFileError) as caught:
        Site.from_text(SMALL.replace("America/Chicago", "CST").replace("count = 500", "count = 0"))
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  # our own bytes
    assert [one.place for one in copy.problems] == [
        "site text line 6, [site], timezone",
        "site text line 23, [[fleet]] 2 'b', count",
    ]
    assert str(copy) == str(caught.value)
    assert str(copy).startswith("2 problems:\n- site text line 6, [site], timezone: timezone = 'CST', but")


def test_single_problem_is_the_message_itself() -> None:
    with pytest.raises(SiteFileError) as caught:
        Site.from_text(SMALL.replace("count = 500", "count = 0"))
    (problem,) = caught.value.problems
    assert str(caught.value) == str(problem)
    assert (caught.value.value, caught.value.place) == (problem.value, problem.place)


def test_site_crosses_processes() -> None:
    site = Site.from_text(SMALL)
    assert pickle.loads(pickle.dumps(site)) == site  # noqa: S301  # our own bytes


def _reads_or_refuses(content: bytes) -> None:
    problems: tuple[InputError, ...] = ()
    try:
        site = Site.from_bytes(content, "fuzz.toml")
        name = site.connection.name
        assert all(one.place.startswith("fuzz.toml") for one in check(site))
    except SiteFileError as error:
        name, problems = "", error.problems
    assert bool(name) != bool(problems)
    assert all(one.value and one.rule and one.remedy for one in problems)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_our_words(content: bytes) -> None:
    _reads_or_refuses(content)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_any_spoilt_example_is_read_or_refused_in_our_words(data: st.DataObject) -> None:
    text = TEXAS_MINE
    at = data.draw(st.integers(0, len(text) - 1))
    until = data.draw(st.integers(at, min(at + 30, len(text))))
    spoilt = text[:at] + data.draw(st.text(max_size=6)) + text[until:]
    _reads_or_refuses(spoilt.encode("utf-8", "surrogatepass"))


NASTY = st.sampled_from(
    [
        "nan", "-inf", "-0.0", "1e308", "-1", "0", "0x" + "F" * 4_000, "9" * 4_000, '""', '" "', '"a\\nb"', '"\\u202E"', "[]", "[[]]",
        "[1]", "[nan, nan]", "[[1, 2, 3]]", "{}", "{a = 1}", "[{}]", "[{name = 1}]", "true", "2024-02-29", "0001-01-01",
        "9999-12-31", "2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "12:00:00", f'"{"x" * 5_000}"', '"firm"', '"../../etc/passwd"',
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_any_value_of_any_key_is_read_or_refused_in_our_words(name: str, data: st.DataObject) -> None:
    lines = EXAMPLES[name].split("\n")
    keys = [number for number, line in enumerate(lines) if line[:1].isalpha() and not line.endswith("[")]
    for number in data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3)):
        lines[number] = f"{lines[number].split(' = ')[0]} = {data.draw(NASTY)}"
    _reads_or_refuses("\n".join(lines).encode())


def test_message_about_a_giant_number_is_short() -> None:
    with pytest.raises(SiteFileError) as caught:
        Site.from_text(SMALL.replace("count = 500", "count = 0x" + "F" * 20_000))
    assert len(str(caught.value)) < 500


def test_day_with_a_time_is_no_day() -> None:
    with pytest.raises(SiteFileError, match="start"):
        Site.from_text(SMALL.replace("start = 2024-03-10", "start = 2024-03-10T00:00:00"))


@pytest.mark.parametrize("end", ["2101-01-01", "2034-04-01"])
def test_period_of_a_mistyped_year_is_refused(end: str) -> None:
    with pytest.raises(SiteFileError, match="end"):
        Site.from_text(SMALL.replace("end = 2024-03-11", f"end = {end}"))
