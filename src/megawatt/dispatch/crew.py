"""Long work in numbered tasks, done by whoever is handed in, kept as it is done.

`run` knows no process, socket or file. A *crew* does the tasks (threads here; processes or a cluster in
`megawatt.app.crew`) and a *store* keeps their results, so that a run that was stopped goes on where it was. A task is a
number and its result an array that depends on nothing but that number: so neither the size of the crew, nor the order
of the results, nor a worker that died and whose task was done again can change a digit.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from megawatt.core.errors import InputError
from megawatt.dispatch.problem import Floats

Work = Callable[[int], Floats]
"""Result of a task by its number; picklable where the crew is not of this process."""

INPUTS = "inputs"
"""Name under which a store keeps what the results in it belong to."""


class Crew(Protocol):
    """Who does the tasks."""

    def each(self, work: Work, tasks: Sequence[int]) -> Iterator[tuple[int, Floats]]:
        """The tasks' numbers and results, in whatever order they are done."""


class Store(Protocol):
    """Where results are kept; a name once written reads back whole or not at all."""

    def read(self, name: str) -> bytes | None:
        """What was written under a name, or None."""

    def write(self, name: str, content: bytes) -> None:
        """Keep something under a name."""


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of this process: enough where the work is compiled code.

    Attributes:
        count: Number of threads.
    """

    count: int = 1

    def each(self, work: Work, tasks: Sequence[int]) -> Iterator[tuple[int, Floats]]:
        """The tasks' numbers and results as they are done."""
        with ThreadPoolExecutor(self.count) as pool:
            numbers = {pool.submit(work, task): task for task in tasks}
            try:
                for done in as_completed(numbers):
                    yield numbers.pop(done), done.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def run(
    work: Work,
    tasks: int,
    *,
    key: str = "",
    crew: Crew | None = None,
    store: Store | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Floats]:
    """Do the tasks 0 to ``tasks - 1`` that the store does not have.

    Args:
        work: Result of a task.
        tasks: Number of tasks.
        key: Hash of all that the results depend on besides the task's number; needed with a store.
        crew: Who does them; by default this thread's process, one at a time.
        store: Where results are kept and looked for.
        progress: Called with the number of tasks done and of all, first with those found in the store.

    Returns:
        The results in the order of the tasks.

    Raises:
        InputError: The store holds results of other inputs or a damaged one, or has no key.
    """
    results = {} if store is None else _kept(store, key, tasks)
    missing = [task for task in range(tasks) if task not in results]
    if progress:
        progress(len(results), tasks)
    if missing:
        for task, result in (crew or Threads()).each(work, missing):
            if store is not None:
                store.write(_name(task), _to_bytes(result))
            results[task] = result
            if progress:
                progress(len(results), tasks)
    return [results[task] for task in range(tasks)]


def _kept(store: Store, key: str, tasks: int) -> dict[int, Floats]:
    """Results of an earlier run on the same inputs."""
    if not key:
        raise InputError("a store without a key", "kept results belong to their inputs", "Give the hash of the inputs.")
    owner = store.read(INPUTS)
    if owner is None:
        store.write(INPUTS, key.encode())
        return {}
    if owner != key.encode():
        raise InputError(
            f"results of the inputs {owner.decode(errors='replace')[:12]} in the store",
            f"this run has the inputs {key[:12]}",
            "Name an empty folder, or the one of this run.",
        )
    found = {}
    for task in range(tasks):
        content = store.read(_name(task))
        if content is not None:
            found[task] = _from_bytes(content, _name(task))
    return found


def _name(task: int) -> str:
    return f"task-{task:08d}"


def _to_bytes(result: Floats) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(result), allow_pickle=False)
    return out.getvalue()


def _from_bytes(content: bytes, name: str) -> Floats:
    try:
        result: Floats = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except ValueError as error:
        raise InputError(
            f"{name!r} in the store is damaged ({error})",
            "a kept result reads back whole",
            "Remove it; it is done again.",
        ) from None
    return result
