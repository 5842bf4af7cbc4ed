"""A second process beside this one, for work that need not wait for what this one does.

It is a copy of this process (a fork), so it has all that is imported, compiled and read, and it gets what it is asked
to do through a pipe. It ends with the pipe: a first process that is killed leaves no second one behind. It should be
made before anything that runs threads of its own, such as a general solver, has run here.
"""

import gc
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from megawatt.core.errors import MegawattError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Aside:
    """Who is asked.

    Attributes:
        pipe: To the second process; without one, what is begun is done here when its result is asked for.
    """

    pipe: Connection | None = None

    def begin(self, work: Callable[..., T], *given: Any) -> Callable[[], T]:
        """Begin some work, one at a time, and return what waits for its result; what fails there is done again here.

        Args:
            work: A function of a module; what it is given and what it returns are sent to and fro.
            given: Its arguments.
        """
        here, pipe = partial(work, *given), self.pipe
        if pipe is None:
            return here
        try:
            pipe.send((work, given))
        except OSError:
            return here

        def result() -> T:
            try:
                found: T = pipe.recv()
            except (EOFError, OSError):
                return here()
            return found

        return result


@contextmanager
def second_process(wanted: bool = True) -> Iterator[Aside]:
    """A second process, where there is a second core to run it and the system can copy a process safely."""
    if not (wanted and sys.platform == "linux" and (os.cpu_count() or 1) > 1):
        yield Aside()
        return
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(ours, theirs))
    with warnings.catch_warnings():
        # threads of a linear algebra library wait for work, which is no harm: nothing here holds a lock meanwhile
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    theirs.close()
    try:
        yield Aside(ours)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _serve(ours: Connection, theirs: Connection) -> None:
    """Do what is asked until the first process closes its end; its faults are the first process's to tell."""
    ours.close()
    gc.freeze()  # what was copied stays shared
    while True:
        try:
            work, given = theirs.recv()
            theirs.send(work(*given))
        except (EOFError, OSError, MegawattError, KeyboardInterrupt):
            return
