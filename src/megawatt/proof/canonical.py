"""Canonical JSON (RFC 8785) of integers, strings, booleans, null, lists and objects: one value, one spelling.

Numbers are integers of at most 2**53 - 1 in size, which every JSON reader holds exactly; there are no floats, because
money and energy are counted in whole micro-dollars and watt-hours.
"""

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring  # what `dumps` spells text with, without a new encoder for each
from typing import TypeAlias

from megawatt.proof.errors import FormatError

Json: TypeAlias = "int | str | bool | Sequence[Json] | Mapping[str, Json] | None"

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32
_DEPTH_REMEDY = "Write integers of a smaller unit, or a string; nest less deeply."


def format_json(value: Json) -> bytes:
    """Canonical bytes: no spaces, keys sorted by their UTF-16 code units, shortest escapes.

    Raises:
        FormatError: The value holds something else than the types above, or is nested too deeply.
    """
    try:
        return _spell(value, 0).encode()
    except UnicodeEncodeError as error:
        raise FormatError("text with half a surrogate pair", "JSON text is Unicode", "Repair the text.") from error


def _spell(value: Json, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise FormatError(f"JSON deeper than {MAX_DEPTH}", "that is the limit here", _DEPTH_REMEDY)
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise FormatError(f"integer {str(value)[:40]}", "it exceeds 2**53 - 1 in size", _DEPTH_REMEDY)
        return str(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise FormatError("an object with keys other than text", "JSON keys are text", "Turn keys into text.")
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{encode_basestring(k)}:{_spell(value[k], depth + 1)}" for k in keys) + "}"
    if isinstance(value, list | tuple):
        if set(map(type, value)) == {int} and max(map(abs, value)) <= MAX_INTEGER and depth < MAX_DEPTH:
            return "[" + ",".join(map(str, value)) + "]"  # a meter's readings, at a third of the time of one by one
        return "[" + ",".join(_spell(item, depth + 1) for item in value) + "]"
    raise FormatError(f"a {type(value).__name__}", "canonical JSON here has no such type", _DEPTH_REMEDY)


def parse_json(data: bytes) -> Json:
    """Inverse of `format_json`.

    Raises:
        FormatError: The bytes are not the canonical spelling of a value.
    """
    try:
        value: Json = json.loads(data.decode(), parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"bytes {data[:40]!r}", "they are no JSON of integers and text", "Write it with `format_json`."
        ) from error
    if format_json(value) != data:
        raise FormatError(f"JSON {data[:40]!r}", "it is not in canonical spelling", "Write it with `format_json`.")
    return value


def _no_float(text: str) -> int:
    raise ValueError(text)
