"""Answers in JSON against their published schemas."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "json"


def no_constant(word: str) -> None:
    """For ``json.loads``: NaN and Infinity are no JSON."""
    pytest.fail(f"{word} is no JSON")


def described(schema: dict[str, Any], value: Any, at: str = "") -> list[str]:
    """Keys of an answer that its schema does not describe."""
    if isinstance(value, dict):
        named = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        return [
            one
            for key, inside in value.items()
            for one in (
                described(named.get(key, rest), inside, f"{at}.{key}") if key in named or rest else [f"{at}.{key}"]
            )
        ]
    if isinstance(value, list):
        return [one for inside in value for one in described(schema["items"], inside, f"{at}[]")]
    return []


def published(name: str, value: Any) -> None:
    """Assert that an answer keeps its published schema, and that the schema describes every key of it."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema = importlib.import_module("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema)
    assert described(schema, value) == []
