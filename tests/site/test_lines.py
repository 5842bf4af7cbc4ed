"""Line numbers of keys, against documents whose layout the test itself chose."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.site.examples import EXAMPLES
from megawatt.site.lines import Lines, Path

AWKWARD = '''\
top.dotted = 1
[a]            # comment with [brackets] and "quotes"
"quoted key" = 'x = 1'
text = """
[not.a.header]
not_a_key = 1
"""
list = [ # open [
  1,
  [2, 3],
]
after = "# no comment"
[[b]]
one = 1
[[b.inner]]
deep = 1
[[b.inner]]
deep = 2
[[b]]
one = 2
[b.plain]
last = { x = 1, y = [1, 2] }
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top", "dotted"), 1),
        (("a",), 2),
        (("a", "quoted key"), 3),
        (("a", "text"), 4),
        (("a", "list"), 8),
        (("a", "after"), 12),
        (("b", 0), 13),
        (("b", 0, "one"), 14),
        (("b", 0, "inner", 0, "deep"), 16),
        (("b", 0, "inner", 1, "deep"), 18),
        (("b", 1), 19),
        (("b", 1, "one"), 20),
        (("b", 1, "plain", "last"), 22),
        (("b", 1, "plain", "last", "y", 1), 22),
        (("b", 1, "absent"), 19),
        (("b",), 13),
        (("absent",), None),
        (("a", "not_a_key"), 2),
    ],
)
def test_awkward_document(path: Path, line: int | None) -> None:
    tomllib.loads(AWKWARD)
    assert Lines(AWKWARD).of(path) == line


VALUES = st.sampled_from(
    [
        "1",
        '"[x]"',
        "'a = 1'",
        "[\n  1, # ]\n  2,\n]",
        '"""\n[t]\nk = 1\n"""',
        "'''\n]'''",
        "2024-01-01",
        "{ a = [1] }",
        '"\\"["',
    ]
)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.booleans(), st.lists(VALUES, max_size=4)), max_size=6))
def test_every_key_is_found_on_the_line_it_was_written_to(tables: list[tuple[bool, list[str]]]) -> None:
    lines: list[str] = []
    expected: dict[Path, int] = {}
    arrays = 0
    for number, (many, values) in enumerate(tables):
        lines.append("[[many]] # [" if many else f"[t{number}]")
        table: Path = ("many", arrays) if many else (f"t{number}",)
        arrays += many
        expected[table] = len(lines)
        for key, value in enumerate(values):
            expected[*table, f"k{key}"] = len(lines) + 1
            lines += f"k{key} = {value}".split("\n")
    text = "\n".join(lines)
    tomllib.loads(text)
    found = Lines(text)
    assert {path: found.of(path) for path in expected} == expected


def _leaves(value: object, path: Path = ()) -> list[Path]:
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in _leaves(one, (*path, key))]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [leaf for number, one in enumerate(value) for leaf in _leaves(one, (*path, number))]
    return [path]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_key_of_an_example_stands_on_its_line(name: str) -> None:
    text = EXAMPLES[name]
    lines, found = text.split("\n"), Lines(text)
    for path in _leaves(tomllib.loads(text)):
        number = found.of(path)
        keys = [part for part in path if isinstance(part, str)]
        assert number is not None
        assert any(lines[number - 1].startswith(f"{key} =") for key in keys)
