"""Crews of other processes and other machines, and a folder that keeps their results.

Both go through joblib: its own worker processes, or a Dask cluster that runs already. They need the extra ``cluster``. A
cluster's workers need this package and whatever draws the paths; a worker that dies has its tasks done again by another.
"""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from megawatt.app.files import write_bytes
from megawatt.core.errors import InputError, MissingExtraError
from megawatt.dispatch.crew import Crew, Threads, Work
from megawatt.dispatch.problem import Floats


@dataclass(frozen=True, slots=True)
class Processes:
    """Worker processes of this machine.

    Attributes:
        count: Number of processes.
    """

    count: int

    def each(self, work: Work, tasks: Sequence[int]) -> Iterator[tuple[int, Floats]]:
        """The tasks' numbers and results as they are done."""
        joblib = _needed("joblib", "a crew of processes")
        with joblib.parallel_config("loky", n_jobs=self.count, inner_max_num_threads=1):
            yield from _unordered(joblib, work, tasks)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Dask cluster.

    Attributes:
        address: Of its scheduler, such as ``"tcp://10.0.0.5:8786"``.
    """

    address: str

    def each(self, work: Work, tasks: Sequence[int]) -> Iterator[tuple[int, Floats]]:
        """The tasks' numbers and results as they are done.

        Raises:
            InputError: No scheduler answers at the address.
        """
        joblib = _needed("joblib", "a cluster")
        distributed = _needed("distributed", "a cluster")
        try:
            client = distributed.Client(self.address, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"no Dask scheduler at {self.address!r} ({error})",
                "the cluster runs before the work begins",
                "Start it with 'dask scheduler' and 'dask worker', and give the address that the scheduler prints.",
            ) from None
        with client, joblib.parallel_config("dask", client=client, scatter=[work]):
            yield from _unordered(joblib, work, tasks)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that keeps results, one file each, each whole or not there.

    Attributes:
        path: The folder; it is made if it is not there.
    """

    path: Path

    def read(self, name: str) -> bytes | None:
        """What was written under a name, or None."""
        file = self.path / name
        return file.read_bytes() if file.exists() else None

    def write(self, name: str, content: bytes) -> None:
        """Keep something under a name."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"the folder {self.path} cannot be made ({error.strerror})",
                "results are kept in it",
                "Name another one.",
            ) from None
        write_bytes(self.path / name, content)


def crew_of(workers: int = 1, cluster: str | None = None) -> Crew:
    """The crew that a user asks for: a cluster by its address, else processes of this machine, else this process."""
    if workers < 1:
        raise InputError(f"{workers} workers", "at least one does the work", "Ask for one or more.")
    if cluster:
        return Cluster(cluster)
    return Processes(workers) if workers > 1 else Threads(1)


def _unordered(joblib: Any, work: Work, tasks: Sequence[int]) -> Iterator[tuple[int, Floats]]:
    results = joblib.Parallel(return_as="generator_unordered", batch_size=1)(
        joblib.delayed(_numbered)(work, task) for task in tasks
    )
    yield from results


def _numbered(work: Work, task: int) -> tuple[int, Floats]:
    return task, work(task)


def _needed(name: str, purpose: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise MissingExtraError.named(name, "cluster", purpose) from None
