"""What an AI hall delivers when its power is capped, on measured curves.

GPUs under a power cap slow down less than in proportion: the first quarter of the cap costs 5-14 % of the throughput,
half of it 19-38 %. The worth of the next megawatt therefore falls as the hall gets more of it, and dispatch gets the
curve as a concave chain of straight segments that it fills from the steepest.

The measured points are joined by their upper concave envelope: a point below the line between two others is never
used, because part of the GPUs at one cap and part at the other deliver more for the same power. Below the lowest cap
(100 W) nothing was measured and nothing is extrapolated: a hall draws at least ``floor_fraction`` or is paused, and
what a paused GPU draws is not in these data.

Source: Emerald AI, field demonstration on 256 GPUs in Phoenix, May 2025 (arXiv 2507.00909); file ``dvfs_sweep.csv`` of
github.com/ai-emerald/emerald-ai-demo-may-2025 at 34403aef78c2, Apache-2.0. Power is that of the GPUs alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One measured point.

    Attributes:
        workload: Name of the workload in the source.
        cap_w: Power cap of a GPU [W].
        power_w: Mean measured power of a GPU under that cap [W].
        throughput: Throughput as a fraction of that at the 400 W cap.
    """

    workload: str
    cap_w: int
    power_w: float
    throughput: float


# Rounded from the source to 0.01 W and 0.0001.
SWEEP = (
    SweepPoint("ft_llama_8b_dolly", 100, 99.85, 0.2408),
    SweepPoint("ft_llama_8b_dolly", 200, 196.12, 0.8070),
    SweepPoint("ft_llama_8b_dolly", 250, 244.12, 0.9042),
    SweepPoint("ft_llama_8b_dolly", 300, 288.30, 0.9507),
    SweepPoint("ft_llama_8b_dolly", 350, 320.62, 0.9803),
    SweepPoint("ft_llama_8b_dolly", 400, 345.65, 1.0000),
    SweepPoint("ft_llama_8b_p3", 100, 100.12, 0.2280),
    SweepPoint("ft_llama_8b_p3", 200, 195.37, 0.7841),
    SweepPoint("ft_llama_8b_p3", 250, 239.82, 0.8778),
    SweepPoint("ft_llama_8b_p3", 300, 285.54, 0.9375),
    SweepPoint("ft_llama_8b_p3", 350, 317.08, 0.9673),
    SweepPoint("ft_llama_8b_p3", 400, 343.36, 1.0000),
    SweepPoint("infer_llama_8b_48g", 100, 97.94, 0.2252),
    SweepPoint("infer_llama_8b_48g", 200, 194.62, 0.7808),
    SweepPoint("infer_llama_8b_48g", 250, 241.75, 0.8709),
    SweepPoint("infer_llama_8b_48g", 300, 288.94, 0.9309),
    SweepPoint("infer_llama_8b_48g", 350, 332.88, 0.9760),
    SweepPoint("infer_llama_8b_48g", 400, 368.38, 1.0000),
    SweepPoint("infer_llama_8b_32g", 100, 97.94, 0.2252),
    SweepPoint("infer_llama_8b_32g", 200, 194.62, 0.7808),
    SweepPoint("infer_llama_8b_32g", 250, 241.75, 0.8709),
    SweepPoint("infer_llama_8b_32g", 300, 288.94, 0.9309),
    SweepPoint("infer_llama_8b_32g", 350, 332.88, 0.9760),
    SweepPoint("infer_llama_8b_32g", 400, 368.38, 1.0000),
    SweepPoint("infer_llama_8b", 100, 97.94, 0.2252),
    SweepPoint("infer_llama_8b", 200, 194.68, 0.7808),
    SweepPoint("infer_llama_8b", 250, 241.80, 0.8709),
    SweepPoint("infer_llama_8b", 300, 288.97, 0.9309),
    SweepPoint("infer_llama_8b", 350, 332.91, 0.9760),
    SweepPoint("infer_llama_8b", 400, 368.38, 1.0000),
    SweepPoint("pt_mpt_13b_lg", 100, 101.73, 0.1910),
    SweepPoint("pt_mpt_13b_lg", 200, 196.18, 0.6236),
    SweepPoint("pt_mpt_13b_lg", 250, 244.74, 0.7809),
    SweepPoint("pt_mpt_13b_lg", 300, 291.14, 0.8596),
    SweepPoint("pt_mpt_13b_lg", 350, 337.10, 0.9213),
    SweepPoint("pt_mpt_13b_lg", 400, 381.75, 1.0000),
    SweepPoint("pt_mpt_13b_sm", 100, 102.91, 0.1906),
    SweepPoint("pt_mpt_13b_sm", 200, 195.42, 0.6381),
    SweepPoint("pt_mpt_13b_sm", 250, 243.18, 0.7831),
    SweepPoint("pt_mpt_13b_sm", 300, 287.10, 0.8660),
    SweepPoint("pt_mpt_13b_sm", 350, 330.97, 0.9116),
    SweepPoint("pt_mpt_13b_sm", 400, 376.83, 1.0000),
    SweepPoint("pt_mpt_7b_fast", 100, 99.98, 0.1749),
    SweepPoint("pt_mpt_7b_fast", 200, 198.42, 0.6256),
    SweepPoint("pt_mpt_7b_fast", 250, 247.47, 0.7870),
    SweepPoint("pt_mpt_7b_fast", 300, 295.71, 0.8744),
    SweepPoint("pt_mpt_7b_fast", 350, 343.29, 0.9350),
    SweepPoint("pt_mpt_7b_fast", 400, 387.85, 1.0000),
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight piece of a curve: the next ``power_fraction`` of power brings ``throughput`` more.

    Attributes:
        power_fraction: Length in power, as a fraction of full power.
        throughput: Length in throughput, as a fraction of full throughput.
    """

    power_fraction: float
    throughput: float

    @property
    def slope(self) -> float:
        """Throughput fraction per power fraction: the marginal value of power, falling from segment to segment."""
        return self.throughput / self.power_fraction


@dataclass(frozen=True, slots=True)
class ThroughputCurve:
    """Concave, piecewise linear throughput over power, both as fractions of full.

    Attributes:
        floor_fraction: Least power of a running hall.
        floor_throughput: Throughput at that power.
        segments: From the floor to full power, each less steep than the one before.
    """

    floor_fraction: float
    floor_throughput: float
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        for steep, flat in pairwise(self.segments):
            if flat.slope > steep.slope * (1 + 1e-12):
                raise InputError(
                    f"a segment of slope {flat.slope:.4f} after one of {steep.slope:.4f}",
                    "the worth of the next megawatt never rises",
                    "Build the curve with envelope().",
                )

    @classmethod
    def envelope(cls, power: Sequence[float], throughput: Sequence[float]) -> "ThroughputCurve":
        """Upper concave envelope of measured points, scaled to the point of highest power.

        Args:
            power: Any unit, at least two different values.
            throughput: Any unit, for each power.
        """
        points = sorted(zip(power, throughput, strict=True))
        if len({p for p, _ in points}) < 2 or not np.isfinite(points).all() or points[0][0] <= 0:
            raise InputError(
                f"{len(points)} points of power and throughput",
                "a curve needs two different powers above zero, all finite",
                "Measure at two or more power caps.",
            )
        hull: list[tuple[float, float]] = []
        for p, y in points:
            while hull and p == hull[-1][0]:
                hull.pop()
            while len(hull) > 1 and _below(hull[-2], hull[-1], (p, y)):
                hull.pop()
            hull.append((p, y))
        full_power, full = hull[-1]
        chain = tuple(Segment((b[0] - a[0]) / full_power, (b[1] - a[1]) / full) for a, b in pairwise(hull))
        return cls(hull[0][0] / full_power, hull[0][1] / full, chain)

    @classmethod
    def measured(cls, workload: str) -> "ThroughputCurve":
        """The curve of one workload of `SWEEP`.

        Raises:
            InputError: It was not measured.
        """
        points = [point for point in SWEEP if point.workload == workload]
        if not points:
            raise InputError(
                f"the workload {workload!r}",
                "no throughput was measured for it",
                f"Choose one of: {', '.join(workloads())}.",
            )
        return cls.envelope([point.power_w for point in points], [point.throughput for point in points])

    @classmethod
    def shared(
        cls, curves: Sequence["ThroughputCurve"], *, full_power: Sequence[float], worth: Sequence[float]
    ) -> "ThroughputCurve":
        """The curve of several jobs that share a hall, each watt going to the job to which it is worth most.

        Filling the steepest segments of all jobs first is optimal because every curve is concave.

        Args:
            curves: One for each job.
            full_power: Each job's power when not capped, in one unit.
            worth: What each job's full throughput counts (GPUs, fee or priority), in one unit.
        """
        if not (len(curves) and min(full_power) > 0 and min(worth) >= 0 and sum(worth) > 0):
            raise InputError(
                f"{len(curves)} jobs of power {list(full_power)} and worth {list(worth)}",
                "a shared hall has a job, powers above zero and some worth",
                "Give each job its full power and its weight.",
            )
        parts = [
            (curve, power / sum(full_power), value / sum(worth))
            for curve, power, value in zip(curves, full_power, worth, strict=True)
        ]
        pieces = [Segment(s.power_fraction * p, s.throughput * w) for curve, p, w in parts for s in curve.segments]
        return cls(
            sum(curve.floor_fraction * p for curve, p, _ in parts),
            sum(curve.floor_throughput * w for curve, _, w in parts),
            tuple(sorted(pieces, key=lambda piece: -piece.slope)),
        )

    def throughput(self, power_fraction: float | Floats) -> Floats:
        """Throughput at a fraction of full power, as a fraction of full throughput; same shape.

        Raises:
            InputError: A power below the floor or above full: there was no measurement.
        """
        asked = np.asarray(power_fraction, dtype=np.float64)
        outside = ~((asked >= self.floor_fraction - 1e-9) & (asked <= 1 + 1e-9))
        if outside.any():
            raise InputError(
                f"a power fraction of {asked[outside].flat[0]:.4f}",
                f"the curve was measured from {self.floor_fraction:.4f} to 1",
                "Pause part of the GPUs, or measure at a lower cap.",
            )
        power = np.cumsum([self.floor_fraction, *(piece.power_fraction for piece in self.segments)])
        reached = np.cumsum([self.floor_throughput, *(piece.throughput for piece in self.segments)])
        out: Floats = np.interp(asked, power, reached)
        return out


def workloads() -> list[str]:
    """Names of the workloads measured."""
    return sorted({point.workload for point in SWEEP})


def _below(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether ``b`` lies on or below the line from ``a`` to ``c``."""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])
