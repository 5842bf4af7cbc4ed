"""The command line, run inside the test as a user would run it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from megawatt.app.cli import main

TEXAS = Path("texas-mine.toml")


class Answer(NamedTuple):
    """What a command left: exit code, standard output and error, and the files of the folder."""

    code: int
    out: str
    err: str
    files: dict[str, bytes]


Run = Callable[..., Answer]


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs a command in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEGAWATT_STORE", raising=False)

    def run(*words: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["megawatt", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int | None)
        return Answer(code or 0, out, err, files(tmp_path))

    return run


def refused(answer: Answer, *words: str, code: int = 2) -> None:
    """The answer is an error with rule and remedy, and says each of ``words``."""
    assert answer.code == code, answer.out + answer.err
    assert "Traceback" not in answer.err
    assert answer.err.startswith("error: ")
    assert "\n  rule: " in answer.err
    assert "\n  do:   " in answer.err
    for word in words:
        assert word in answer.err
