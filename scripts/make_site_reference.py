"""Write docs/site-file.md and docs/site.schema.json from the tables of the site file."""

import json
from pathlib import Path

from megawatt.site.reference import json_schema, reference_markdown

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Write both files; a test fails when they are stale."""
    DOCS.mkdir(exist_ok=True)
    (DOCS / "site-file.md").write_text(reference_markdown(), encoding="utf-8")
    schema = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    (DOCS / "site.schema.json").write_text(schema, encoding="utf-8")
    print(f"wrote {DOCS / 'site-file.md'} and {DOCS / 'site.schema.json'}")


if __name__ == "__main__":
    main()
