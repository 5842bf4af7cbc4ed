"""The reference page and the JSON Schema are made from the tables, and every key is documented."""

import datetime as dt
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import create_model

from megawatt.site.examples import EXAMPLES, TEXAS_MINE
from megawatt.site.field import About, Table, about_field
from megawatt.site.reference import json_schema, reference_markdown
from megawatt.site.tables import TABLES

ROOT = Path(__file__).parents[2]


def _keys() -> Iterator[tuple[str, str, type[Table], About]]:
    for name, one in TABLES.items():
        for table in (one.table, *one.table.inner_tables().values()):
            for key, info in table.model_fields.items():
                yield name, key, table, about_field(info)


KEYS = list(_keys())


@pytest.mark.parametrize(("name", "key", "table", "known"), KEYS, ids=[f"{name}.{key}" for name, key, _, _ in KEYS])
def test_key_has_unit_meaning_example_and_source(name: str, key: str, table: type[Table], known: About) -> None:
    assert known.unit, (name, key)
    assert known.meaning.endswith(".")
    assert known.source
    info = table.model_fields[key]
    assert info.is_required() or info.default is not None or known.default_text
    fields: Any = {key: (table.__annotations__[key], ...)}
    create_model("OneKey", __config__=table.model_config, **fields).model_validate({key: known.example})


@pytest.mark.parametrize(("name", "key", "table", "known"), KEYS, ids=[f"{name}.{key}" for name, key, _, _ in KEYS])
def test_unit_in_the_name_of_a_key_is_its_unit(name: str, key: str, table: type[Table], known: About) -> None:
    """``meter_limit_mw`` counts MW: the two ways to say the unit agree."""
    endings = {
        "_mw": "MW",
        "_w": "W",
        "_th_s": "TH/s",
        "_usd_per_mwh": "USD/MWh",
        "_usd_per_kwh": "USD/kWh",
        "usd_per_kw_month": "USD/kW-month",
        "usd_per_kw_year": "USD/kW-year",
        "usd_per_tb_month": "USD/TB-month",
        "usd_per_gpu_hour": "USD/GPU-h",
        "_usd_per_it_mwh": "USD/IT-MWh",
        "_usd_per_it_mw": "USD/IT-MW",
        "_usd_per_it_mw_year": "USD/IT-MW-year",
        "usd_per_th": "USD/TH",
        "_fraction": "fraction",
        "_minutes": "minutes",
        "_years": "years",
        "_tb": "TB",
    }
    wanted = [unit for ending, unit in endings.items() if key.endswith(ending)]
    assert not wanted or known.unit == wanted[-1] or (known.unit == "MW" and "it_mw" in key), (name, table)


def test_reference_page_is_fresh() -> None:
    assert (ROOT / "docs" / "site-file.md").read_text(encoding="utf-8") == reference_markdown(), (
        "run scripts/make_site_reference.py"
    )


def test_json_schema_is_fresh() -> None:
    assert json.loads((ROOT / "docs" / "site.schema.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(json_schema())
    ), "run scripts/make_site_reference.py"


def test_reference_page_names_every_key() -> None:
    page = reference_markdown()
    assert all(f"| `{key}` |" in page for _, key, _, _ in KEYS)


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_valid_under_the_json_schema(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json_schema())
    assert list(validator.iter_errors(_as_json(tomllib.loads(EXAMPLES[name])))) == []


@pytest.mark.parametrize(
    "illness", [("count = 10_000", "count = 0"), ("payout", "payuot"), ('"ERCOT"', "7"), ("[period]", "[perod]")]
)
def test_spoilt_examples_are_invalid_under_the_json_schema(illness: tuple[str, str]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json_schema())
    assert not validator.is_valid(_as_json(tomllib.loads(TEXAS_MINE.replace(*illness))))


def test_json_schema_is_itself_valid() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(json_schema())
