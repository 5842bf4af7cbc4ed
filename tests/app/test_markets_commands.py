import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from megawatt.app import notebook
from tests.app.market_folder import COIN_FILE, EVENT, SHARE_FILE, add, instead, without, write_folder
from tests.app.running import Run, refused, runner
from tests.app.schemas import described, no_constant

run = pytest.fixture(runner)
JSON = Path(__file__).resolve().parents[2] / "docs" / "json"
FAST = ("--days", "120", "--days", "43")
UNIVERSE = "kind,asset,valid_from,known_from,value,into,source"


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("prices"))


def answer(run: Run, verb: str, *words: str | Path) -> dict[str, object]:
    """The JSON of a verb, checked against its published schema."""
    found = run("markets", verb, *words, "--json")
    assert (found.code, found.err) == (0, "")
    value: dict[str, object] = json.loads(found.out, parse_constant=no_constant)
    schema = json.loads((JSON / f"markets-{verb}-1.schema.json").read_text(encoding="utf-8"))
    jsonschema = importlib.import_module("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema)
    assert described(schema, value) == []
    return value


# --- the answers --------------------------------------------------------------------------------------------------------


def test_rotation_puts_the_groups_side_by_side(run: Run, folder: Path) -> None:
    found = answer(run, "rotation", "--data", folder, "--as-of", "2024-06-28", "--window", "40")
    groups = found["groups"]
    assert isinstance(groups, list)
    assert [one["group"] for one in groups] == ["Bitcoin", "AI coins", "other coins", "AI shares", "miners"]
    assert [one["members"] for one in groups] == [1, 5, 4, 2, 2]
    assert found["as_of"] == "2024-06-28"
    text = run("markets", "rotation", "--data", folder, "--as-of", "2024-06-28", "--window", "40").out
    assert text.startswith("In the 40 common days to 2024-06-28, ")
    assert "Prices show no flows" in text


def test_an_event_that_was_planted_is_supported_and_juneteenth_is_day_zero_of_a_coin(run: Run, folder: Path) -> None:
    found = answer(run, "events", EVENT, "--data", folder, *FAST)
    assert (found["verdict"], found["day_zero"]) == ("confounded", "2024-06-19")  # FET's merger lies in the window
    three = ("--asset", "NEAR", "--asset", "TAO", "--asset", "GRT", "--last", "0")
    alone = answer(run, "events", EVENT, "--data", folder, *FAST, *three)
    assert alone["verdict"] == "supported"
    assert alone["confounders"] == []
    estimates = alone["estimates"]
    assert isinstance(estimates, dict)
    assert estimates["120 days"] == pytest.approx(0.30, abs=0.05)
    other = answer(run, "events", EVENT, "--data", folder, *FAST, *three, "--direction", "negative")
    assert other["verdict"] == "contradicted"


def test_a_share_rests_on_juneteenth_and_a_factor_of_the_other_market_brings_both_on_common_days(
    run: Run, folder: Path
) -> None:
    shares = answer(run, "events", EVENT, "--data", folder, *FAST, "--shares")
    assert shares["day_zero"] == "2024-06-20"
    both = answer(
        run,
        "events",
        EVENT,
        "--data",
        folder,
        "--days",
        "120",
        "--asset",
        "NEAR",
        "--factor",
        "BTC",
        "--factor",
        "NVDA",
    )
    assert both["day_zero"] == "2024-06-20"


def test_the_outlook_needs_no_data_and_says_what_must_be_true(run: Run) -> None:
    found = answer(run, "outlook", "--draws", "20000")
    assert found["published_parts_tn_usd"] == pytest.approx(17.46)
    assert found["product_needed"] == pytest.approx(0.163, abs=0.0005)
    assert "17.46 tn, the remaining 2.54 tn have no model" in run("markets", "outlook", "--draws", "20000").out


def test_the_same_question_gives_the_same_answer(run: Run, folder: Path) -> None:
    words = ("markets", "events", EVENT, "--data", folder, "--days", "60", "--json")
    assert run(*words).out == run(*words).out


@pytest.mark.parametrize("words", [("rotation",), ("events", EVENT, *FAST), ("outlook", "--draws", "5000")])
def test_a_page_is_one_file_that_loads_nothing_and_says_source_and_day(
    run: Run, folder: Path, words: tuple[str, ...]
) -> None:
    data = () if words[0] == "outlook" else ("--data", folder)
    found = run("markets", *words, *data, "--report", "page.html")
    assert (found.code, found.err) == (0, "")
    page = found.files["page.html"].decode()
    assert page.rstrip().endswith("</html>")
    assert not re.search(r"(?:src|href)=[\"'](?!#)", page)
    assert page.count("<svg") >= 4
    assert ">nan<" not in page.lower()
    assert "SHA-256" in page or words[0] == "outlook"
    for unit in {"rotation": ("= 100",), "events": ("log returns, %",), "outlook": ("tn USD",)}[words[0]]:
        assert unit in page


def test_the_notebook_gives_what_the_command_line_gives(folder: Path) -> None:
    table = notebook.rotation(folder, "2024-06-28", window=40).table()
    assert list(table.index) == ["Bitcoin", "AI coins", "other coins", "AI shares", "miners"]
    tests = notebook.events(EVENT, folder, assets=["NEAR", "TAO"], rows=[120]).table()
    assert "Kolari-Pynnonen" in tests.index
    assert "IDC 2024, sum to 2030" in notebook.outlook().table().index


# --- bad data: each is named or refused -----------------------------------------------------------------------------------

LISTED = tuple(f"list,{name},2023-06-01,,1000000,,made up" for name in ("FET", "NEAR", "TAO", "GRT", "RNDR"))


def universe(*lines: str) -> Path:
    path = Path("universe.csv")
    path.write_text("\n".join([UNIVERSE, *lines]) + "\n", encoding="utf-8")
    return path


def test_a_gap_is_named(run: Run, folder: Path) -> None:
    without(folder / COIN_FILE, "2024-02-10,NEAR")
    assert "coin NEAR: 1 closes missing from 2024-02-10" in run("markets", "rotation", "--data", folder).out


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: add(f / COIN_FILE, "2024-02-10,NEAR,7.0"), ("crypto_daily_close.csv line", "the second")),
        (
            lambda f: instead(f / COIN_FILE, "2024-02-10,NEAR", "2024-02-10,NEAR,0"),
            ("crypto_daily_close.csv line", "column close_usdt"),
        ),
        (lambda f: instead(f / SHARE_FILE, "2024-02-09,NVDA", "2024-02-10,NVDA,50"), ("weekend",)),
        (lambda f: (f / SHARE_FILE).unlink(), ("stocks_daily_ohlc.csv",)),
    ],
    ids=["duplicate day", "zero price", "weekend session", "absent file"],
)
@pytest.mark.parametrize("words", [("markets", "rotation"), ("markets", "events", EVENT), ("claims",)])
def test_a_file_that_is_wrong_is_refused_with_its_line(
    run: Run, folder: Path, spoil: Callable[[Path], object], said: tuple[str, ...], words: tuple[str, ...]
) -> None:
    spoil(folder)
    refused(run(*words, "--data", folder), *said)


def test_a_supply_jump_of_140_percent_is_named_and_moves_no_index(run: Run, folder: Path) -> None:
    words = ("markets", "rotation", "--data", folder, "--as-of", "2024-06-28", "--json", "--universe")
    plain = json.loads(run(*words, universe(*LISTED)).out)
    jump = json.loads(run(*words, universe(*LISTED, "supply,FET,2024-06-24,,2401000,,4 May 2024 as it was")).out)
    assert any("FET: units outstanding +140.1%" in note and "no return" in note for note in jump["notes"])
    day = plain["trail"]["days"].index("2024-06-24")
    assert plain["trail"]["level"]["AI coins"][: day + 1] == pytest.approx(
        jump["trail"]["level"]["AI coins"][: day + 1], rel=1e-12
    )


def test_a_renamed_ticker_goes_on_and_is_named(run: Run, folder: Path) -> None:
    path = folder / COIN_FILE
    lines = path.read_text(encoding="utf-8").splitlines()
    renamed = [line.replace(",RNDR,", ",RENDER,") if line >= "2024-07-27" else line for line in lines]
    whole = json.loads(run("markets", "rotation", "--data", folder, "--json").out)
    path.write_text("\n".join(renamed) + "\n", encoding="utf-8")
    again = json.loads(run("markets", "rotation", "--data", folder, "--json").out)
    assert again["notes"] == ["RNDR is called RENDER from 2024-07-27 on: one series here, RNDR"]
    assert again["groups"] == whole["groups"]


def test_closes_that_end_are_named_and_refused_in_an_index_without_a_delisting(run: Run, folder: Path) -> None:
    for month in ("06", "07", "08", "09"):
        without(folder / COIN_FILE, f"2024-{month}")
    path = folder / COIN_FILE
    kept = [
        line for line in path.read_text(encoding="utf-8").splitlines() if not (",NEAR," in line and line > "2024-05-1")
    ]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    assert "coin NEAR: no close after 2024-05-09" in run("markets", "rotation", "--data", folder).out
    words = ("markets", "rotation", "--data", folder, "--universe")
    refused(run(*words, universe(*LISTED)), "NEAR", "no record says why")
    gone = (*LISTED, "delist,NEAR,2024-05-10,,,,")
    assert run(*words, universe(*gone)).code == 0
    refused(run(*words, universe(*gone), "--weighting", "equal"), "no delisting return for NEAR", "62.19 %")
    assert run(*words, universe(*LISTED, "delist,NEAR,2024-05-10,,-1,,worthless"), "--weighting", "equal").code == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("split,FET,2024-01-01,,2,,", "a kind is one of"),
        ("supply,FET,2024-1-1,,2,,", "a day is written"),
        ("supply,FET,2024-01-01,,0,,", "above zero"),
        ("delist,XYZ,2024-01-01,,-1,,", "listed before"),
    ],
)
def test_a_record_that_is_wrong_is_refused(run: Run, folder: Path, line: str, said: str) -> None:
    refused(run("markets", "rotation", "--data", folder, "--universe", universe(*LISTED, line)), said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rotation", "--as-of", "2030-01-01x"), "a day is written"),
        (("rotation", "--as-of", "2023-07-01"), "the map needs"),
        (("events", "2031-06-19"), "the prices run from"),
        (("events", EVENT, "--asset", "XYZ"), "closes of 'XYZ'"),
        (("events", EVENT, "--asset", "FET", "--asset", "FET"), "each is named once"),
        (("events", EVENT, "--first", "2", "--last", "1"), "the estimation window ends before"),
        (("events", EVENT, "--days", "60", "--days", "60"), "they differ"),
        (("outlook", "--target", "-3"), "lies between zero"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(
    run: Run, folder: Path, words: tuple[str, ...], said: str
) -> None:
    data = () if words[0] == "outlook" else ("--data", folder)
    refused(run("markets", *words, *data), said)


def test_without_a_folder_the_error_says_which_files_to_bring(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEGAWATT_DATA", raising=False)
    for verb in ("rotation", "events"):
        refused(run("markets", verb), "no prices were named", "crypto_daily_close.csv", "--data")
    refused(run("markets", "rotation", "--data", "nowhere"), "nowhere", "no folder")
