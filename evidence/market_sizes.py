"""The bar on event tests under the null: about four minutes, so it stands in a family of its own and is measured once."""

from evidence.bar import Bar, Figure
from megawatt.markets.parametric import bmp, patell
from megawatt.markets.rank_sign import rank, rank_standardised
from tests.markets.null_samples import rejections

SAMPLES = 10_000
LOW, HIGH = 0.04, 0.06
VISIBLE = 0.12
"""Share from which Patell is visibly above its 5 %."""


def sizes() -> Figure:
    """One, ten and fifty events of one day; then the same with the variance of the event's day doubled."""
    numbers: dict[str, float | int | str] = {"samples": SAMPLES}
    for n in (1, 10, 50):
        tests = [rank] if n == 1 else [bmp, rank, patell]
        for name, share in rejections(tests, n=n, samples=SAMPLES, seed=n).items():
            numbers[f"{name}_{n}_events"] = share
    for n in (10, 50):
        shares = rejections([bmp, rank_standardised, patell], n=n, samples=SAMPLES, seed=100 + n, induced=2.0)
        numbers |= {f"{name}_{n}_events_induced": share for name, share in shares.items()}
    held = {key: float(share) for key, share in numbers.items() if key.startswith(("bmp", "rank_1", "rank_5"))}
    patells = {key: float(share) for key, share in numbers.items() if key.startswith("patell") and "induced" in key}
    passed = all(LOW <= share <= HIGH for share in held.values()) and min(patells.values()) > VISIBLE
    text = (
        f"BMP and rank {100 * min(held.values()):.1f}-{100 * max(held.values()):.1f} %; Patell "
        f"{100 * min(patells.values()):.0f}-{100 * max(patells.values()):.0f} % under doubled variance"
    )
    return Figure(text, passed, numbers)


BARS: tuple[Bar, ...] = (
    Bar(
        id="event-test-sizes",
        sentence="In 10,000 samples without an effect (1, 10, 50 events, Student's t with 5 degrees of freedom) BMP and rank reject "
        "at 5 % in about 5 %, BMP also when the event doubles the variance; Patell then rejects visibly more often.",
        target="BMP and rank 4-6 %; Patell above 12 % under doubled variance",
        covers=(
            "src/megawatt/markets/parametric.py",
            "src/megawatt/markets/rank_sign.py",
            "src/megawatt/markets/normal.py",
            "tests/markets/null_samples.py",
        ),
        measure=sizes,
    ),
)
