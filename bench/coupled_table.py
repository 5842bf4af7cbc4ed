"""Records of the coupled bench, what is best known from them, and the tables of ``docs/benchmarks.md``."""

import json
import re
from pathlib import Path
from typing import Any

from bench.instances import ROOT

RECORDS = ROOT / "docs" / "evidence" / "bench" / "coupled"
PAGE = ROOT / "docs" / "benchmarks.md"

Run = dict[str, Any]


def record_path(peer: str) -> Path:
    """Where the runs of a peer stand."""
    return RECORDS / (re.sub(r"[^a-z0-9]+", "-", peer.lower()) + ".json")


def read(peer: str) -> dict[str, Run]:
    """The runs of a peer by window."""
    path = record_path(peer)
    return json.loads(path.read_text()) if path.exists() else {}


def renew_page() -> None:
    """Write the tables."""
