"""The smallest hedge against a scan of every share, and the reason where there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.hedge import least_hedge


def covered(share: float, cash: Floats, settled: Floats, service: Floats, dscr: float, window: int) -> float:
    """Share of the paths whose every window is covered, path by path and window by window."""
    count = 0
    for c, s, d in zip(cash, settled, service, strict=True):
        fine = True
        for end in range(window, len(c) + 1):
            part = slice(end - window, end)
            if (d[part] > 0).all():
                fine &= bool(c[part].sum() + share * s[part].sum() >= dscr * d[part].sum() - 1e-9)
        count += fine
    return count / len(cash)


@given(
    seed=st.integers(0, 10_000),
    sure=st.sampled_from([0.5, 0.8, 0.95]),
    dscr=st.sampled_from([1.0, 1.2]),
    window=st.sampled_from([1, 3]),
)
@settings(deadline=None, max_examples=60)
def test_no_smaller_share_of_a_fine_scan_does(seed: int, sure: float, dscr: float, window: int) -> None:
    rng = np.random.default_rng(seed)
    hashprice = rng.normal(0, 40.0, (20, 8))
    cash, settled = 130.0 + hashprice, rng.choice([5.0, 0.0, -5.0]) - hashprice + rng.normal(0, 5.0, (20, 8))
    service = np.where(np.arange(8) < 2, 0.0, 100.0) * np.ones((20, 1))
    found = least_hedge(cash, settled, service, dscr=dscr, sure=sure, window=window)
    scan = {h: covered(h, cash, settled, service, dscr, window) for h in np.linspace(0, 1, 101)}
    enough = [h for h, share in scan.items() if share >= sure]
    assert found.unhedged_fraction == scan[0.0]
    if found.share is None:
        assert enough == []
        assert found.covered_fraction >= max(scan.values())
        assert "no share" in found.reason
    else:
        assert covered(found.share, cash, settled, service, dscr, window) >= sure
        assert all(h >= found.share - 1e-12 for h in enough)


def test_half_the_swing_hedged_leaves_half_of_it() -> None:
    """Cash of 140 +- 60 against 100: a cover of 1.1 bears a swing of 30, so half must be hedged."""
    swing = 60.0 * np.array([[1.0], [-1.0]]) * np.ones((2, 12))
    found = least_hedge(140.0 + swing, -swing, np.full((2, 12), 100.0), dscr=1.1, sure=1.0)
    assert found.share == pytest.approx(0.5)
    assert found.unhedged_fraction == 0.5


def test_a_cover_that_holds_without_a_hedge_needs_none() -> None:
    found = least_hedge(np.full((4, 12), 200.0), np.zeros((4, 12)), np.full((4, 12), 100.0), dscr=1.5)
    assert found.share == 0.0


def test_a_loss_that_no_forward_pays_for_is_refused_with_its_reason() -> None:
    found = least_hedge(np.full((4, 12), 50.0), np.zeros((4, 12)), np.full((4, 12), 100.0), dscr=1.0)
    assert found.share is None
    assert "the most is 0 %" in found.reason


def test_arrays_of_other_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="one shape"):
        least_hedge(np.ones((2, 3)), np.ones((2, 4)), np.ones((2, 3)), dscr=1.1)
