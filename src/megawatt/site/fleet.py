"""The table ``[[fleet]]``: machines of one kind, what they cost to switch, and whose they are."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ValidationInfo, model_validator

from megawatt.core.errors import InputError
from megawatt.site.field import OPERATOR, Breach, Table, about, breach
from megawatt.site.machines import Cooling, machine

NAME_PLATE = "name plate or machine table"
TRIALS = "own switching trials"
POOL = "pool's terms"


class Mode(Table):
    """A way to run a machine: a share of its full power and the share of its full hash rate that comes with it."""

    name: Annotated[str, about("text", "Name of the mode.", "eco")]
    power_fraction: Annotated[
        float,
        about("fraction", "Share of the full power.", 0.7, source="tuning runs of the firmware", low=0.05, high=1.5),
    ]
    hashrate_fraction: Annotated[
        float,
        about(
            "fraction", "Share of the full hash rate.", 0.77, source="tuning runs of the firmware", low=0.05, high=1.5
        ),
    ]


NORMAL = Mode(name="normal", power_fraction=1.0, hashrate_fraction=1.0)


def _known_model(model: str, info: ValidationInfo) -> str:
    """A model without figures of its own stands in the machine table; `Fleet._from_model` fills the figures then."""
    if model and info.data.get("hashrate_th_s") == 0 and info.data.get("power_w") == 0:
        try:
            machine(model)
        except InputError as error:
            raise breach(Breach("", error.value, error.rule, error.remedy)) from None
    return model


class Fleet(Table):
    """Machines of one model, mode list and owner, switched in equal blocks.

    Hash rate and power of one machine come from the machine table when only ``model`` is given.
    """

    name: Annotated[str, about("text", "Name of the fleet, unique in the site.", "s21")]
    hashrate_th_s: Annotated[
        float,
        about(
            "TH/s",
            "Hash rate of one machine at full power.",
            200.0,
            source=NAME_PLATE,
            low=1,
            high=5_000,
            default_text="from model",
        ),
    ] = 0.0
    power_w: Annotated[
        float,
        about(
            "W",
            "Power of one machine at the wall at full power.",
            3_500.0,
            source=NAME_PLATE,
            low=100,
            high=50_000,
            default_text="from model",
        ),
    ] = 0.0
    model: Annotated[
        str,
        about(
            "text",
            "Model of the machine table; a free label when hashrate_th_s and power_w are given.",
            "Antminer S21",
            source="machine table",
        ),
        AfterValidator(_known_model),
    ] = ""
    count: Annotated[int, about("count", "Number of machines in place.", 10_000, low=1, high=5_000_000)]
    blocks: Annotated[
        int,
        about(
            "count",
            "Number of equal groups that are switched on and off separately.",
            4,
            source="feeders and firmware groups",
            low=1,
            high=1_000,
        ),
    ] = 1
    modes: Annotated[
        tuple[Mode, ...],
        about(
            "list",
            "Ways to run the machines; one normal mode when none is given.",
            (
                {"name": "normal", "power_fraction": 1.0, "hashrate_fraction": 1.0},
                {"name": "eco", "power_fraction": 0.7, "hashrate_fraction": 0.77},
            ),
            source="tuning runs of the firmware",
            default_text="one mode, normal, 1 and 1",
        ),
    ] = (NORMAL,)
    owner: Annotated[Literal["own", "hosted"], about("choice", "Whose machines they are.", "own")] = "own"
    contract: Annotated[
        str, about("text", "Contract of kind hosted_mining; needed when owner is hosted.", "hosted-miners")
    ] = ""
    pool_fee_fraction: Annotated[
        float, about("fraction", "Pool fee as a share of the revenue.", 0.01, source=POOL, low=0, high=0.1)
    ] = 0.01
    payout: Annotated[
        Literal["fpps", "pps"],
        about(
            "choice",
            "What the pool pays: fpps = subsidy and transaction fees, pps = subsidy only.",
            "fpps",
            source=POOL,
        ),
    ] = "fpps"
    availability_fraction: Annotated[
        float,
        about(
            "fraction",
            "Share of the machines that hash when switched on; broken ones draw nothing.",
            0.97,
            source="fleet monitor; 0.97 is an assumption",
            low=0.3,
            high=1,
        ),
    ] = 0.97
    hashrate_derating_per_c: Annotated[
        float,
        about(
            "fraction/°C",
            "Share of the hash rate lost per degree above derating_from_c.",
            0.005,
            source="fleet monitor on hot days",
            low=0,
            high=0.1,
        ),
    ] = 0.0
    derating_from_c: Annotated[
        float,
        about("°C", "Outside temperature above which the hash rate falls.", 35.0, source="data sheet", low=0, high=60),
    ] = 35.0
    degradation_per_year: Annotated[
        float,
        about(
            "fraction/year",
            "Share of the hash rate lost per year in place.",
            0.01,
            source="fleet monitor",
            low=0,
            high=0.3,
        ),
    ] = 0.0
    installed: Annotated[
        dt.date | None,
        about("date", "Day from which degradation counts.", dt.date(2023, 11, 1), default_text="start of the period"),
    ] = None
    cooling: Annotated[
        Cooling, about("choice", "Cooling.", "air", source=NAME_PLATE, default_text="from model, else air")
    ] = "air"
    minutes_to_full_hashrate: Annotated[
        float,
        about(
            "minutes",
            "Minutes from switching on to full hash rate; full power is drawn meanwhile.",
            10.0,
            source=f"{TRIALS}; 10 is an assumption",
            low=0,
            high=240,
        ),
    ] = 10.0
    start_usd: Annotated[
        float,
        about("USD/block", "Cost of one start of a block: failures, work.", 5.0, source=OPERATOR, low=0, high=1e6),
    ] = 0.0
    stop_usd: Annotated[
        float, about("USD/block", "Cost of one stop of a block.", 2.0, source=OPERATOR, low=0, high=1e6)
    ] = 0.0
    min_up_minutes: Annotated[
        float, about("minutes", "A block stays on at least as long.", 30.0, source=TRIALS, low=0, high=10_080)
    ] = 0.0
    min_down_minutes: Annotated[
        float, about("minutes", "A block stays off at least as long.", 15.0, source=TRIALS, low=0, high=10_080)
    ] = 0.0

    @model_validator(mode="before")
    @classmethod
    def _from_model(cls, given: Any) -> Any:
        """Fill hash rate, power and cooling from the machine table where the file leaves them out."""
        if not isinstance(given, dict) or not isinstance(given.get("model"), str):
            return given
        if "hashrate_th_s" in given or "power_w" in given:
            return given
        try:
            known = machine(given["model"])
        except InputError:
            return given  # `_known_model` reports it
        return {"hashrate_th_s": known.hashrate_th_s, "power_w": known.power_w, "cooling": known.cooling} | given

    def breaches(self) -> Iterator[Breach]:
        """Figures of one machine are known, modes make sense, a hosted fleet has a contract."""
        yield from super().breaches()
        yield from self._machine_breaches()
        yield from self._mode_breaches()
        if self.owner == "hosted" and not self.contract:
            yield Breach(
                "owner",
                f"fleet {self.name!r} is hosted without a contract",
                "a hosted fleet earns what its contract says",
                "Add contract = the name of a [[contract]] of kind hosted_mining.",
            )
        if self.owner == "own" and self.contract:
            yield Breach(
                "contract",
                f"fleet {self.name!r} is own and has the contract {self.contract!r}",
                "only hosted machines have a contract",
                'Remove contract, or set owner = "hosted".',
            )

    def _machine_breaches(self) -> Iterator[Breach]:
        if self.hashrate_th_s and self.power_w:
            return
        if self.hashrate_th_s or self.power_w:
            missing = "power_w" if self.hashrate_th_s else "hashrate_th_s"
            yield Breach(
                "hashrate_th_s" if self.hashrate_th_s else "power_w",
                f"fleet {self.name!r} lacks {missing}",
                "hash rate and power of one machine are given together",
                f"Add {missing}, or leave both to the model.",
            )
        elif not self.model:
            yield Breach(
                "name",
                f"fleet {self.name!r} names no machine",
                "a fleet has a model, or hashrate_th_s and power_w",
                'Add for example: model = "Antminer S21"',
            )

    def _mode_breaches(self) -> Iterator[Breach]:
        names = [mode.name for mode in self.modes]
        if not names:
            yield Breach("modes", "modes is an empty list", "a fleet has at least one mode", "Remove modes or add one.")
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Breach("modes", f"two modes are named {name!r}", "a name stands for one mode", "Rename one of them.")

    @property
    def efficiency_j_per_th(self) -> float:
        """Energy per hash of one machine in full mode: W / (TH/s) = J/TH."""
        return self.power_w / self.hashrate_th_s

    @property
    def full_mw(self) -> float:
        """Power of all machines in place, every one in full mode, at the machines' plugs [MW]."""
        return self.count * self.power_w / 1e6

    @property
    def block_mw(self) -> float:
        """Power of one block in full mode, at the machines' plugs [MW]."""
        return self.full_mw / self.blocks

    @property
    def largest_mw(self) -> float:
        """Power of the machines that work, in the mode that draws most, at the machines' plugs [MW]."""
        return self.full_mw * self.availability_fraction * max(mode.power_fraction for mode in self.modes)

    @property
    def smallest_block_mw(self) -> float:
        """Power of the working machines of one block in the mode that draws least, at the machines' plugs [MW]."""
        return self.block_mw * self.availability_fraction * min(mode.power_fraction for mode in self.modes)
