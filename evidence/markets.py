"""Bars of the markets: published cases, the article's claims with their placebo dates, bad data, speed beside peers."""

import re
import subprocess
import sys

import numpy as np

from bench.markets import jobs
from evidence.bar import ROOT, Bar, Figure
from evidence.year_2024 import DATA, needs_data
from megawatt.app.claims import run_claims
from megawatt.markets.normal import ESTUDY2
from tests.markets.test_estudy2 import PRINTED, vignette

CASES = {
    "E1 Lamb": "test_estudy2.py::test_lamb_is_the_t_value_of_an_event_dummy_in_the_regression_of_the_portfolio",
    "E1 sign": "test_estudy2.py::test_the_plain_sign_test_squared_is_the_chi_square_of_the_two_counts",
    "E3": "test_events.py::test_the_same_firm_in_two_events_counts_two",
    "E4": "test_events.py::test_news_of_juneteenth_has_day_zero_on_20_june_for_a_share_and_on_19_june_for_a_coin",
    "L1": "test_rotation.py::test_hayashi_yoshidas_covariance_of_the_toy_case_is_five",
    "L2": "test_rotation.py::test_the_transfer_entropy_of_a_known_system_is_half_log_1_16",
    "L3": "test_rotation.py::test_grangers_f_of_us_consumption_on_gdp_is_that_of_statsmodels",
    "R1": "test_rotation.py::test_the_nile_breaks_after_1898",
    "R2": "test_rotation.py::test_hamiltons_regimes_of_us_gnp_are_found_again",
    "R3": "test_multiplicity.py::test_the_fifteen_p_values_of_1995_are_rejected_as_published",
    "C1": "test_counterfactual.py::test_the_google_case_of_r_causal_impact_is_found_again",
    "C2": "test_counterfactual.py::test_the_arma_case_of_r_causal_impact_is_found_again",
    "I1": "test_index.py::test_the_supply_revision_of_fet_on_4_may_2024_does_not_move_the_index",
    "I2": "test_index.py::test_two_legs_merged_at_the_announced_ratios_leave_the_index_continuous",
    "S1": "test_outlook.py::test_the_base_the_share_and_the_growth_are_as_printed",
    "S1 product": "test_outlook.py::test_acemoglus_product_and_range_are_as_printed",
    "AF3": "test_article.py::test_nvidia_lost_12_9_percent_in_three_sessions",
    "AF3 closes": "test_article.py::test_the_closes_of_nvidia_are_those_of_the_press",
    "AF4": "test_article.py::test_the_moves_of_june_2024_by_exchange_closes",
    "AF5": "test_article.py::test_the_t_values_of_af5_are_near_those_of_the_other_price_source",
    "AF7": "test_article.py::test_the_supply_revision_of_fet_was_140_percent",
    "AF8": "test_rotation_report.py::test_the_specimens_are_as_announced",
    "AF9": "test_outlook.py::test_the_parts_of_pwc_and_the_rest_of_bitwise_are_as_printed",
    "AF11": "test_outlook.py::test_a_level_and_a_sum_over_years_are_neither_added_nor_compared",
    "AF12": "test_outlook.py::test_the_other_estimates_are_as_printed_and_only_levels_have_a_share",
}
"""Published cases and facts by the test that computes them, each with its tolerance beside the figure."""
LIBRARY = "src/megawatt/markets/*.py"
READERS = ("src/megawatt/sources/markets.py", "src/megawatt/app/markets/files.py")


@needs_data
def estudy2() -> Figure:
    """Ten statistics on five days of March 2020, with the package's deviations from the textbook switched on by name."""
    panel = vignette(ESTUDY2)
    numbers: dict[str, float | int | str] = {
        test.__name__: max(abs(test(panel, day, day).value - printed[day]) for day in range(5))
        for test, printed in PRINTED.items()
    }
    worst = max(float(value) for value in numbers.values())
    return Figure(f"largest difference {worst:.1e} over {5 * len(PRINTED)} figures", worst <= 1e-6, numbers)


@needs_data
def published_cases() -> Figure:
    """Each case by its own test: pass or fail."""
    passed, failed, numbers = _pytest(*(f"tests/markets/{node}" for node in CASES.values()))
    text = f"{len(CASES)} cases and facts in {passed} tests, {failed} failed"
    return Figure(text, failed == 0 and passed >= len(CASES), numbers | {"cases": " ".join(CASES)})


@needs_data
def article_claims() -> Figure:
    """Verdicts by the declared rule, and the placebo share of every statistical test."""
    report = run_claims(DATA)
    placebos = {name: one.finding.placebo for name, one in report.judgements.items() if one.finding.placebo}
    worst = max(one.share for one in placebos.values())
    numbers: dict[str, float | int | str] = {name: str(one.verdict) for name, one in report.judgements.items()}
    numbers |= {f"{name}_false_alarms": one.share for name, one in placebos.items()}
    numbers |= {f"{name}_placebo_dates": one.dates for name, one in placebos.items()}
    numbers |= {name: f"not tested: {why}" for name, why in report.missing.items()}
    held = all(one.passed and one.dates >= 1_000 for one in placebos.values())
    differ = [name for name, one in report.judgements.items() if one.differs]
    explained = all(report.judgements[name].hypothesis.why_different for name in differ)
    text = f"{len(report.judgements)} hypotheses judged, {len(report.missing)} not tested; false alarms at most {100 * worst:.1f} %"
    return Figure(text, held and explained and len(placebos) >= 9, numbers)


def bad_data() -> Figure:
    """Each illness through the command line, and in the library."""
    passed, failed, numbers = _pytest(
        "tests/app/test_markets_commands.py", "tests/markets/test_prices.py", "tests/markets/test_index.py"
    )
    return Figure(f"{passed} tests, {failed} failed", failed == 0 and passed >= 60, numbers)


def speed() -> Figure:
    """Each job beside the peers that are installed, in one run."""
    found = jobs()
    numbers: dict[str, float | int | str] = {
        f"{'peer, ' * one.peer}{one.name}, s": round(one.seconds, 3) for one in found
    }
    own = [one for one in found if one.bar is not None]
    text = "; ".join(f"{one.name.partition(':')[0]}: {one.seconds:.2f} s" for one in own)
    peers = sum(one.peer for one in found)
    return Figure(f"{text}; {peers} peers beside", all(one.seconds < (one.bar or np.inf) for one in own), numbers)


def _pytest(*nodes: str) -> tuple[int, int, dict[str, float | int | str]]:
    """Tests that passed and failed (or were skipped) in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *nodes]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|error)", done.stdout)}
    wrong = (
        counts.get("failed", 0) + counts.get("skipped", 0) + counts.get("error", 0) + (done.returncode not in {0, 1})
    )
    return counts.get("passed", 0), wrong, {"passed": counts.get("passed", 0), "wrong": wrong}


BARS: tuple[Bar, ...] = (
    Bar(
        id="estudy2-e1",
        sentence="The ten statistics that the vignette of the R package estudy2 prints for five days are found again, its deviations "
        "from the textbook switched on by name.",
        target="at most 1e-6",
        covers=(
            *(f"src/megawatt/markets/{name}.py" for name in ("normal", "parametric", "rank_sign")),
            "tests/markets/test_estudy2.py",
        ),
        measure=estudy2,
    ),
    Bar(
        id="published-market-cases",
        sentence="The published cases (event tests, lead-lag, Nile, Hamilton, Benjamini-Hochberg, R CausalImpact, index, outlook) and the "
        "facts AF3-AF12 are found again within the tolerance that stands beside each.",
        target="every case, none left out",
        covers=(LIBRARY, "tests/markets/*.py"),
        measure=published_cases,
    ),
    Bar(
        id="article-claims",
        sentence="Every claim of the article goes from files to the verdict of the rule declared before; each test's false alarms on 1,000 "
        "placebo dates or more stay within the 99.9 % binomial limit of 5 %; what differs from an earlier analysis is explained.",
        target="false alarms at most 7.3 %, every difference with its reason",
        covers=(
            LIBRARY,
            "src/megawatt/markets/article.toml",
            "src/megawatt/app/claims.py",
            *READERS,
        ),
        measure=article_claims,
    ),
    Bar(
        id="market-bad-data",
        sentence="A gap, a duplicate day, a zero price, a supply jump of 140 %, a renamed ticker and a missing delisting are refused or named, "
        "in the library and through the command line.",
        target="every test of bad data passes",
        covers=(
            LIBRARY,
            *READERS,
            "src/megawatt/app/markets/rotation.py",
            "src/megawatt/app/markets/events.py",
            "tests/app/test_markets_commands.py",
            "tests/app/market_folder.py",
        ),
        measure=bad_data,
    ),
    Bar(
        id="market-speed",
        sentence="Event tests, bootstrap, index and rotation are done at once, beside the best peers that install, in the same run.",
        target="1,000 events x 250 days below 2 s; 9,999 draws below 10 s; 5,000 assets x 10 years below 10 s",
        covers=(LIBRARY, "bench/markets.py"),
        measure=speed,
    ),
)
