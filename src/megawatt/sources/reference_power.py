"""The parameters of the price model that the package ships, so that everything runs without a network or a file.

They were fitted to ERCOT's 2024 series by ``scripts/fit_price_model.py``; ``docs/reference-scenario.md`` compares. Whoever
wants prices joins the two halves, since a source knows no model:

    PriceModel.from_dict(reference_power_parameters()).simulate(grid, numpy.random.default_rng(REFERENCE_SEED))
"""

import json
from importlib.resources import files
from typing import Any

REFERENCE_SEED = 2024
"""Seed of the shipped scenario; any other gives another year of the same character."""


def reference_power_parameters() -> dict[str, Any]:
    """Parameters of the shipped price model, as `megawatt.power.price_model.PriceModel.from_dict` reads them."""
    text = files("megawatt.sources").joinpath("data/price_model.json").read_text(encoding="utf-8")
    parameters: dict[str, Any] = json.loads(text)
    return parameters
