"""What a job can still bring, and has brought, from hour to hour, when each hour takes its best cell of cover. Compiled."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.interval import NEVER

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True)
def back_hours(
    off: Floats, on: Floats, usd: Floats, cells: Ints, row: Ints, start: Ints, window: Ints, need: Ints, restart: float,
    least_run: int, end: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Most that is to come from each state ``done (R + 1) + phase`` of the first job on, when hours take their best cells.

    Args:
        off: What a row brings without the job, shape (rows,) [USD]; rows are counted from the first of these hours on.
        on: What it brings with it, NEVER where it cannot run, shape (rows,) [USD].
        usd: What the awards of each cell bring, by the cell's number [USD].
        cells: First cell of each of these hours and the end, shape (n + 1,).
        row: First row of each cell and the end, from the first of these hours on.
        start: First interval of each hour and the end, shape (n + 1,).
        window: Window of each interval of the horizon, shape (T,).
        need: Intervals due in each window.
        restart: Cost of a start [USD].
        least_run: Least run.
        end: Most from each state after these hours, shape ((E + 1) (R + 1),) [USD].

    Returns:
        By row, shape (rows, states), and by hour with the end, shape (n + 1, states) [USD].
    """
    R, hours = least_run, len(cells) - 1
    by_row, by_hour = np.full((len(off), len(end)), NEVER), np.full((hours + 1, len(end)), NEVER)
    by_hour[hours] = end
    for hour in range(hours - 1, -1, -1):
        for n in range(cells[hour], cells[hour + 1]):
            for r in range(row[n + 1] - 1, row[n] - 1, -1):
                t = start[hour] + r - row[n]
                later = by_hour[hour + 1] if r + 1 == row[n + 1] else by_row[r + 1]
                new, due = t > 0 and window[t] != window[t - 1], need[window[t]]
                for s in range(len(end)):
                    done, phase = s // (R + 1), s % (R + 1)
                    if new and done != need[window[t - 1]]:
                        continue
                    done = 0 if new else done
                    best = later[done * (R + 1)] + off[r] if phase in (0, R) else NEVER
                    if done < due and on[r] > NEVER / 2:
                        to = later[(done + 1) * (R + 1) + min(phase + 1, R)]
                        best = max(best, to + on[r] - (restart if phase == 0 else 0.0))
                    by_row[r, s] = max(best, NEVER) if done <= due else NEVER
            for s in range(len(end)):
                if by_row[row[n], s] > NEVER / 2:
                    by_hour[hour, s] = max(by_hour[hour, s], by_row[row[n], s] + usd[n])
    return by_row, by_hour


@njit(cache=True)
def forth_hours(
    off: Floats, on: Floats, usd: Floats, cells: Ints, row: Ints, start: Ints, window: Ints, need: Ints, restart: float,
    least_run: int, begin: Floats,
) -> Floats:  # fmt: skip
    """Most that was brought up to each state of a job before each hour and at the end, when hours take their best cells.

    Arguments and shapes are those of `back_hours`, but for ``begin``: what was brought before these hours [USD].
    """
    R, hours = least_run, len(cells) - 1
    out = np.full((hours + 1, len(begin)), NEVER)
    out[0] = begin
    now, then = np.empty_like(begin), np.empty_like(begin)
    for hour in range(hours):
        for n in range(cells[hour], cells[hour + 1]):
            now[:] = out[hour]
            for r in range(row[n], row[n + 1]):
                then[:] = NEVER
                t = start[hour] + r - row[n]
                new, due = t > 0 and window[t] != window[t - 1], need[window[t]]
                for s in range(len(begin)):
                    done, phase = s // (R + 1), s % (R + 1)
                    if now[s] <= NEVER / 2 or (new and done != need[window[t - 1]]):
                        continue
                    done = 0 if new else done
                    if phase in (0, R):
                        then[done * (R + 1)] = max(then[done * (R + 1)], now[s] + off[r])
                    if done < due and on[r] > NEVER / 2:
                        to = (done + 1) * (R + 1) + min(phase + 1, R)
                        then[to] = max(then[to], now[s] + on[r] - (restart if phase == 0 else 0.0))
                now, then = then, now
            for s in range(len(begin)):
                if now[s] > NEVER / 2:
                    out[hour + 1, s] = max(out[hour + 1, s], now[s] + usd[n])
    return out
