"""Compile on two cores what coupled sites need, where a machine runs them for the first time."""

import os
import subprocess
import sys

from megawatt.dispatch.coupled.warm import compile_bound, compile_plans, compiled
from megawatt.dispatch.problem import Problem


def compile_once(problem: Problem) -> None:
    """Fill the cache of compiled recursions if it is empty and the site is coupled, by a second process meanwhile.

    Without a second core, or where that process fails, what is missing is compiled when it is first called.
    """
    if problem.separable or compiled() or (os.cpu_count() or 1) == 1:
        return
    with subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL):  # noqa: S603  # this program
        compile_plans()


if __name__ == "__main__":
    compile_bound()
