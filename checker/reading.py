"""Strict reading of JSON: what the page does not allow is refused with its place, never repaired."""

import json
import math
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


class MalformedError(Exception):
    """A file is not what the format page describes."""


def _no_constant(name: str) -> float:
    raise MalformedError(f"{name} in the file; the page allows no such number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("a key stands twice in one object")
    return found


def load(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant, object_pairs_hook=_once)
    except (OSError, ValueError, RecursionError) as error:
        raise MalformedError(f"{path}: {error}") from error
    except MalformedError as error:
        raise MalformedError(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise MalformedError(f"{path}: not a JSON object")
    return found


class Node:
    """One object of a file and its place, for messages."""

    def __init__(self, found: Any, place: str) -> None:
        if not isinstance(found, dict):
            raise MalformedError(f"{place}: not an object")
        self.found: dict[str, Any] = found
        self.place = place

    def at(self, key: str) -> str:
        """The place of a key."""
        return f"{self.place}.{key}"

    def raw(self, key: str) -> Any:
        """The value of a key that must be there."""
        if key not in self.found:
            raise MalformedError(f"{self.at(key)}: missing")
        return self.found[key]

    def text(self, key: str) -> str:
        """A string."""
        value = self.raw(key)
        if not isinstance(value, str):
            raise MalformedError(f"{self.at(key)}: not a text")
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.raw(key)
        if not isinstance(value, bool):
            raise MalformedError(f"{self.at(key)}: neither true nor false")
        return value

    def number(self, key: str) -> float:
        """A finite number."""
        return number(self.raw(key), self.at(key))

    def limit(self, key: str) -> float:
        """A number, or infinity for null."""
        value = self.raw(key)
        return math.inf if value is None else number(value, self.at(key))

    def whole(self, key: str, least: int = 0) -> int:
        """A whole number from ``least`` on."""
        value = self.raw(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise MalformedError(f"{self.at(key)}: {value!r} is no whole number from {least} on")
        return value

    def items(self, key: str) -> list[Any]:
        """A list."""
        value = self.raw(key)
        if not isinstance(value, list):
            raise MalformedError(f"{self.at(key)}: not a list")
        return value

    def nodes(self, key: str) -> list["Node"]:
        """A list of objects."""
        return [Node(one, f"{self.at(key)}[{i}]") for i, one in enumerate(self.items(key))]

    def row(self, key: str, length: int | None, *, null: float | None = None) -> Array:
        """A list of numbers; ``null`` says what null stands for, if it may stand there."""
        return row(self.raw(key), length, self.at(key), null=null)

    def wholes(self, key: str, length: int | None) -> Whole:
        """A list of whole numbers from 0 on."""
        values = self.items(key)
        if length is not None and len(values) != length:
            raise MalformedError(f"{self.at(key)}: {len(values)} values, not {length}")
        if any(type(value) is not int or value < 0 for value in values):
            raise MalformedError(f"{self.at(key)}: not whole numbers from 0 on")
        return np.array(values, dtype=np.int64)

    def flags(self, key: str, length: int) -> Flags:
        """A list of true and false."""
        values = self.items(key)
        if len(values) != length or any(type(value) is not bool for value in values):
            raise MalformedError(f"{self.at(key)}: not {length} times true or false")
        return np.array(values, dtype=np.bool_)

    def table(self, key: str, rows: int | None, columns: int) -> Array:
        """A list of lists of numbers, ``rows`` x ``columns``."""
        values = self.items(key)
        if rows is not None and len(values) != rows:
            raise MalformedError(f"{self.at(key)}: {len(values)} rows, not {rows}")
        for i, one in enumerate(values):
            if not isinstance(one, list) or len(one) != columns:
                raise MalformedError(f"{self.at(key)}[{i}]: no list of {columns} values")
        flat = list(chain.from_iterable(values))
        return row(flat, None, self.at(key)).reshape(len(values), columns)

    def schema(self, wanted: str) -> None:
        """Refuse any other schema."""
        if self.text("schema") != wanted:
            raise MalformedError(f"{self.at('schema')}: {self.raw('schema')!r}, not {wanted!r}")


def number(value: Any, place: str) -> float:
    """A finite number."""
    if type(value) not in {int, float} or not math.isfinite(value):
        raise MalformedError(f"{place}: {value!r} is no number")
    return float(value)


def row(values: Any, length: int | None, place: str, *, null: float | None = None) -> Array:
    """A list of finite numbers as an array."""
    if not isinstance(values, list):
        raise MalformedError(f"{place}: not a list")
    if length is not None and len(values) != length:
        raise MalformedError(f"{place}: {len(values)} values, not {length}")
    if null is not None:
        values = [null if value is None else value for value in values]
    if not set(map(type, values)) <= {int, float}:
        raise MalformedError(f"{place}: not numbers only")
    found = np.array(values, dtype=np.float64)
    if np.isnan(found).any() or (null is None and not np.isfinite(found).all()):
        raise MalformedError(f"{place}: a number that is not finite")
    return found
