"""Every specimen in docs/proof is true: recomputed, and compared with the page."""

import re
from pathlib import Path

from megawatt.proof.policy import UNSIGNED
from tests.proof.specimens import specimens

DOCS = Path(__file__).parents[2] / "docs" / "proof"
_SPECIMEN = re.compile(r"<!-- specimen: (.+?) -->\n```\n(.*?)```\n", re.DOTALL)


def printed() -> dict[str, str]:
    return {name: text for page in sorted(DOCS.glob("*.md")) for name, text in _SPECIMEN.findall(page.read_text())}


def test_every_specimen_on_the_pages_is_the_recomputed_one() -> None:
    assert printed() == specimens()


def test_every_format_page_has_a_specimen_and_is_listed() -> None:
    index = (DOCS / "index.md").read_text()
    for page in DOCS.glob("*.md"):
        if page.stem != "index":
            assert f"({page.name})" in index
            assert _SPECIMEN.search(page.read_text()), page.name


def test_the_policy_page_lists_each_unsigned_kind_with_its_reason() -> None:
    page = (DOCS / "policy.md").read_text()
    assert all(f"| {kind} |" in page for kind in UNSIGNED)
