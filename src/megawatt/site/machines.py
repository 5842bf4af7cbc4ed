"""Mining machines by model: hash rate and power of the name plate, with where the figures were read.

Sources: ``minerdb`` = a public Python table of machines (its powers are sometimes rounded up); ``bit-cube`` =
cyberlais/bit-cube.new ``src/models.ts``; ``asics-tools`` = nhamilton1/asics-tools ``asicWattList.ts``; ``miningftw`` =
kookoo55/miningftw ``DATA_SNAPSHOT.md``; ``miningstore``, ``hackernoon``, ``btcminermarketplace``,
``top-crypto-mining-asics`` = articles and shops. Where they disagree the remark says so.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from megawatt.core.errors import InputError

Cooling = Literal["air", "hydro", "immersion"]


@dataclass(frozen=True, slots=True)
class Machine:
    """A model of mining machine.

    Attributes:
        model: Name without the maker.
        maker: Manufacturer.
        hashrate_th_s: Hash rate of the name plate [TH/s].
        power_w: Power at the wall of the name plate [W].
        cooling: Cooling it is built for.
        source: Where the figures were read.
        remark: What other sources say.
    """

    model: str
    maker: str
    hashrate_th_s: float
    power_w: float
    cooling: Cooling
    source: str
    remark: str

    @property
    def efficiency_j_per_th(self) -> float:
        """Energy per hash: W / (TH/s) = J/TH; smaller is better."""
        return self.power_w / self.hashrate_th_s


MACHINES: tuple[Machine, ...] = (
    Machine("Antminer S9", "Bitmain", 13.5, 1323.0, "air", "asics-tools", ""),
    Machine("Antminer S17e", "Bitmain", 64.0, 2880.0, "air", "asics-tools", ""),
    Machine("Antminer T19", "Bitmain", 84.0, 3150.0, "air", "minerdb", ""),
    Machine("Antminer S19", "Bitmain", 95.0, 3250.0, "air", "minerdb, asics-tools", ""),
    Machine("Antminer S19 Pro", "Bitmain", 110.0, 3250.0, "air", "minerdb, asics-tools", ""),
    Machine(
        "Antminer S19j Pro", "Bitmain", 104.0, 3068.0, "air", "asics-tools", "minerdb gives 100 TH/s at the same 3068 W"
    ),
    Machine("Antminer S19j Pro+", "Bitmain", 117.0, 3218.0, "air", "bit-cube", "minerdb gives 120 TH/s 3000 W"),
    Machine(
        "Antminer S19 XP",
        "Bitmain",
        140.0,
        3010.0,
        "air",
        "minerdb, asics-tools, miningstore",
        "three sources agree (miningstore: shipping from Q3 2022)",
    ),
    Machine("Antminer S19 XP Hyd", "Bitmain", 255.0, 5304.0, "hydro", "minerdb", ""),
    Machine("Antminer S19k Pro", "Bitmain", 120.0, 2760.0, "air", "minerdb, bit-cube", ""),
    Machine("Antminer S21", "Bitmain", 200.0, 3500.0, "air", "miningftw, hackernoon", "minerdb gives 3550 W"),
    Machine("Antminer T21", "Bitmain", 190.0, 3610.0, "air", "minerdb, bit-cube", ""),
    Machine("Antminer S21 Hyd", "Bitmain", 335.0, 5360.0, "hydro", "minerdb", ""),
    Machine(
        "Antminer S21+",
        "Bitmain",
        216.0,
        3564.0,
        "air",
        "btcminermarketplace, miningftw",
        "216 TH/s and 3564 W from different sources; minerdb gives 3800 W",
    ),
    Machine("Antminer S21 Pro", "Bitmain", 234.0, 3510.0, "air", "bit-cube", "minerdb gives 3531 W"),
    Machine(
        "Antminer S21 XP",
        "Bitmain",
        270.0,
        3645.0,
        "air",
        "minerdb, bit-cube",
        "bit-cube prints 207 TH/s (typo) at the same 3645 W",
    ),
    Machine("Antminer S21+ Hyd", "Bitmain", 319.0, 4785.0, "hydro", "top-crypto-mining-asics", ""),
    Machine("Antminer S21 XP Hyd", "Bitmain", 473.0, 5676.0, "hydro", "minerdb", ""),
    Machine("Antminer S21 XP+ Hyd", "Bitmain", 500.0, 5500.0, "hydro", "minerdb", ""),
    Machine("Antminer S21e XP Hyd 3U", "Bitmain", 860.0, 11180.0, "hydro", "minerdb", ""),
    Machine("WhatsMiner M30S+", "MicroBT", 100.0, 3400.0, "air", "minerdb, asics-tools", ""),
    Machine("WhatsMiner M30S++", "MicroBT", 112.0, 3472.0, "air", "minerdb", "asics-tools 31 J/TH agrees"),
    Machine(
        "WhatsMiner M50",
        "MicroBT",
        118.0,
        3422.0,
        "air",
        "bit-cube, asics-tools",
        "two sources agree; minerdb 114 TH/s 3306 W",
    ),
    Machine("WhatsMiner M50S", "MicroBT", 126.0, 3276.0, "air", "minerdb", ""),
    Machine("WhatsMiner M50S+", "MicroBT", 136.0, 3264.0, "air", "minerdb", ""),
    Machine("WhatsMiner M50S++", "MicroBT", 140.0, 3080.0, "air", "bit-cube", ""),
    Machine("WhatsMiner M56S++", "MicroBT", 242.0, 5324.0, "immersion", "bit-cube", ""),
    Machine("WhatsMiner M60", "MicroBT", 172.0, 3423.0, "air", "bit-cube", "minerdb 170 TH/s 3400 W"),
    Machine("WhatsMiner M60S", "MicroBT", 186.0, 3441.0, "air", "minerdb", ""),
    Machine("WhatsMiner M60S+", "MicroBT", 212.0, 3600.0, "air", "minerdb", ""),
    Machine(
        "WhatsMiner M66", "MicroBT", 276.0, 5492.0, "immersion", "miningftw", "bit-cube 282 TH/s 5612 W: same 19.9 J/TH"
    ),
    Machine("WhatsMiner M63S", "MicroBT", 390.0, 7215.0, "hydro", "minerdb", ""),
    Machine("WhatsMiner M63S+", "MicroBT", 412.0, 7004.0, "hydro", "minerdb", ""),
    Machine("WhatsMiner M66S++", "MicroBT", 356.0, 5518.0, "immersion", "minerdb", ""),
    Machine("AvalonMiner 1246", "Canaan", 90.0, 3420.0, "air", "asics-tools", ""),
    Machine("Avalon A1346", "Canaan", 107.0, 3250.0, "air", "bit-cube", ""),
    Machine("Avalon A1566", "Canaan", 185.0, 3420.0, "air", "minerdb", ""),
    Machine("SEALMINER A2 Pro Hyd", "Bitdeer", 500.0, 7450.0, "hydro", "minerdb", ""),
    Machine("Teraflux AH3880", "Auradine", 600.0, 8700.0, "hydro", "minerdb", ""),
)
"""All models known, by maker and age."""

_BY_NAME = {_short: one for one in MACHINES for _short in (one.model.casefold(), one.model.split(" ", 1)[1].casefold())}


def machine(name: str) -> Machine:
    """Look up a model, with or without its family name: ``"Antminer S21"`` or ``"S21"``.

    Raises:
        InputError: No such model; the error names the nearest ones.
    """
    wanted = " ".join(name.split()).casefold()
    if wanted in _BY_NAME:
        return _BY_NAME[wanted]
    near = dict.fromkeys(_BY_NAME[one].model for one in get_close_matches(wanted, _BY_NAME, n=5, cutoff=0.5))
    raise InputError(
        f"the machine model {name!r}",
        f"it is not one of the {len(MACHINES)} models known",
        f"Did you mean {' or '.join(repr(one) for one in list(near)[:3])}? " * bool(near)
        + "Otherwise give hashrate_th_s and power_w of one machine.",
    )
