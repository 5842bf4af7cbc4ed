"""``megawatt forecast score``: runs that are taken up again, peers that stand beside, and the whole verb."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from megawatt.app.forecast_runs import PART, walk
from megawatt.app.forecast_score import read_peers
from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.forecast.model import Floats, Issues, backtest
from megawatt.forecast.naive import SameHour
from tests.app.running import Run, refused, runner
from tests.forecast.market import FIRST, TARGET, market

run = pytest.fixture(runner)

DAYS = PART + 20


class Counted(SameHour):
    """A naive forecaster that counts how often it was asked."""

    asked = 0

    def predict(self, past: Dataset, issues: Issues) -> Floats:
        Counted.asked += 1
        return super().predict(past, issues)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return market(DAYS + 10)


@pytest.fixture
def naive() -> SameHour:
    Counted.asked = 0
    return SameHour(TARGET, timezone="UTC")


def asked(windows: int = DAYS) -> Issues:
    return Issues.day_ahead(FIRST + dt.timedelta(days=8), windows=windows, timezone="UTC", at=dt.time(12))


def test_a_run_is_taken_up_where_it_stopped_and_gives_the_same(data: Dataset, naive: SameHour, tmp_path: Path) -> None:
    def make() -> Counted:
        return Counted(TARGET, timezone="UTC")

    lines: list[str] = []
    first = walk(make, data, asked(), naive=naive, folder=tmp_path, say=lines.append)
    assert (Counted.asked, len(lines)) == (DAYS, 2)
    last = min(tmp_path.iterdir(), key=lambda path: path.stat().st_size)  # the part of 20 days
    last.unlink()
    again = walk(make, data, asked(), naive=naive, folder=tmp_path, say=lines.append)
    assert Counted.asked == DAYS + 20
    np.testing.assert_array_equal(again.forecast.quantiles, first.forecast.quantiles)
    whole = backtest(make(), data, asked(), naive=naive)
    np.testing.assert_array_equal(first.forecast.quantiles, whole.quantiles)
    assert first.forecast.information_sha256 == whole.information_sha256


def test_other_data_are_another_run(data: Dataset, naive: SameHour, tmp_path: Path) -> None:
    for one in (data, market(DAYS + 10, seed=2)):
        walk(lambda: Counted(TARGET, timezone="UTC"), one, asked(20), naive=naive, folder=tmp_path, say=lambda _: None)
    assert len(list(tmp_path.iterdir())) == 2


def written(data: Dataset, path: Path) -> Path:
    """The market as a file of the benchmark's form."""
    columns = [one.values for one in data.values()]
    rows = ["time,price,exog1_load_forecast,exog2_wind_forecast"]
    for start, *values in zip(data[TARGET].grid.starts, *columns, strict=True):
        rows.append(",".join([str(start)[:16], *(f"{value:.3f}" for value in values)]))
    path.write_text("\n".join(rows) + "\n")
    return path


def peers(data: Dataset, path: Path, *, shift: float = 0.0) -> Path:
    """A published forecast that is always 1 too high."""
    price = data[TARGET]
    rows = ["time,real_price,lear_ensemble"]
    for start, value in zip(price.grid.starts, price.values, strict=True):
        rows.append(f"{str(start)[:16]},{value + shift:.3f},{value + 1:.3f}")
    path.write_text("\n".join(rows) + "\n")
    return path


def test_published_forecasts_are_read_by_the_hour(data: Dataset, naive: SameHour, tmp_path: Path) -> None:
    ours = backtest(Counted(TARGET, timezone="UTC"), data, asked(20), naive=naive)
    got = read_peers(peers(data, tmp_path / "peers.csv"), data[TARGET], ours, "UTC")
    assert list(got) == ["lear_ensemble"]
    np.testing.assert_allclose(got["lear_ensemble"].median, ours.actual(data) + 1, atol=0.001)


def test_published_forecasts_of_another_market_are_refused(data: Dataset, naive: SameHour, tmp_path: Path) -> None:
    ours = backtest(Counted(TARGET, timezone="UTC"), data, asked(20), naive=naive)
    with pytest.raises(InputError, match="Check the zone"):
        read_peers(peers(data, tmp_path / "peers.csv", shift=1.0), data[TARGET], ours, "UTC")


@pytest.mark.parametrize(("first", "word"), [("soon", "it is a day"), ("2023-03-01", "learn from")])
def test_days_that_cannot_be_forecast_are_refused(run: Run, data: Dataset, first: str, word: str) -> None:
    file = written(data, Path("market.csv"))
    refused(run("forecast", "score", file, "--from", first, "--days", "28", "--place", "X"), word)


def test_a_file_of_another_form_is_refused(run: Run) -> None:
    Path("other.csv").write_text("time,value\n2024-01-01T00:00,1\n")
    refused(run("forecast", "score", "other.csv", "--from", "2024-01-01"), "exog1_")


@pytest.mark.full
def test_the_whole_scoreboard_of_a_made_market(run: Run) -> None:
    data = market(28 + 182 + 30)
    file, others = written(data, Path("market.csv")), peers(data, Path("peers.csv"))
    words = ("forecast", "score", file, "--from", str(FIRST + dt.timedelta(days=210)), "--days", "28", "--place", "X")
    table = run(*words, "--peers", others)
    assert table.code == 0, table.err
    for model in ("lear-56", "network", "trees", "megawatt", "lear_ensemble"):
        assert model in table.out
    answer = run(*words, "--peers", others, "--json")
    board = json.loads(answer.out)
    rows = {row["model"]: row for row in board["rows"]}
    assert board["schema"] == "megawatt/forecast-score/1"
    assert rows["lear_ensemble"]["mae"] == pytest.approx(1.0, abs=0.001)
    assert rows["megawatt"]["relative_to_mixed"] < 0.8
    assert rows["megawatt"]["crps"] < rows["megawatt"]["mae"]
