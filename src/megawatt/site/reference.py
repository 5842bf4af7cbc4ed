"""The reference page and the JSON Schema of the site file, made from what `about` says at each key."""

from typing import Any

from pydantic.fields import FieldInfo

from megawatt.site.check import CHECKS
from megawatt.site.examples import EXAMPLES
from megawatt.site.faults import toml
from megawatt.site.field import About, Table, about_field
from megawatt.site.tables import SCHEMA, TABLES

_HEAD = f"""# The site file

A site is one TOML file. Its first line is `schema = "{SCHEMA}"`; later versions add tables and keys and never rename one.
`megawatt init` writes an example ({", ".join(f"`{name}`" for name in EXAMPLES)}), `megawatt check FILE` names everything that is wrong with its place.

Unknown keys, text for numbers, NaN, and numbers outside the sane range are errors. Powers count from the grid into the
site; what the site pays is a positive price. Editors that check TOML against a JSON Schema find it in
`docs/site.schema.json` (Taplo and Even Better TOML: write `#:schema docs/site.schema.json` at the top of the file).

This page is made from the code by `scripts/make_site_reference.py`.
"""


def reference_markdown() -> str:
    """The reference page of the site file."""
    parts = [_HEAD]
    for name, one in TABLES.items():
        header = f"[[{name}]]" if one.many else f"[{name}]"
        needed = "required" if one.required else "any number" if one.many else "optional"
        parts.append(
            f"## `{header}`\n\n{_summary(one.table)} ({needed}; in Python `site.{one.attribute}`.)\n\n{_rows(one.table)}"
        )
        parts += [
            f"### `{header}` {key}\n\n{_summary(inner)}\n\n{_rows(inner)}"
            for key, inner in one.table.inner_tables().items()
        ]
    parts.append(_checks())
    return "\n".join(parts)


def _checks() -> str:
    rows = [f"| `{rule.__name__.removeprefix('check_')}` | {(rule.__doc__ or '').strip()} |" for rule in CHECKS]
    head = f"## Checks\n\n`megawatt check` looks at {len(rows)} rules beyond single keys; a rule that does not hold is an error or a warning.\n"
    return "\n".join([head, "| check | rule |", "|---|---|", *rows, ""])


def _summary(table: type[Table]) -> str:
    return (table.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")


def _rows(table: type[Table]) -> str:
    lines = ["| key | unit | default | meaning | example | source |", "|---|---|---|---|---|---|"]
    for key, info in table.model_fields.items():
        known = about_field(info)
        cells = (
            f"`{key}`",
            known.unit,
            default_text(info),
            _meaning(info, known),
            f"`{toml(known.example)}`",
            known.source,
        )
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join([*lines, ""])


def _meaning(info: FieldInfo, known: About) -> str:
    choices = [one for one in getattr(info.annotation, "__args__", ()) if isinstance(one, str | int)]
    extra = [
        f"One of {', '.join(f'`{toml(one)}`' for one in choices)}." if choices else "",
        f"Range: {known.range_text()}." if known.range_text() else "",
        _kinds(known),
    ]
    return " ".join([known.meaning, *filter(None, extra)])


def _kinds(known: About) -> str:
    if not known.kinds:
        return ""
    only, needed = ", ".join(known.kinds), ", ".join(known.required_for)
    if only == needed:
        return f"Only for kind {only}, which needs it."
    return f"Only for kind {only}" + (f"; {needed} needs it." if needed else ".")


def default_text(info: FieldInfo) -> str:
    """Default of a key in words."""
    known = about_field(info)
    if info.is_required():
        return "**required**"
    if known.default_text:
        return known.default_text
    if info.default in ("", ()):
        return "none"
    return f"`{toml(info.default)}`"


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the site file, for editors that check TOML against one."""
    properties: dict[str, Any] = {"schema": {"const": SCHEMA, "description": "Version of this file format."}}
    definitions: dict[str, Any] = {}
    for name, one in TABLES.items():
        schema = one.table.model_json_schema(ref_template="#/$defs/{model}")
        definitions |= {
            key: _with_facts(inner, one.table.inner_tables()) for key, inner in schema.pop("$defs", {}).items()
        }
        table = _with_facts(schema, {"": one.table})
        properties[name] = {"type": "array", "items": table} if one.many else table
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "megawatt site file",
        "type": "object",
        "properties": properties,
        "required": ["schema", *(name for name, one in TABLES.items() if one.required)],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _with_facts(schema: dict[str, Any], tables: dict[str, type[Table]]) -> dict[str, Any]:
    """Add to each property its example, and drop what editors do not need."""
    table = next(one for one in tables.values() if one.__name__ == schema["title"])
    for key, known in table.keys().items():
        one = schema["properties"][key]
        one.pop("title", None)
        if known.default_text:
            one.pop("default", None)
        if "anyOf" in one:  # a number or none: TOML has no none, the key is left out
            one |= next(choice for choice in one.pop("anyOf") if choice["type"] != "null")
        one["examples"] = [known.example.isoformat() if hasattr(known.example, "isoformat") else known.example]
    return schema
