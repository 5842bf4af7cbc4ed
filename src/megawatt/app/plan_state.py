"""The state file of ``megawatt plan``, schema ``megawatt/plan-state/1``, and the record of policies, ``megawatt/policy-record/1``.

Both are read strictly: a key that is missing, unknown or of the wrong kind stops the plan, because a state that was
half understood would be forgotten in part.
"""

import json
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from megawatt.core.errors import InputError
from megawatt.core.timegrid import utc
from megawatt.dispatch.problem import FREE, InitialState
from megawatt.dispatch.recommend import PolicyRecord
from megawatt.dispatch.state import Decided, SiteState, WorkState

Model = TypeVar("Model", bound=BaseModel)

LARGEST_BYTES = 20_000_000
STATE = "megawatt/plan-state/1"
RECORD = "megawatt/policy-record/1"

Word = Annotated[str, Field(pattern="^[01]*$")]
Count = Annotated[int, Field(ge=0)]
Mw = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Run(_Strict):
    on: bool
    intervals: Annotated[int, Field(ge=1, le=FREE)] | None

    def state(self) -> InitialState:
        return InitialState(self.on, FREE if self.intervals is None else self.intervals)

    @classmethod
    def of(cls, state: InitialState) -> "_Run":
        return cls(on=state.on, intervals=None if state.steps >= FREE else state.steps)


class _Work(_Strict):
    window: str
    done: Count
    run: _Run


class _Decided(_Strict):
    blocks: dict[str, list[Word]]
    work: dict[str, Word]
    import_mw: list[Mw]


class _State(_Strict):
    format: Literal["megawatt/plan-state/1"] = Field(alias="schema")
    site: str
    at: str
    interval_minutes: Annotated[int, Field(ge=1)]
    blocks: dict[str, list[_Run]]
    work: dict[str, _Work]
    peak_mw: dict[str, dict[Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")], Mw]]
    decided: _Decided | None


class _Record(_Strict):
    format: Literal["megawatt/policy-record/1"] = Field(alias="schema")
    site: str
    first_day: str
    usd_by_day: dict[str, list[float]]


def read_state(path: Path) -> SiteState:
    """Read a state file.

    Raises:
        InputError: It is no state file, or says what cannot be.
    """
    remedy = "Restore it, or begin a new one under another name."
    found = _read(path, _State, "a state file of 'megawatt plan'", remedy)
    decided = None
    if found.decided is not None:
        n = len(found.decided.import_mw)
        words = [word for mine in found.decided.blocks.values() for word in mine] + list(found.decided.work.values())
        same = {name: len(mine) for name, mine in found.decided.blocks.items()}
        if (
            any(len(word) != n for word in words)
            or same != {name: len(mine) for name, mine in found.blocks.items()}
            or set(found.decided.work) != set(found.work)
        ):
            raise InputError(
                "decisions that do not fit the blocks and intervals", f"each has {n} intervals", remedy, path.name
            )
        decided = Decided(
            {name: tuple(_word(word) for word in mine) for name, mine in found.decided.blocks.items()},
            {name: _word(word) for name, word in found.decided.work.items()},
            tuple(found.decided.import_mw),
        )
    return SiteState(
        found.site,
        utc(found.at),
        found.interval_minutes,
        {name: tuple(one.state() for one in mine) for name, mine in found.blocks.items()},
        {name: WorkState(utc(one.window), one.done, one.run.state()) for name, one in found.work.items()},
        found.peak_mw,
        decided,
    )


def state_text(state: SiteState) -> str:
    """A state as the text of its file; the inverse of `read_state`."""
    decided = state.decided and {
        "blocks": {name: [_text(word) for word in mine] for name, mine in state.decided.blocks.items()},
        "work": {name: _text(word) for name, word in state.decided.work.items()},
        "import_mw": [round(mw, 6) for mw in state.decided.import_mw],
    }
    content = {
        "schema": STATE,
        "site": state.site,
        "at": f"{state.at}Z",
        "interval_minutes": state.step_minutes,
        "blocks": {name: [_Run.of(one).model_dump() for one in mine] for name, mine in state.blocks.items()},
        "work": {
            name: {"window": f"{one.window}Z", "done": one.done, "run": _Run.of(one.run).model_dump()}
            for name, one in state.work.items()
        },
        "peak_mw": state.peak_mw,
        "decided": decided,
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def read_record(path: Path) -> PolicyRecord:
    """Read a record of policies.

    Raises:
        InputError: It is no such record.
    """
    found = _read(path, _Record, "a record of policies", "Write it with 'megawatt backtest --record'.")
    usd = {name: np.array(days, dtype=np.float64) for name, days in found.usd_by_day.items()}
    return PolicyRecord(found.site, found.first_day, usd)


def record_text(record: PolicyRecord) -> str:
    """A record as the text of its file; the inverse of `read_record`."""
    content = {
        "schema": RECORD,
        "site": record.site,
        "first_day": record.first_day,
        "usd_by_day": {name: [float(x) for x in usd] for name, usd in record.usd_by_day.items()},
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _read(path: Path, model: type[Model], what: str, remedy: str) -> Model:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})", f"{what} is asked for", remedy) from None
    if len(content) > LARGEST_BYTES:
        raise InputError(f"more than {LARGEST_BYTES:,} bytes", f"{what} is smaller", remedy, path.name)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{where}: {first['msg'].lower()}", f"{what} has another form", remedy, path.name) from None


def _word(text: str) -> tuple[int, ...]:
    return tuple(int(x) for x in text)


def _text(word: tuple[int, ...]) -> str:
    return "".join(str(x) for x in word)
