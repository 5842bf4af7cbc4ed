"""On which line of a TOML text a key stands: `tomllib` reads values and forgets places.

The scanner knows just enough TOML for that: headers, keys, strings that span lines and brackets that stay open. It is
only run on text that `tomllib` accepts.
"""

import re

Path = tuple[str | int, ...]
"""A key from the top: ``("fleet", 1, "modes", 0, "name")`` is the name of the first mode of the second fleet."""

_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r""""[^"]*"|'[^']*'|[A-Za-z0-9_-]+""")
_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*|[\[\]{}]')


class Lines:
    """Line numbers of the headers and keys of a TOML text."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._scan(text)

    def of(self, path: Path) -> int | None:
        """Line of ``path``, or of the nearest table or key around it that has one; none when nothing has."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return None

    def _scan(self, text: str) -> None:
        table: Path = ()
        depth, quote = 0, ""
        for number, line in enumerate(text.split("\n"), start=1):
            rest = line
            if not depth and not quote:
                header, key = _HEADER.match(line), _KEY.match(line)
                if key:
                    self._lines.setdefault(table + _parts(key.group(1)), number)
                    rest = line[key.end() :]
                elif header:
                    table = self._enter(_parts(header.group(2)), many=header.group(1) == "[[")
                    self._lines.setdefault(table, number)
                    if header.group(1) == "[[":
                        self._lines.setdefault(table[:-1], number)  # the first of the array
                    continue
            depth, quote = _open_after(rest, depth, quote)

    def _enter(self, parts: Path, *, many: bool) -> Path:
        """Path of the table a header opens: parts that are arrays of tables get the number of the last one."""
        path: Path = ()
        for part in parts[:-1]:
            path = (*path, part)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        path = (*path, parts[-1])
        if many:
            self._counts[path] = self._counts.get(path, 0) + 1
            path = (*path, self._counts[path] - 1)
        return path


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _open_after(text: str, depth: int, quote: str) -> tuple[int, str]:
    """How many brackets, and which multi-line quote, are open after ``text``."""
    while text:
        if quote:
            end = text.find(quote)
            if end < 0:
                return depth, quote
            text, quote = text[end + 3 :], ""
            continue
        token = _TOKEN.search(text)
        if token is None:
            break
        if token.group() in ('"""', "'''"):
            quote = token.group()
        elif token.group() in "[{":
            depth += 1
        elif token.group() in "]}":
            depth -= 1
        text = text[token.end() :]
    return depth, quote
