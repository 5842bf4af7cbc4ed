import importlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from megawatt.app.claims import article, halving_revenue, run_claims
from megawatt.app.claims_command import answer, lines
from megawatt.app.claims_page import claims_brief
from megawatt.app.report.brief import render_brief
from megawatt.core.errors import InputError
from megawatt.sources.bitcoin import read_network_daily
from tests.app.running import Run, refused, runner
from tests.app.schemas import described, no_constant

run = pytest.fixture(runner)
SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "json" / "claims-1.schema.json").read_text(encoding="utf-8")
)
DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")
PARAMETERS = {"before": "2024-04-13", "after": "2024-05-01", "days": 7}


def checked(text: str) -> dict[str, object]:
    value: dict[str, object] = json.loads(text, parse_constant=no_constant)
    jsonschema = importlib.import_module("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(value, SCHEMA)
    assert described(SCHEMA, value) == []
    return value


def network(folder: Path, revenue_after: float, *, skip: str = "") -> Path:
    """A network of one hundred thousand TH/s that earns 900 BTC a day, and less from 20 April on."""
    lines = ["date,price_usd,hash_rate_ths,block_count,issuance_btc,fees_btc"]
    for day in np.datetime64("2024-04-10", "D") + np.arange(40):
        coins = 900.0 if day < np.datetime64("2024-04-20") else revenue_after
        lines += [f"{day},60000,100000,144,{coins},0"] if str(day) != skip else []
    path = folder / "btc_network_daily.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("after", "p"), [(450.0, 0.0), (900.0, 1.0), (1000.0, 1.0)])
def test_the_halving_is_judged_by_revenue_over_work(tmp_path: Path, after: float, p: float) -> None:
    finding = halving_revenue(read_network_daily(network(tmp_path, after)), PARAMETERS, np.random.default_rng(1))
    assert finding.estimates["exact"] == pytest.approx(after / 900 - 1)
    assert finding.p_values["exact"] == p
    assert finding.n == 14


def test_a_missing_day_of_the_halving_is_refused(tmp_path: Path) -> None:
    data = read_network_daily(network(tmp_path, 450.0, skip="2024-05-03"))
    with pytest.raises(InputError, match="a day from 2024-05-01 on is missing"):
        halving_revenue(data, PARAMETERS, np.random.default_rng(1))


def test_without_data_what_needs_none_is_judged_and_the_rest_says_what_is_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEGAWATT_DATA", raising=False)
    found = run("claims", "--json", "--report", "claims.html")
    assert (found.code, found.err) == (0, "")
    claims = checked(found.out)["claims"]
    assert isinstance(claims, list)
    verdicts = {one["name"]: one["verdict"] for one in claims}
    assert verdicts == {
        "rotation": "not tested",
        "reaction": "not tested",
        "twenty-trillion": "contradicted",
        "bitwise-role": "contradicted",
        "halving": "not tested",
        "deal-or-bid": "supported",
    }
    because = {one["name"]: one["because"] for claim in claims for one in claim["hypotheses"]}
    assert "crypto_daily_close.csv" in because["reaction-fet"]
    assert "--data" in because["reaction-fet"]
    assert "btc_network_daily.csv" in because["halving-revenue"]
    assert b"</html>" in found.files["claims.html"]


def test_a_folder_that_is_named_and_absent_is_refused(run: Run) -> None:
    refused(run("claims", "--data", "nowhere"), "nowhere", "no folder")


def test_a_page_that_cannot_be_written_is_refused_before_the_work(run: Run) -> None:
    refused(run("claims", "--report", "nowhere/claims.html"), "nowhere")


@needs_data
def test_from_the_files_every_claim_has_its_verdict_falsifier_hash_and_false_alarms() -> None:
    report = run_claims(DATA)
    value = checked(json.dumps(answer(report), allow_nan=False))
    verdicts = {claim.name: report.verdict(claim) for claim in report.registry.claims}
    assert {name: str(verdict) for name, verdict in verdicts.items()} == {
        "rotation": "not supported",
        "reaction": "not supported",
        "twenty-trillion": "contradicted",
        "bitwise-role": "contradicted",
        "halving": "supported",
        "deal-or-bid": "supported",
    }
    assert report.judgements["halving-revenue"].finding.estimates["exact"] == pytest.approx(-0.524, abs=0.0005)
    text = "\n".join(lines(report))
    assert "rotation: NOT SUPPORTED, untestable as a flow" in text
    for name, one in report.judgements.items():
        assert one.hypothesis.falsifier in text
        if one.finding.placebo is not None:
            assert one.finding.data_sha256[:12] in text, name
            assert f"of {one.finding.placebo.dates:,} placebo dates" in text
        if one.differs:
            assert one.hypothesis.why_different in text, name
    page = render_brief(claims_brief(report))
    assert page.count("<svg") == 2
    assert "not robust" in page
    assert len(report.table()) == len(article().hypotheses())
    assert value["declared"] == "2026-11-22"
