"""Errors say what was found, the rule and the remedy, also on the other side of a process border."""

import pickle

import pytest

from megawatt.core.errors import InputError, MegawattError, MissingExtraError, NotKnownError, SolverError, UnitError

KINDS = [InputError, MegawattError, MissingExtraError, NotKnownError, SolverError, UnitError]


def test_an_error_reads_place_value_rule_remedy() -> None:
    error = InputError(
        "hall 'hall-2' asks 62.0 MW", "the meter limit is 60.0 MW", "Lower critical_it_mw.", "site.toml line 41"
    )
    assert str(error) == (
        "site.toml line 41: hall 'hall-2' asks 62.0 MW, but the meter limit is 60.0 MW. Lower critical_it_mw."
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [None, "site.toml line 41"])
def test_an_error_crosses_a_process_border_whole(kind: type[MegawattError], place: str | None) -> None:
    error = kind("62 MW", "the limit is 60 MW", "Lower it.", place)
    back = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert type(back) is kind
    assert str(back) == str(error)
    assert (back.value, back.rule, back.remedy, back.place) == ("62 MW", "the limit is 60 MW", "Lower it.", place)


def test_what_the_user_can_mend_is_one_family() -> None:
    assert issubclass(UnitError, InputError)
    assert issubclass(MissingExtraError, InputError)
    assert not issubclass(NotKnownError, InputError)
    assert not issubclass(SolverError, InputError)


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    error = MissingExtraError.named("pyarrow", "parquet", "reading a Parquet file")
    assert "reading a Parquet file needs the package 'pyarrow'" in str(error)
    assert "pip install 'megawatt[parquet]'" in error.remedy
