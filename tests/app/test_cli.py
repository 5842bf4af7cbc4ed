"""The command line: exit codes, errors with a remedy, nothing half-written, and an answer that a program can read."""

import errno
import importlib
import importlib.util
import json
import os
import re
import resource
import signal
import subprocess
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from megawatt.app import files as writing
from tests.app.running import Run, files, refused, runner
from tests.app.schemas import described, no_constant
from tests.site.test_specimens import ILLNESSES

ROOT = Path(__file__).resolve().parents[2]
SITES = ROOT / "tests" / "site" / "specimens"
SCHEMA = json.loads((ROOT / "docs" / "json" / "decide-1.schema.json").read_text(encoding="utf-8"))
needs_report = pytest.mark.skipif(
    importlib.util.find_spec("megawatt.app.report") is None, reason="there is no report page yet"
)

run = pytest.fixture(runner)
TWO_DAYS = ("--from", "2024-06-01", "--to", "2024-06-03")


def process(*words: str, after: str = "main()", **options: Any) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    program = f"import sys; sys.argv = ['megawatt', *sys.argv[1:]]; from megawatt.app.cli import main; {after}"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", program, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **options)


# --- help and version -------------------------------------------------------------------------------------------------

VERBS = ["", "init", "check", "decide", "data", "data import", "data list", "data remove"]
VERBS += [f"data import {kind}" for kind in ("ercot", "entsoe", "bitcoin", "table")]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, run: Run) -> None:
    answer = run(*verb.split(), "--help")
    assert answer.code == 0
    assert f"Usage: megawatt {verb}".rstrip() in answer.out


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version").out == f"megawatt {version('megawatt')}\n"


def test_a_verb_that_does_not_exist_is_an_input_error(run: Run) -> None:
    answer = run("decided")
    assert answer.code == 2
    assert "decide" in answer.err


# --- init and check ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", ["texas-mine", "hybrid", "ai-campus"])
def test_an_example_is_written_and_passes_its_own_check(example: str, run: Run) -> None:
    assert run("init", example).code == 0
    answer = run("check", f"{example}.toml")
    assert answer.code == 0
    assert re.search(rf"^{example}.toml: (no findings|0 errors, 1 warnings)\.$", answer.out, re.MULTILINE)


def test_a_file_that_exists_is_replaced_only_when_forced(run: Run) -> None:
    Path("site.toml").write_text("mine", encoding="utf-8")
    answer = run("init", "--to", "site.toml")
    refused(answer, "site.toml exists", "--force")
    assert answer.files == {"site.toml": b"mine"}
    assert run("init", "--to", "site.toml", "--force").code == 0
    assert b"texas-mine" in Path("site.toml").read_bytes()


def test_an_example_that_does_not_exist_is_answered_with_the_nearest(run: Run) -> None:
    refused(run("init", "texas"), "texas-mine")


@pytest.mark.parametrize("name", sorted(ILLNESSES))
def test_check_says_2_for_a_file_that_cannot_be_read_1_for_an_error_0_for_a_warning(name: str, run: Run) -> None:
    severity = ILLNESSES[name].severity
    answer = run("check", SITES / f"{name}.toml")
    assert answer.code == {"form": 2, "error": 1, "warning": 0}[severity]
    assert "  do:   " in (answer.err if severity == "form" else answer.out)
    assert ILLNESSES[name].remedy in answer.err + answer.out
    as_json = run("check", SITES / f"{name}.toml", "--json")
    findings = json.loads(as_json.out)
    assert (findings["schema"], as_json.code) == ("megawatt/check/1", answer.code)
    assert any(ILLNESSES[name].remedy in one["remedy"] for one in findings["findings"])


# --- decide: what is wrong is said at once and nothing is written -----------------------------------------------------


@pytest.mark.parametrize("name", sorted(name for name, ill in ILLNESSES.items() if ill.severity != "warning"))
def test_decide_refuses_every_ill_site_file_and_writes_nothing(name: str, run: Run) -> None:
    answer = run("decide", SITES / f"{name}.toml", "--report", "report.html")
    refused(answer, ILLNESSES[name].remedy)
    assert (answer.out, answer.files) == ("", {})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2024-06-03", "--to", "2024-06-01"), "its end is a later day"),
        (("--from", "2024-06-03", "--to", "2024-06-03"), "its end is a later day"),
        (("--from", "June"), "a day is written 2024-07-01"),
        (("--from", "2024-02-30"), "a day is written 2024-07-01"),
        (("--from", "2026-06-01", "--to", "2026-06-03"), "btc/price 2019-12-05 to 2025-01-01"),
        (("--from", "2018-06-01", "--to", "2018-06-03"), "Choose --from and --to between 2019-12-05 and 2025-01-01"),
        (("--from", "1900-01-01", "--to", "9000-01-01"), "at most 5,000,000 are decided at once"),
        (("--report", "none/report.html"), "the folder none does not exist"),
        (("--report", "."), ". is a folder"),
        (("--report", "/dev/null"), "no regular file"),
    ],
)
def test_decide_refuses_a_wrong_option(words: tuple[str, ...], said: str, run: Run) -> None:
    run("init")
    answer = run("decide", "texas-mine.toml", *words)
    refused(answer, said)
    assert set(answer.files) == {"texas-mine.toml"}
    assert Path("/dev/null").is_char_device()


def test_a_number_of_seconds_below_one_is_refused_by_name(run: Run) -> None:
    answer = run("decide", "texas-mine.toml", "--seconds", "0")
    assert answer.code == 2
    assert "--seconds" in answer.err


def test_a_site_file_that_is_absent_is_named(run: Run) -> None:
    refused(run("decide", "none.toml"), "none.toml", "megawatt init")


def store_site() -> None:
    text = Path("texas-mine.toml").read_text(encoding="utf-8")
    Path("texas-mine.toml").write_text(text.replace('"reference"', '"store"'), encoding="utf-8")


def test_a_site_that_asks_for_a_store_is_told_how_to_make_one(run: Run) -> None:
    run("init")
    store_site()
    answer = run("decide", "texas-mine.toml")
    refused(answer, "the local store megawatt.sqlite does not exist", "megawatt data import")
    assert set(answer.files) == {"texas-mine.toml"}


# --- a disk that is full, a process that is killed ----------------------------------------------------------------------


def test_a_disk_that_is_full_leaves_the_old_file_whole(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("site.toml").write_text("mine", encoding="utf-8")

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "replace", lambda self, _: full(self))
    answer = run("init", "--to", "site.toml", "--force")
    refused(answer, "site.toml cannot be written (No space left on device)", "space on the disk")
    assert answer.files == {"site.toml": b"mine"}


def test_a_write_that_the_kernel_cuts_short_leaves_nothing(tmp_path: Path) -> None:
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1_000, 1_000))
    done = process("init", "--to", str(tmp_path / "site.toml"), preexec_fn=limit)
    assert done.returncode == 2
    assert "cannot be written (File too large)" in done.stderr
    assert files(tmp_path) == {}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_output_that_cannot_be_written_is_an_error_without_a_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        program = "import sys; sys.argv = ['megawatt', '--help']; from megawatt.app.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: writing the output: No space left on device\n  do:   ")


def test_what_a_killed_process_leaves_is_in_nobodys_way(tmp_path: Path) -> None:
    target = tmp_path / "site.toml"
    target.write_text("mine", encoding="utf-8")
    killed = (
        "import os, signal; from pathlib import Path; "
        "Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL); main()"
    )
    assert process("init", "--to", str(target), "--force", after=killed).returncode == -signal.SIGKILL
    assert target.read_text(encoding="utf-8") == "mine"
    assert process("init", "--to", str(target), "--force").returncode == 0
    assert "texas-mine" in target.read_text(encoding="utf-8")


def test_a_file_behind_a_link_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("mine", encoding="utf-8")
    (tmp_path / "link.toml").symlink_to(tmp_path / "real.toml")
    writing.write_text(tmp_path / "link.toml", "new")
    assert (tmp_path / "link.toml").is_symlink()
    assert (tmp_path / "real.toml").read_text(encoding="utf-8") == "new"


# --- decide: the answer -------------------------------------------------------------------------------------------------


def test_the_answer_keeps_to_its_published_schema(run: Run) -> None:
    run("init")
    answer = run("decide", "texas-mine.toml", *TWO_DAYS, "--json")
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out, parse_constant=no_constant)
    jsonschema = importlib.import_module("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(found, SCHEMA)
    assert described(SCHEMA, found) == []
    for policy in found["policies"]:
        assert sum(policy["ledger"].values()) == pytest.approx(policy["net_usd"], abs=0.005)
        assert sum(policy["lines_usd"].values()) == pytest.approx(policy["net_usd"], abs=0.03)
    assert found["recommended"] in {policy["name"] for policy in found["policies"]}
    assert found["hours_covered"] == 48.0
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found | {"schema": "megawatt/decide/2"}, SCHEMA)


def test_decide_says_how_long_it_will_take_and_prints_every_policy(run: Run) -> None:
    run("init")
    answer = run("decide", "texas-mine.toml", *TWO_DAYS)
    assert answer.code == 0
    assert re.match(r"texas-mine: 192 intervals, exact path; about \d+ s\.\n", answer.err)
    for policy in ("always-on", "all-hosting", "threshold", "perfect-foresight"):
        assert re.search(rf"^{policy}", answer.out, re.MULTILINE)
    assert "Covers 48 of 48 h; modelled prices." in answer.out


@needs_report
def test_the_report_is_one_file_written_whole(run: Run) -> None:
    run("init")
    answer = run("decide", "texas-mine.toml", *TWO_DAYS, "--report", "report.html")
    assert answer.code == 0
    assert set(answer.files) == {"texas-mine.toml", "report.html"}
    assert answer.files["report.html"].rstrip().endswith(b"</html>")


@needs_report
def test_a_disk_that_is_full_leaves_the_old_report_whole(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("init")
    Path("report.html").write_text("old", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writing, "_write", full)
    answer = run("decide", "texas-mine.toml", *TWO_DAYS, "--report", "report.html")
    assert answer.code == 2
    assert "error: report.html cannot be written (No space left on device)" in answer.err
    assert answer.files["report.html"] == b"old"
