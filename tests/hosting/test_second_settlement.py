"""Same bill for both: a second implementation, written from the page by who has not read the first, gives the same.

`tests/hosting/second_settlement.py` uses Python's standard library alone; `make evidence` compares 1,000 months.
"""

import ast
import importlib.util
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from tests.hosting.months import random_log, statement_body

SECOND = Path(__file__).with_name("second_settlement.py")
pytestmark = pytest.mark.skipif(not SECOND.exists(), reason="the second implementation is not there")


def second(entries: list[dict[str, Any]]) -> dict[str, Any]:
    module = importlib.import_module("tests.hosting.second_settlement")
    return cast("dict[str, Any]", module.statement(entries))


def differing(seeds: range) -> list[str]:
    """Seeds of months in which the two bodies differ, with the members that do."""
    out = []
    for seed in seeds:
        log = random_log(seed)
        ours, theirs = statement_body(log), second(log)
        if ours != theirs:
            out.append(
                f"seed {seed}: {sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))}"
            )
    return out


def test_forty_random_months_are_equal_in_both() -> None:
    assert differing(range(40)) == []


@pytest.mark.full
def test_a_thousand_random_months_are_equal_in_both() -> None:
    assert differing(range(1000)) == []


def test_the_specimen_of_the_page_is_equal_in_both() -> None:
    import json  # noqa: PLC0415

    from tests.hosting.settlement_specimens import entries, specimens  # noqa: PLC0415

    log = [json.loads(entry.to_bytes()) for entry in entries()]
    assert second(log) == json.loads(specimens()["statement body"])


def test_the_second_implementation_uses_the_standard_library_alone() -> None:
    """And its own files, which do too."""
    names = set()
    for path in SECOND.parent.glob("second_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    others = {name for name in names if not name.startswith("tests.hosting.second_")}
    assert {name.partition(".")[0] for name in others} <= set(sys.stdlib_module_names)
