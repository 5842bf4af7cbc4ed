"""No figure without a record, and no record that outlives its code."""

import json
from pathlib import Path

import pytest

from evidence import bar as bars
from evidence import run
from evidence.bar import PAGE, ROOT, Bar, Figure, page, registered

REGISTERED = registered()


@pytest.mark.parametrize("bar", REGISTERED, ids=lambda bar: bar.id)
def test_every_bar_has_a_record_of_the_code_as_it_stands(bar: Bar) -> None:
    assert bar.read() is not None, f"{bar.id} was never measured: run make evidence"
    assert bar.is_current(), f"the code that {bar.id} covers has changed since it was measured: run make evidence"


def test_every_record_belongs_to_a_bar() -> None:
    assert {path.stem for path in PAGE.parent.glob("*.json")} <= {bar.id for bar in REGISTERED}
    assert len({bar.id for bar in REGISTERED}) == len(REGISTERED)


def test_the_page_is_made_from_the_records() -> None:
    records = [record for bar in REGISTERED if (record := bar.read()) is not None]
    assert PAGE.read_text() == page(records)


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bar:
    """A bar whose measurement counts how often it was made, with a covered file in a folder of its own."""
    (tmp_path / "covered.py").write_text("x = 1\n")
    runs: list[int] = []

    def measure() -> Figure:
        runs.append(1)
        return Figure(f"{len(runs)} runs", passed=len(runs) < 3, numbers={"runs": len(runs)})

    monkeypatch.setattr(bars, "ROOT", tmp_path)
    monkeypatch.setattr(bars, "RECORDS", tmp_path / "records")
    monkeypatch.setattr(bars, "commit", lambda: "abc")
    monkeypatch.setattr("inspect.getfile", lambda _: str(tmp_path / "covered.py"))
    one = Bar("sample", "It runs.", "below 3 runs", ("*.py",), measure)
    monkeypatch.setattr(run, "registered", lambda: [one])
    monkeypatch.setattr(run, "PAGE", tmp_path / "records" / "index.md")
    return one


def test_what_is_current_is_not_measured_twice_and_what_has_changed_is(sample: Bar, tmp_path: Path) -> None:
    assert run.main([]) == 0
    assert run.main([]) == 0
    assert json.loads(sample.record_path.read_text())["figure"] == "1 runs"
    (tmp_path / "covered.py").write_text("x = 2\n")
    assert not sample.is_current()
    assert run.main(["sample"]) == 0
    assert json.loads(sample.record_path.read_text())["figure"] == "2 runs"


def test_a_missed_bar_is_recorded_shown_and_returned(sample: Bar, tmp_path: Path) -> None:
    assert [run.main(["--again"]) for _ in range(3)] == [0, 0, 1]
    assert "**missed**" in (tmp_path / "records" / "index.md").read_text()
    assert run.main([]) == 1
    assert sample.is_current()


def test_what_cannot_be_measured_here_is_recorded_as_not_run_and_is_no_miss(sample: Bar, tmp_path: Path) -> None:
    object.__setattr__(sample, "measure", lambda: Figure("the data folder is absent", passed=None, numbers={}))
    assert run.main([]) == 0
    assert json.loads(sample.record_path.read_text())["passed"] is None
    assert "| not run |" in (tmp_path / "records" / "index.md").read_text()


def test_a_bar_that_is_put_off_is_shown_as_not_run_with_the_reason(sample: Bar, tmp_path: Path) -> None:
    assert run.main(["sample", "--defer", "takes hours"]) == 0
    assert sample.is_current()
    assert "| takes hours | not run |" in (tmp_path / "records" / "index.md").read_text()
    assert run.main(["sample", "--again"]) == 0
    assert json.loads(sample.record_path.read_text())["figure"] == "1 runs"


def test_a_pattern_that_covers_nothing_is_an_error(sample: Bar) -> None:
    lost = Bar("lost", "It is gone.", "none", ("renamed/*.py",), sample.measure)
    with pytest.raises(FileNotFoundError, match="renamed"):
        lost.source_sha256()


def test_an_unknown_name_is_answered_with_those_there_are(sample: Bar, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run.main(["sampel"])
    assert end.value.code == 2
    assert sample.id in capsys.readouterr().err


def test_the_record_tells_all_a_reader_asks(sample: Bar) -> None:
    record = sample.take()
    for key in ("sentence", "target", "figure", "passed", "command", "commit", "machine", "date", "source_sha256"):
        assert record[key] not in (None, ""), key
    assert str(record["command"]).startswith("python -m evidence.run")
    assert (ROOT / "evidence" / "run.py").exists()
