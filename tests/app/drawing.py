"""Price paths that another process can draw too."""

import numpy as np

from megawatt.dispatch.problem import Floats

T = 192


def draw(rng: np.random.Generator) -> Floats:
    return rng.normal(40, 60, T)
