"""Each specimen is a site file named for its illness; beside it: severity, line, key, value and remedy."""

from pathlib import Path
from typing import NamedTuple

import pytest

from megawatt.site import Finding, Site, SiteFileError
from megawatt.site.check import check

SPECIMENS = Path(__file__).parent / "specimens"


class Ill(NamedTuple):
    """What is said about a specimen. ``form`` = it cannot be read; error and warning come from `check`."""

    severity: str
    line: int | None
    place: str
    value: str
    remedy: str


ILLNESSES = {
    "batch-beside-firm-above-limit": Ill(
        "error", 44, "[[hall]] 2 'hall-2', critical_it_mw", "needs 52.53 MW beside 6.566 MW", "to 59.1 or more"
    ),
    "batch-key-in-firm-hall": Ill(
        "form", 26, "[[hall]] 1 'hall-1', duty_fraction", "given for kind = 'firm'", "Remove duty_fraction"
    ),
    "batch-without-duty": Ill("form", 24, "[[hall]] 1 'hall-2', kind", "without duty_fraction", "duty_fraction = 0.6"),
    "block-above-limit": Ill("error", 24, "[[energy]] 1 'block', block_mw", "80 MW are bought", "Lower block_mw"),
    "boolean-for-number": Ill("form", 8, "[site], meter_limit_mw", "meter_limit_mw = true", "meter_limit_mw = 125.0"),
    "brackets-without-end": Ill("form", None, "", "nested too deeply", "megawatt init"),
    "choice-in-capitals": Ill("form", 21, "[[fleet]] 1 's21', payout", 'payout = "FPPS"', 'Did you mean "fpps"?'),
    "credit-in-percent": Ill(
        "form",
        36,
        "[[contract]] 1 'tenant-a', credits[2].credit_fraction",
        "credit_fraction = 10",
        "percent; as a fraction it is 0.1.",
    ),
    "credits-ascending": Ill(
        "form", 36, "[[contract]] 1 'tenant-a', credits", "below 0.999 (0.05) follows", "Sort the steps"
    ),
    "date-in-quotes": Ill("form", 12, "[period], start", 'start = "2024-07-01"', "Write start = 2024-07-01"),
    "day-that-does-not-exist": Ill("form", 12, "column 9", "start = 2024-06-31", "Write a day that exists"),
    "demand-charge-by-year": Ill(
        "form", 24, "[[charge]] 1 'demand', kind", "without usd_per_kw_month", "usd_per_kw_month = 5.0"
    ),
    "debt-above-its-covenant": Ill("form", 24, "[debt], covenant_dscr", "1.25 above dscr = 1.2", "Raise dscr"),
    "debt-cover-in-percent": Ill("form", 23, "[debt], dscr", "dscr = 130", "percent; as a ratio it is 1.3."),
    "debt-rate-in-percent": Ill("form", 23, "[debt], rate", "rate = 7.75", "as a fraction/year it is 0.0775."),
    "duplicate-key": Ill("form", 9, "column 22", "meter_limit_mw = 60.0", "Remove one of the two"),
    "duty-shorter-than-one-run": Ill(
        "error", 29, "[[hall]] 1 'hall-2', min_run_minutes", "due for 144 minutes a day", "Lower min_run_minutes"
    ),
    "empty": Ill("form", None, "", "the site file is empty", "megawatt init texas-mine"),
    "excludes-unknown": Ill(
        "error", 29, "[[programme]] 1 'rrs', excludes", "excludes 'ecrs'", "Add it, or remove the name"
    ),
    "fleet-in-single-brackets": Ill("form", 15, "[fleet]", "fleet is a table", "[[fleet]]"),
    "forward-ends-in-mid-month": Ill(
        "form", 30, "[[forward]] 1 'ahead', valid_to", "valid_to = 2025-01-15", "Write valid_to = 2025-01-01"
    ),
    "forward-price-of-power-for-hashrate": Ill(
        "form",
        30,
        "[[forward]] 1 'ahead', price_usd_per_mwh",
        "given for kind = 'hashrate_sold'",
        "Remove price_usd_per_mwh",
    ),
    "forward-without-price": Ill(
        "form", 27, "[[forward]] 1 'ahead', kind", "without price_usd_per_ph_day", "price_usd_per_ph_day = 52.0"
    ),
    "forward-without-treasury": Ill(
        "error", 23, "[[forward]] 1 'ahead', name", "'ahead' without [treasury]", "Add [treasury]"
    ),
    "fraction-of-a-machine": Ill("form", 19, "[[fleet]] 1 's21', count", "count = 3.5", "count = 10000"),
    "hall-contract-misspelt": Ill(
        "error", 26, "[[hall]] 1 'hall-1', contract", "the contract 'tenant-1'", "Did you mean tenant-a?"
    ),
    "hall-contract-of-wrong-kind": Ill(
        "error",
        26,
        "[[hall]] 1 'hall-1', contract",
        "of kind firm has a contract of kind batch",
        "Name another contract",
    ),
    "hall-without-contract": Ill(
        "form", 22, "[[hall]] 1 'hall-1', contract", "contract is missing", 'contract = "tenant-a"'
    ),
    "hosted-without-contract": Ill("form", 21, "[[fleet]] 1 's21', owner", "hosted without a contract", "Add contract"),
    "hub-for-load": Ill("warning", 7, "[site], load_settlement_point", "settles at the hub HB_WEST", '"LZ_WEST"'),
    "infinite-limit": Ill("form", 8, "[site], meter_limit_mw", "meter_limit_mw = inf", "meter_limit_mw = 125.0"),
    "limit-below-firm-load": Ill(
        "error", 8, "[site], meter_limit_mw", "firm load of 59.09 MW", "Raise meter_limit_mw to 59.1"
    ),
    "loss-in-percent": Ill(
        "form", 9, "[site], loss_fraction", "loss_fraction = 2", "percent; as a fraction it is 0.02."
    ),
    "machine-without-power": Ill("form", 17, "[[fleet]] 1 's21', hashrate_th_s", "lacks power_w", "Add power_w"),
    "model-unknown": Ill("form", 17, "[[fleet]] 1 's21', model", "'Antminer S23 Pro'", "'Antminer S21 Pro'"),
    "month-thirteen": Ill("form", 26, "[[charge]] 1 'demand', months", "months = [12, 13]", "[6, 7, 8, 9]"),
    "more-blocks-than-machines": Ill(
        "error", 20, "[[fleet]] 1 's21', blocks", "4 blocks of 3 machines", "Lower blocks"
    ),
    "nan-limit": Ill("form", 8, "[site], meter_limit_mw", "meter_limit_mw = nan", "meter_limit_mw = 125.0"),
    "negative-limit": Ill("form", 8, "[site], meter_limit_mw", "meter_limit_mw = -50.0", "unit: MW"),
    "negative-price-block": Ill(
        "warning", 25, "[[energy]] 1 'block', price_usd_per_mwh", "costs -5 USD/MWh", "Check the sign"
    ),
    "no-load": Ill("error", 3, "[site]", "no [[fleet]] and no [[hall]]", "Add at least one"),
    "not-toml": Ill("form", 4, "column 17", 'name = "specimen', "Close the quotation mark"),
    "not-utf8": Ill("form", 4, "", "the byte 0xfc", "Save the file as UTF-8"),
    "number-with-unit": Ill("form", 8, "column 21", "meter_limit_mw = 50 MW", "numbers have no unit"),
    "offer-below-minimum": Ill(
        "error", 26, "[[programme]] 1 'rrs', min_offer_mw", "offers from 40 MW", "Raise share_fraction"
    ),
    "period-missing": Ill("form", None, "", "the table [period] is missing", "Add [period]"),
    "period-reversed": Ill(
        "form", 13, "[period], end", "starts on 2024-08-01 and ends on 2024-07-01", "Swap the two dates"
    ),
    "pue-below-one": Ill("form", 23, "[pue], hall_points", "a PUE of 0.3 at 20 °C", "[20.0, 1.3]"),
    "pue-not-ascending": Ill("form", 23, "[pue], mining_points", "are 30, 10 °C", "Sort the points"),
    "regulation-down-sold-up": Ill(
        "form", 25, "[[programme]] 1 'rrs', direction", "direction = 'up' for regdn", 'direction = "down"'
    ),
    "schema-missing": Ill("form", None, "schema", "schema is missing", 'schema = "megawatt/site/1"'),
    "schema-of-the-future": Ill("form", 1, "schema", 'schema = "megawatt/site/2"', 'schema = "megawatt/site/1"'),
    "seven-illnesses": Ill("form", 6, "[site], timezone", "timezone = 'CST'", "'America/Chicago'"),
    "spread-without-resale": Ill(
        "form", 22, "[[energy]] 1 'block', resale", "with a spread of 2 USD/MWh", 'Set resale = "spread"'
    ),
    "text-for-number": Ill(
        "form", 8, "[site], meter_limit_mw", 'meter_limit_mw = "50 MW"', "Write meter_limit_mw = 50"
    ),
    "treasury-in-millions": Ill(
        "form", 23, "[treasury], cash_usd", "cash_usd = 20", "million USD; in USD it is 20,000,000."
    ),
    "two-fleets-one-name": Ill("error", 23, "[[fleet]] 2 's21', name", "are named 's21'", "Rename one of them"),
    "units-swapped-hashrate": Ill(
        "form", 17, "[[fleet]] 1 's21', hashrate_th_s", "hashrate_th_s = 200000", "GH/s; in TH/s it is 200."
    ),
    "units-swapped-limit": Ill("form", 8, "[site], meter_limit_mw", "meter_limit_mw = 100000", "kW; in MW it is 100."),
    "units-swapped-price": Ill(
        "form",
        25,
        "[[energy]] 1 'block', price_usd_per_mwh",
        "price_usd_per_mwh = 0.04",
        "USD/kWh; in USD/MWh it is 40.",
    ),
    "units-swapped-rent": Ill(
        "form", 34, "[[contract]] 1 'tenant-a', rent_usd_per_kw_month", "rent_usd_per_kw_month = 122000", "it is 122."
    ),
    "units-swapped-watts": Ill("form", 18, "[[fleet]] 1 's21', power_w", "power_w = 3.5", "kW; in W it is 3,500."),
    "unknown-key": Ill("form", 9, "[site], meter_limt_mw", "meter_limt_mw", "Did you mean meter_limit_mw?"),
    "unknown-table": Ill("form", 15, "fleets", "fleets", "Did you mean fleet?"),
    "wrong-zone": Ill("form", 6, "[site], timezone", "timezone = 'CST'", "Write 'America/Chicago'"),
    "zero-machines": Ill("form", 19, "[[fleet]] 1 's21', count", "count = 0", "for example 10000"),
    "zone-of-another-market": Ill("error", 6, "[site], timezone", "'America/New_York'", 'timezone = "America/Chicago"'),
    "zone-unknown": Ill("form", 6, "[site], timezone", "'America/Texas' is unknown", "'America/Chicago'"),
}


def _found(file: Path) -> list[Finding]:
    try:
        return check(Site.read(file))
    except SiteFileError as error:
        return [Finding("error", one.value, one.rule, one.remedy, one.place or "", "form") for one in error.problems]


@pytest.mark.parametrize("name", sorted(ILLNESSES))
def test_specimen_is_named_with_place_value_and_remedy(name: str) -> None:
    ill = ILLNESSES[name]
    first = _found(SPECIMENS / f"{name}.toml")[0]
    where = f"{name}.toml" + (f" line {ill.line}" if ill.line else "") + (f", {ill.place}" if ill.place else "")
    assert first.place == where
    assert (first.check == "form") == (ill.severity == "form")
    assert first.severity == ("warning" if ill.severity == "warning" else "error")
    assert ill.value in first.value
    assert ill.remedy in first.remedy


def test_every_specimen_has_its_answer_beside_it() -> None:
    assert {file.stem for file in SPECIMENS.iterdir()} == set(ILLNESSES)


@pytest.mark.parametrize("name", sorted(ILLNESSES))
def test_line_of_the_place_shows_the_key(name: str) -> None:
    """The line numbers are those an editor shows: the line holds the key, or the header of the table it is missing in."""
    file = SPECIMENS / f"{name}.toml"
    lines = file.read_bytes().decode("latin-1").split("\n")
    for found in _found(file):
        _, _, after = found.place.partition(" line ")
        number = after.split(",")[0]
        if not number or "column" in after or after == number:
            continue
        key = found.place.rsplit(", ", 1)[-1].split("[")[0].split(".")[0]
        line = lines[int(number) - 1]
        assert line.startswith((key, "[")) or "below" in line


def test_seven_illnesses_are_found_in_one_pass() -> None:
    found = _found(SPECIMENS / "seven-illnesses.toml")
    keys = [one.place.rsplit(", ", 1)[-1] for one in found]
    assert keys == ["timezone", "meter_limit_mw", "power_w", "block", "kind", "years", "price_usd_per_mwh"]
