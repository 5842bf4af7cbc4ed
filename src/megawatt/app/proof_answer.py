"""What the verbs of ``megawatt proof`` print, and how the log's own errors leave them."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import typer

from megawatt.core.errors import InputError
from megawatt.proof.errors import ProofError

SCHEMA = "megawatt/proof/1"


def clock() -> int:
    """Now, in whole seconds since 1970-01-01 UTC: the one place where these verbs read a clock."""
    return int(dt.datetime.now(dt.UTC).timestamp())  # noqa: TID251  # handed on from here as an argument


def utc(seconds: int) -> str:
    """A time as people read it."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError):  # a witness may sign any number
        return f"{seconds} s after 1970-01-01Z"


def print_answer(verb: str, answer: Mapping[str, object], lines: list[str], *, as_json: bool) -> None:
    """The answer as JSON, or its lines."""
    if as_json:
        typer.echo(json.dumps({"schema": SCHEMA, "verb": verb, **answer}, indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(lines))


def print_no(verb: str, error: ProofError, *, as_json: bool, **more: object) -> int:
    """Say that the answer is no, and why; returns the exit code 1."""
    finding = {"value": error.value, "rule": error.rule, "remedy": error.remedy}
    lines = [f"NO: {error.value}", f"  rule: {error.rule}", f"  do:   {error.remedy}"]
    print_answer(verb, {"ok": False, "finding": finding, **more}, lines, as_json=as_json)
    return 1


@contextmanager
def as_input(place: Path | str | None = None) -> Iterator[None]:
    """Errors of the log become errors of the input, which end with exit code 2.

    Raises:
        InputError: Instead of any `ProofError`.
    """
    try:
        yield
    except ProofError as error:
        raise InputError(error.value, error.rule, error.remedy, None if place is None else str(place)) from error
