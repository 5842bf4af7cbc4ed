import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.dispatch.crew import INPUTS, Threads, run
from megawatt.dispatch.problem import Floats


class Memory(dict[str, bytes]):
    """A store that forgets when the test ends."""

    def read(self, name: str) -> bytes | None:
        return self.get(name)

    def write(self, name: str, content: bytes) -> None:
        self[name] = content


class Work:
    """Squares of the task's number; notes what it was asked, and fails once at one task."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.asked: list[int] = []
        self.fails_at = fails_at

    def __call__(self, task: int) -> Floats:
        self.asked.append(task)
        if task == self.fails_at:
            raise KeyboardInterrupt
        return np.array([[task**2, 0.1 * task]])


def test_results_stand_in_the_order_of_the_tasks_whoever_does_them() -> None:
    alone = run(Work(), 20)
    assert [one[0, 0] for one in alone] == [task**2 for task in range(20)]
    assert all((a == b).all() for a, b in zip(alone, run(Work(), 20, crew=Threads(4)), strict=True))
    assert run(Work(), 0) == []


def test_a_run_that_was_killed_goes_on_where_it_was() -> None:
    store, seen = Memory(), []
    with pytest.raises(KeyboardInterrupt):
        run(Work(fails_at=3), 6, key="a", store=store)
    again = Work()
    results = run(again, 6, key="a", store=store, progress=lambda done, tasks: seen.append((done, tasks)))
    kept = {int(name.removeprefix("task-")) for name in store if name != INPUTS} - set(again.asked)
    assert kept == set(range(3))
    assert sorted(again.asked) == [3, 4, 5]
    assert seen == [(3, 6), (4, 6), (5, 6), (6, 6)]
    assert all((a == b).all() and a.shape == b.shape for a, b in zip(results, run(Work(), 6), strict=True))


def test_what_other_inputs_left_is_not_mixed_in() -> None:
    store = Memory()
    run(Work(), 2, key="the first", store=store)
    with pytest.raises(InputError, match="results of the inputs the first in the store"):
        run(Work(), 2, key="the second", store=store)
    with pytest.raises(InputError, match="a store without a key"):
        run(Work(), 2, store=store)


def test_a_damaged_result_is_named_and_not_used() -> None:
    store = Memory()
    run(Work(), 2, key="a", store=store)
    store["task-00000001"] = store["task-00000001"][:-3]
    with pytest.raises(InputError, match="'task-00000001' in the store is damaged"):
        run(Work(), 2, key="a", store=store)


def test_an_error_in_a_task_reaches_the_caller() -> None:
    def work(task: int) -> Floats:
        raise InputError(f"task {task}", "it fails", "Do not run it.")

    with pytest.raises(InputError, match="but it fails"):
        run(work, 3, crew=Threads(2))
