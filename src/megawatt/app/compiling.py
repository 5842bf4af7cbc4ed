"""Compile on two cores what coupled sites need, where a machine runs them for the first time."""

import gc

from megawatt.app.aside import second_process
from megawatt.dispatch.coupled.fast import load
from megawatt.dispatch.coupled.warm import compile_bound, compile_plans, compiled
from megawatt.dispatch.problem import Problem


def compile_once(problem: Problem) -> None:
    """Load the compiled recursions if the site is coupled; where the cache lacks them, two processes fill it first."""
    if problem.separable:
        return
    if not compiled():
        _compile()
    load()


def _compile() -> None:
    gc.disable()  # a compiler makes many objects and frees few: looking for cycles among them is a tenth of its time
    try:
        with second_process() as aside:
            bound = aside.begin(compile_bound)
            compile_plans()
            bound()
    finally:
        gc.enable()
