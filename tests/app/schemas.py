"""Answers in JSON against their published schemas."""

from typing import Any

import pytest


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
