"""What the package ships are parameters: few, named, and no series."""

from importlib.resources import files

from megawatt.sources.reference_power import reference_power_parameters


def test_the_parameters_are_small_and_hold_no_series() -> None:
    text = files("megawatt.sources").joinpath("data/price_model.json").read_bytes()
    assert len(text) < 60_000
    tables = reference_power_parameters()["tables"]
    assert max(len(row) for table in tables.values() for row in table["values"]) == 15


def test_the_parameters_say_what_they_were_fitted_to_and_when() -> None:
    source = reference_power_parameters()["source"]
    assert "ERCOT 2024" in source
    assert "HB_HUBAVG" in source  # movement within the hour is the hub's, not the zone's
    assert "2026-" in source
