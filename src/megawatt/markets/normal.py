"""What an asset would have returned without the event: models of the normal return, fitted for many events at once.

AR = R - X b, b by least squares over the estimation days. A forecast is less sure than a fit: the error of a window day has
the variance s^2 (1 + x' (X'X)^-1 x), and the errors of two window days are correlated through b. The matrix
H = X* (X'X)^-1 X*' of the window days keeps both.

References: MacKinlay (1997), Journal of Economic Literature 35:13-39; Patell (1976), Journal of Accounting Research 14:246-276.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats


class Model(StrEnum):
    """Model of the normal return R of a day with factor returns F."""

    MEAN = "mean"
    """R = a."""
    ADJUSTED = "adjusted"
    """R = F of the one factor; nothing is estimated."""
    FACTORS = "factors"
    """R = a + b'F: the market model with one factor, the two-factor model with two."""


class Quirk(StrEnum):
    """Deviations of the R package estudy2 0.10.0 from the textbook, to be switched on by name to reproduce its figures."""

    RESIDUAL_SD_N_MINUS_1 = "residual sd with n - 1"
    """The residual's sd about its mean with n - 1 in place of n - p degrees of freedom."""
    REGRESSOR_OF_ALL_DAYS = "regressor moments of all estimation days"
    """The forecast's variance takes the factor's mean and squares over all days, also those on which the asset is missing."""
    POOLED_SIGN_SHARE = "pooled sign share"
    """The generalised sign test takes the share of positive days over all asset-days in place of the mean share of the assets."""
    MISSING_DAYS_SCALED = "missing days scaled up"
    """Rank and sign tests scale a day with n_t of N assets by N / n_t, and divide the sum of squares by the mean number of
    days of an asset in place of the number of days."""


ESTUDY2 = frozenset(Quirk)
TEXTBOOK: frozenset[Quirk] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Abnormal returns of N events: what every test is made from.

    Attributes:
        estimation: Residuals of the estimation days, shape (N, T), NaN where missing.
        window: Abnormal returns of the window days, shape (N, L).
        first_day: Day of the window's first column relative to the event.
        residual_sd: sd of the residuals per event, shape (N,).
        days_used: Estimation days used per event, shape (N,).
        parameters: Parameters estimated per event (p).
        leverage: H of the window days, shape (N, L, L).
        quirks: Deviations from the textbook that were asked for.
    """

    estimation: Floats
    window: Floats
    first_day: int
    residual_sd: Floats
    days_used: Floats
    parameters: int
    leverage: Floats
    quirks: frozenset[Quirk] = TEXTBOOK

    @property
    def n_events(self) -> int:
        """Number of events."""
        return int(self.window.shape[0])

    def columns(self, first: int, last: int) -> slice:
        """Columns of the days ``first`` to ``last`` relative to the event, both included."""
        start, end = first - self.first_day, last - self.first_day + 1
        if not 0 <= start < end <= self.window.shape[1]:
            raise InputError(
                f"the days {first} to {last} of the event were asked for",
                f"the window runs from {self.first_day} to {self.first_day + self.window.shape[1] - 1}",
                "Declare a window that holds them.",
            )
        return slice(start, end)

    def cumulative(self, first: int, last: int) -> Floats:
        """Cumulative abnormal return of each event over the days ``first`` to ``last``, shape (N,)."""
        return np.asarray(self.window[:, self.columns(first, last)].sum(axis=1))

    def standardised(self, first: int, last: int) -> Floats:
        """Cumulative abnormal return over its forecast sd s sqrt(L + 1'H1), shape (N,)."""
        at = self.columns(first, last)
        scale = (at.stop - at.start) + self.leverage[:, at, at].sum(axis=(1, 2))
        return np.asarray(self.cumulative(first, last) / (self.residual_sd * np.sqrt(scale)))

    def part(self, keep: "np.typing.NDArray[np.bool_] | np.typing.NDArray[np.int64]") -> "Panel":
        """The events ``keep`` (mask or numbers)."""
        return Panel(
            self.estimation[keep],
            self.window[keep],
            self.first_day,
            self.residual_sd[keep],
            self.days_used[keep],
            self.parameters,
            self.leverage[keep],
            self.quirks,
        )


def fit_panel(
    estimation: Floats,
    window: Floats,
    factors_estimation: Floats,
    factors_window: Floats,
    *,
    first_day: int = 0,
    model: Model = Model.FACTORS,
    quirks: frozenset[Quirk] = TEXTBOOK,
) -> Panel:
    """Fit the model of every event and return its abnormal returns.

    Args:
        estimation: Returns of the estimation days, shape (N, T), NaN where missing.
        window: Returns of the window days, shape (N, L), none missing.
        factors_estimation: Factor returns, shape (N, T, k), none missing where the asset has a return.
        factors_window: Factor returns, shape (N, L, k).
        first_day: Day of the first window column relative to the event.
        model: Model of the normal return.
        quirks: Deviations from the textbook.

    Raises:
        InputError: A window return is missing, an event has fewer than p + 3 days, or its factors are collinear.
    """
    if np.isnan(window).any() or np.isnan(factors_window).any():
        raise InputError(
            "a return of the event window is missing",
            "an abnormal return needs the asset's and the factor's return",
            "Leave the event out and say so.",
        )
    if model is Model.ADJUSTED:
        return _adjusted(estimation, window, factors_estimation, factors_window, first_day, quirks)
    design, design_window = _design(factors_estimation, model), _design(factors_window, model)
    used = np.isfinite(estimation) & np.isfinite(design).all(axis=2)
    x = np.where(used[..., None], design, 0.0)
    y = np.where(used, estimation, 0.0)
    n, p = used.sum(axis=1).astype(np.float64), design.shape[2]
    gram = np.swapaxes(x, 1, 2) @ x
    _check_fit(n, p, gram)
    slopes = np.linalg.solve(gram, np.swapaxes(x, 1, 2) @ y[..., None])[..., 0]
    residuals = np.where(used, estimation - np.einsum("etp,ep->et", design, slopes), np.nan)
    abnormal = window - np.einsum("elp,ep->el", design_window, slopes)
    df = n - 1 if Quirk.RESIDUAL_SD_N_MINUS_1 in quirks else n - p
    sd = np.sqrt(np.nansum(residuals**2, axis=1) / df)
    _check_sd(sd)
    leverage = design_window @ np.linalg.solve(gram, np.swapaxes(design_window, 1, 2))
    if Quirk.REGRESSOR_OF_ALL_DAYS in quirks:
        leverage = _leverage_of_all_days(n, factors_estimation, factors_window)
    return Panel(residuals, abnormal, first_day, sd, n, p, leverage, quirks)


def _design(factors: Floats, model: Model) -> Floats:
    ones = np.ones((*factors.shape[:2], 1))
    return ones if model is Model.MEAN else np.concatenate([ones, factors], axis=2)


def _adjusted(
    estimation: Floats,
    window: Floats,
    factors: Floats,
    factors_window: Floats,
    first_day: int,
    quirks: frozenset[Quirk],
) -> Panel:
    """R - F: nothing is fitted, so the forecast adds no variance; the sd is that of the differences about their mean."""
    if factors.shape[2] != 1:
        raise InputError(
            f"{factors.shape[2]} factors", "the adjusted model subtracts one", "Pass one factor or fit a model."
        )
    residuals = estimation - factors[..., 0]
    n = np.isfinite(residuals).sum(axis=1).astype(np.float64)
    _check_fit(n, 1, np.ones((len(n), 1, 1)))
    sd = np.nanstd(residuals, axis=1, ddof=1)
    _check_sd(sd)
    length = window.shape[1]
    return Panel(
        residuals, window - factors_window[..., 0], first_day, sd, n, 1, np.zeros((len(n), length, length)), quirks
    )


def _check_fit(n: Floats, p: int, gram: Floats) -> None:
    if (n < p + 3).any():
        row = int(np.argmax(n < p + 3))
        raise InputError(
            f"event {row} has {n[row]:.0f} estimation days",
            f"a model of {p} parameters needs at least {p + 3}",
            "Leave the event out, or declare another window.",
        )
    if (np.linalg.cond(gram) > 1e14).any():
        row = int(np.argmax(np.linalg.cond(gram) > 1e14))
        raise InputError(
            f"the factors of event {row} are constant or collinear", "their effects are told apart", "Drop one factor."
        )


def _check_sd(sd: Floats) -> None:
    if not (sd > 1e-14).all():
        raise InputError(
            f"the returns of event {int(np.argmin(sd))} never leave their model",
            "an abnormal return is measured against a residual that varies",
            "Check for prices that stand still, or an asset that is its own factor.",
        )


def _leverage_of_all_days(n: Floats, factors: Floats, factors_window: Floats) -> Floats:
    """1/n + (F* - mean)(F* - mean)' / sum of squares, with moments over all estimation days (one factor)."""
    f, w = factors[..., 0], factors_window[..., 0]
    centre = np.nanmean(f, axis=1, keepdims=True)
    squares = np.nansum((f - centre) ** 2, axis=1)
    deviation = w - centre
    return np.asarray(1 / n[:, None, None] + deviation[:, :, None] * deviation[:, None, :] / squares[:, None, None])
