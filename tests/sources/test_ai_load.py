"""Public traces of AI load: units, order, and what is refused."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from megawatt.core.errors import InputError
from megawatt.sources.ai_load import concurrent_gpus, read_gpu_duty, read_gpu_pods, read_requests

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
TRACES = DATA / "ai_load"
real = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")


@real
def test_the_azure_trace_has_19366_requests_in_3502_seconds() -> None:
    table = read_requests(TRACES / "azure_llm_2023_conv.csv")

    assert len(table) == 19_366
    assert round(table["arrival_s"].iloc[-1]) == 3502


@real
def test_the_alibaba_pods_that_were_never_scheduled_have_no_run_time() -> None:
    table = read_gpu_pods(TRACES / "alibaba_openb_pods_2023.csv")

    assert len(table) == 8152
    assert table["run_s"].isna().sum() == 897
    assert table["gpus"].max() == 8


@real
def test_the_duty_cycle_is_a_fraction_and_covers_15_hours() -> None:
    table = read_gpu_duty(TRACES / "alibaba_genai_gpu_duty_5min.csv")

    assert len(table) * 300 == 15 * 3600
    assert 0 < table["duty_mean_fraction"].mean() < 0.11
    assert table["duty_p90_fraction"].max() < 0.44


def test_gpus_in_use_are_the_gpu_seconds_of_each_interval() -> None:
    pods = pd.DataFrame(
        {
            "gpus": [1.0, 0.5, 4.0],
            "scheduled_s": [0.0, 50.0, np.nan],
            "deleted_s": [150, 100, 80],
            "run_s": [150, 50, np.nan],
        }
    )

    used = concurrent_gpus(pods, step_s=100)
    assert used["gpus"].tolist() == [1.25, 0.5]


def test_a_trace_given_to_the_wrong_reader_or_out_of_order_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("t_s,context_tokens,generated_tokens\n0,1,1\n2,1,1\n1,1,1\n", encoding="utf-8")

    with pytest.raises(InputError, match="line 4: arrival_s goes back"):
        read_requests(path)
    with pytest.raises(InputError, match="the column 'gpu_duty_cycle_mean_pct' is missing"):
        read_gpu_duty(path)
    path.write_text("t_s,context_tokens,generated_tokens\n0,1,1\n2,many,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 3: context_tokens is no number"):
        read_requests(path)
    with pytest.raises(InputError, match="Check its path"):
        read_requests(tmp_path / "none.csv")
