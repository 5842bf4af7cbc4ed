"""The table ``[[hall]]``: AI halls, each of one kind of work."""

from collections.abc import Iterator
from typing import Annotated, Literal

from megawatt.site.field import Breach, Table, about

HallKind = Literal["firm", "batch", "capped", "spot", "storage"]
WINDOW_HOURS = {"day": 24.0, "week": 168.0, "month": 672.0}
"""Shortest length of each window [h]; February is the shortest month, and the spring day is an hour shorter."""


class Hall(Table):
    """A hall with its critical IT load and the kind of work it does."""

    name: Annotated[str, about("text", "Name of the hall, unique in the site.", "hall-1")]
    kind: Annotated[
        HallKind,
        about(
            "choice",
            "firm = always on; batch = so many hours per window; capped = power may be lowered at a loss of throughput; "
            "spot = GPU-hours sold when it pays; storage = disks, always on.",
            "firm",
        ),
    ]
    critical_it_mw: Annotated[
        float,
        about("MW", "Critical IT power of the hall, without cooling.", 20.0, source="lease", low=0.001, high=5_000),
    ]
    contract: Annotated[str, about("text", "Name of the contract the hall earns by.", "tenant-a")]
    emergency_curtailable: Annotated[
        bool,
        about(
            "yes/no",
            "Whether the grid may switch the hall off in an emergency.",
            False,
            source="interconnection agreement",
        ),
    ] = False
    backup_mw: Annotated[
        float,
        about(
            "MW",
            "Generators and batteries that can carry the hall.",
            24.0,
            source="single-line diagram",
            low=0,
            high=5_000,
        ),
    ] = 0.0
    window: Annotated[
        Literal["day", "week", "month"],
        about("choice", "Local calendar window in which the batch work is due.", "week", required_for=("batch",)),
    ] = "week"
    duty_fraction: Annotated[
        float,
        about(
            "fraction",
            "Share of the window's intervals in which the batch hall must run.",
            0.6,
            low=0,
            high=1,
            required_for=("batch",),
        ),
    ] = 1.0
    restart_usd: Annotated[
        float,
        about(
            "USD",
            "Cost of one restart of the batch work: checkpoint, reload, lost steps.",
            2_000.0,
            source="own measurement",
            low=0,
            high=1e7,
            kinds=("batch", "spot"),
        ),
    ] = 0.0
    min_run_minutes: Annotated[
        float,
        about(
            "minutes", "The work runs at least as long once started.", 60.0, low=0, high=10_080, kinds=("batch", "spot")
        ),
    ] = 0.0
    workload: Annotated[
        str,
        about(
            "text",
            "Name of the measured curve of throughput by power cap.",
            "infer_llama_8b",
            source="power-cap sweep of ai-emerald/emerald-ai-demo-may-2025, dvfs_sweep.csv",
            required_for=("capped",),
        ),
    ] = ""
    min_power_fraction: Annotated[
        float,
        about(
            "fraction",
            "Lowest power the cap may reach, as a share of full power; 0.5 still gives 62-81 % of the throughput.",
            0.5,
            source="same sweep: 200 of 400 W",
            low=0,
            high=1,
            kinds=("capped",),
        ),
    ] = 1.0
    gpus: Annotated[
        int,
        about("count", "Number of GPUs that are rented out.", 7_000, low=1, high=10_000_000, required_for=("spot",)),
    ] = 0
    gpu_series: Annotated[
        str,
        about(
            "text",
            "Series of the rental price in USD per GPU-hour; without it the contract's price holds.",
            "gpu/H100",
            kinds=("spot",),
        ),
    ] = ""
    capacity_tb: Annotated[
        float,
        about("TB", "Storage that is rented out.", 200_000.0, low=1, high=1e9, required_for=("storage",)),
    ] = 0.0

    def breaches(self) -> Iterator[Breach]:
        """A GPU series is one."""
        yield from super().breaches()
        if self.gpu_series and not self.gpu_series.startswith("gpu/"):
            yield Breach(
                "gpu_series",
                f"gpu_series = {self.gpu_series!r}",
                "a rental price is a series of kind gpu",
                f'Write "gpu/{self.gpu_series.split("/")[-1]}".',
            )
