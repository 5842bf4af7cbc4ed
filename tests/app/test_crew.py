import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from megawatt.app.crew import Cluster, Folder, Processes, crew_of
from megawatt.core.errors import InputError, MissingExtraError
from megawatt.dispatch.crew import Threads, run
from megawatt.dispatch.ensemble import Ensemble
from megawatt.dispatch.paths import CHUNK, Paths, values_usd
from tests.app.drawing import T, draw
from tests.dispatch.cases import random_problem

PATHS = Paths(draw, 12 * CHUNK, seed=7)


def ensemble() -> Ensemble:
    return Ensemble.of([random_problem(seed, T=T, coupled=False) for seed in (3, 4)])


@pytest.mark.full
def test_one_process_two_and_a_cluster_that_loses_a_worker_give_the_same_digits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    distributed: Any = pytest.importorskip("distributed", reason="the extra 'cluster' is absent")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    sites = ensemble()
    alone = values_usd(sites, PATHS)
    assert np.unique(alone).size > CHUNK
    assert (alone == values_usd(sites, PATHS, crew=Processes(2))).all()
    killed: list[int] = []
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:

        def progress(done: int, tasks: int) -> None:
            if done == 2 and not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)
                assert done < tasks

        shared = values_usd(sites, PATHS, crew=Cluster(cluster.scheduler_address), progress=progress)
    assert killed
    assert (alone == shared).all()


def test_a_folder_keeps_results_over_processes(tmp_path: Path) -> None:
    few, folder = Paths(draw, 10, seed=7), Folder(tmp_path / "kept")
    values = values_usd(ensemble(), few, store=folder)
    assert sorted(path.name for path in folder.path.iterdir()) == ["inputs", "task-00000000"]

    def never(task: int) -> Any:
        raise AssertionError(task)

    key = (folder.path / "inputs").read_text()
    assert (run(never, 1, key=key, store=Folder(tmp_path / "kept"))[0] == values).all()


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match="cannot be made"):
        Folder(tmp_path / "taken").write("inputs", b"")


def test_the_crew_is_what_the_user_asks_for() -> None:
    assert crew_of() == Threads(1)
    assert crew_of(3) == Processes(3)
    assert crew_of(3, "tcp://10.0.0.5:8786") == Cluster("tcp://10.0.0.5:8786")
    with pytest.raises(InputError, match="at least one does the work"):
        crew_of(0)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joblib", None)
    for crew in (Processes(2), Cluster("tcp://127.0.0.1:1")):
        with pytest.raises(MissingExtraError, match=r"pip install 'megawatt\[cluster\]'"):
            list(crew.each(draw, [0]))  # type: ignore[arg-type]  # nothing is called


def test_an_address_where_no_scheduler_answers_is_an_input_error() -> None:
    pytest.importorskip("distributed", reason="the extra 'cluster' is absent")
    with pytest.raises(InputError, match="no Dask scheduler at 'nowhere'"):
        list(Cluster("nowhere").each(draw, [0]))  # type: ignore[arg-type]  # nothing is called
