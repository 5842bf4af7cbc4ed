"""Public traces of AI load, as tidy tables.

They say how requests arrive, how long jobs last and how busy GPUs are; none of them measures power. Times are seconds
since the first record of the trace: the publishers removed the calendar, so no trace can be laid over a year of prices
without an assumption, and none of these readers makes one.

Sources: Azure/AzurePublicDataset, LLM inference trace 2023 (CC BY 4.0); alibaba/clusterdata, cluster-trace-gpu-v2023
and cluster-trace-v2026-GenAI (free for research, cite; no licence file).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from megawatt.core.errors import InputError
from megawatt.sources.text_file import missing_column, unreadable

_REQUESTS = {"t_s": "arrival_s", "context_tokens": "context_tokens", "generated_tokens": "generated_tokens"}
_PODS = {
    "pod": "pod",
    "cpu_milli": "cpus",
    "memory_mib": "memory_mib",
    "num_gpu": "num_gpu",
    "gpu_milli": "gpu_milli",
    "qos": "qos",
    "pod_phase": "phase",
    "creation_time": "created_s",
    "scheduled_time": "scheduled_s",
    "deletion_time": "deleted_s",
}
_TEXT = {"pod", "qos", "pod_phase"}
_DUTY = {
    "t_s": "start_s",
    "gpu_duty_cycle_mean_pct": "duty_mean_fraction",
    "gpu_duty_cycle_p90_pct": "duty_p90_fraction",
    "pods": "pods",
}


def read_requests(path: str | Path) -> pd.DataFrame:
    """Requests to a language model (Azure 2023, conversation), one row each, in order of arrival.

    Returns:
        ``arrival_s`` [s since the first], ``context_tokens``, ``generated_tokens`` [count].
    """
    table = _read(path, _REQUESTS)
    _refuse(table["arrival_s"].diff() < 0, "arrival_s goes back", "requests are in order of arrival", path)
    for column in ("context_tokens", "generated_tokens"):
        _refuse(~(table[column] >= 0), f"{column} is negative or missing", "a token count is at least 0", path)
    return table


def read_gpu_pods(path: str | Path) -> pd.DataFrame:
    """Jobs of a GPU cluster (Alibaba 2023), one row each.

    Returns:
        ``pod``, ``cpus`` [count], ``memory_mib`` [MiB], ``gpus`` [count, parts of one allowed], ``qos``, ``phase``,
        ``created_s``, ``scheduled_s`` (missing: it never ran), ``deleted_s`` [s since the first], ``run_s`` [s].
    """
    table = _read(path, _PODS)
    table["cpus"] = table["cpus"] / 1000
    # A pod of one GPU may hold a part of it (in thousandths); a pod of several holds each of them whole.
    table["gpus"] = table["num_gpu"] * table["gpu_milli"] / 1000
    table["run_s"] = table["deleted_s"] - table["scheduled_s"]
    _refuse(table["run_s"] < 0, "a pod is deleted before it is scheduled", "a run lasts at least 0 s", path)
    return table.drop(columns=["num_gpu", "gpu_milli"])


def read_gpu_duty(path: str | Path) -> pd.DataFrame:
    """How busy the GPUs of an image service were (Alibaba 2026), in intervals of five minutes.

    Returns:
        ``start_s`` [s since the first], ``duty_mean_fraction`` and ``duty_p90_fraction`` over the pods [0 to 1],
        ``pods`` [count].
    """
    table = _read(path, _DUTY)
    for column in ("duty_mean_fraction", "duty_p90_fraction"):
        _refuse(~table[column].between(0, 100), f"{column} is outside 0 to 100 %", "a duty is a percentage", path)
        table[column] = table[column] / 100
    _refuse(table["start_s"].diff().fillna(300) != 300, "a step is not 300 s", "intervals last five minutes", path)
    return table


def concurrent_gpus(pods: pd.DataFrame, step_s: int) -> pd.DataFrame:
    """GPUs in use over time, from the jobs of `read_gpu_pods` that ran.

    Args:
        pods: Jobs with ``gpus``, ``scheduled_s`` and ``deleted_s``.
        step_s: Length of an interval [s].

    Returns:
        ``start_s`` [s], ``gpus`` [mean count over the interval].
    """
    ran = pods.dropna(subset="scheduled_s")
    edges = np.arange(0, ran["deleted_s"].max() + step_s, step_s, dtype=np.float64)
    # GPU-seconds until each edge: every job has given min(edge, deleted) - min(edge, scheduled) seconds by then.
    used = _seconds_until(edges, ran["deleted_s"], ran["gpus"]) - _seconds_until(edges, ran["scheduled_s"], ran["gpus"])
    return pd.DataFrame({"start_s": edges[:-1], "gpus": np.diff(used) / step_s})


def _seconds_until(edges: np.ndarray, times: pd.Series, weight: pd.Series) -> np.ndarray:
    """``sum of weight x min(edge, time)`` for every edge, by one sort."""
    order = np.argsort(times.to_numpy())
    at, w = times.to_numpy()[order], weight.to_numpy()[order]
    passed = np.searchsorted(at, edges, side="right")
    done = np.concatenate(([0.0], np.cumsum(at * w)))[passed]
    still = w.sum() - np.concatenate(([0.0], np.cumsum(w)))[passed]
    out: np.ndarray = done + edges * still
    return out


def _read(path: str | Path, columns: dict[str, str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except OSError as error:
        raise unreadable(error, Path(path)) from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(
            f"the trace cannot be read ({error})", "a trace is a CSV file", "Check the path.", str(path)
        ) from None
    for name in columns:
        if name not in table.columns:
            raise missing_column(name, list(table.columns), f"{path} line 1")
    for name in columns.keys() - _TEXT:
        number = pd.to_numeric(table[name], errors="coerce")
        _refuse(number.isna() & table[name].notna(), f"{name} is no number", "it counts or measures", path)
        table[name] = number
    return table[list(columns)].rename(columns=columns)


def _refuse(wrong: pd.Series, value: str, rule: str, path: str | Path) -> None:
    if wrong.any():
        line = int(np.flatnonzero(wrong.to_numpy())[0]) + 2
        raise InputError(value, rule, "Download the trace again.", f"{path} line {line}")
