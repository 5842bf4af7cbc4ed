"""``megawatt proof``: a host, a tenant's witness and a stranger, each at the command line."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from megawatt.live.log.door import Limits
from tests.app.running import Run, refused, runner
from tests.app.schemas import described
from tests.live.doors import opened
from tests.live.regtest import Calendar, Regtest

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = json.loads((ROOT / "docs" / "json" / "proof-1.schema.json").read_text())
run = pytest.fixture(runner)
TOKEN = "0123456789abcdef" * 4


def answer_of(run: Run, *words: str | Path, code: int = 0) -> dict[str, object]:
    """The JSON of a command that ends with this code."""
    answer = run("proof", *words, "--json")
    assert answer.code == code, answer.out + answer.err
    told: dict[str, object] = json.loads(answer.out)
    assert (told["schema"], told["ok"]) == ("megawatt/proof/1", code == 0)
    assert described(PUBLISHED, told) == []
    return told


@contextmanager
def listening(*words: str) -> Iterator[str]:
    """A verb that listens, in a process of its own; its address."""
    command = [sys.executable, "-m", "megawatt.app.cli", "proof", *words, "--listen", "127.0.0.1:0", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        try:
            yield str(json.loads("".join(lines))["url"])
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def site(run: Run) -> str:
    """A log with a plan, an order and a line of somebody's own; the public key."""
    vkey = str(answer_of(run, "init", "site", "--origin", "example.com/site-7")["vkey"])
    Path("plan.json").write_text('{"schema": "megawatt/decide/1", "plan": {"gap": 0.0}}\n')
    Path("order.json").write_text('{"fleet": "s21", "mw": 40}\n')
    Path("note.txt").write_text("anything\n")
    told = answer_of(run, "append", "site", "note.txt", "--plan", "plan.json", "--order", "order.json")
    assert [one["index"] for one in told["entries"]] == [0, 1, 2]  # type: ignore[attr-defined]
    return vkey


def test_an_entry_is_kept_signed_proven_and_checked_without_the_log(run: Run) -> None:
    site(run)
    assert answer_of(run, "checkpoint", "site")["size"] == 3
    answer_of(run, "prove", "site", "1")
    shutil.copy("site/policy", "policy")
    shutil.rmtree("site")
    told = answer_of(run, "verify", "1.tlog-proof", "--policy", "policy", "--document", "plan.json")
    assert (told["kind"], told["index"], told["type"]) == ("entry", 1, "plan")
    Path("plan.json").write_text('{"schema": "megawatt/decide/1", "plan": {"gap": 0.1}}\n')
    told = answer_of(run, "verify", "1.tlog-proof", "--policy", "policy", "--document", "plan.json", code=1)
    assert "the logged plan has 54 bytes" in str(told["finding"])


def test_what_is_appended_twice_keeps_its_index(run: Run) -> None:
    site(run)
    told = answer_of(run, "append", "site", "--plan", "plan.json", "--order", "order.json", "--reading", "order.json")
    assert [one["index"] for one in told["entries"]] == [1, 2, 3]  # type: ignore[attr-defined]


def test_any_change_of_proof_entry_or_policy_is_answered_with_no(run: Run) -> None:
    site(run)
    run("proof", "checkpoint", "site")
    run("proof", "prove", "site", "0")
    proof, entry = Path("0.tlog-proof").read_bytes(), Path("0.entry").read_bytes()
    Path("0.entry").write_bytes(b"other\n")
    assert "leads to another root" in str(answer_of(run, "verify", "0.tlog-proof", "--policy", "site/policy", code=1))
    Path("0.entry").write_bytes(entry)
    Path("0.tlog-proof").write_bytes(proof.replace(b"index 0", b"index 1"))
    answer_of(run, "verify", "0.tlog-proof", "--policy", "site/policy", code=1)
    Path("0.tlog-proof").write_bytes(proof)
    other = str(answer_of(run, "init", "other", "--origin", "example.com/site-7")["vkey"])
    assert other != answer_of(run, "verify", "0.tlog-proof", "--policy", "site/policy")["origin"]
    answer_of(run, "verify", "0.tlog-proof", "--policy", "other/policy", code=1)


def test_a_tenants_witness_cosigns_and_a_restored_backup_signs_nothing(run: Run) -> None:
    vkey = site(run)
    witness = str(answer_of(run, "witness", "init", "w", "--name", "tenant.example/witness", "--log", vkey)["vkey"])
    with listening("witness", "serve", "w") as url:
        policy = f"log {vkey}\nwitness tenant {witness} {url}\nquorum tenant\n"
        Path("site/policy").write_text(policy)
        assert list(answer_of(run, "checkpoint", "site")["cosigned_at"]) == ["tenant"]  # type: ignore[call-overload]
        shutil.copytree("site", "backup")
        Path("late.txt").write_text("late\n")
        run("proof", "append", "site", "late.txt")
        assert answer_of(run, "checkpoint", "site")["size"] == 4
        told = answer_of(run, "checkpoint", "backup", code=1)
        assert "a log that has signed size 3" in str(told["finding"])
        assert "Restore the newest copy" in run("proof", "checkpoint", "backup").out
    told = answer_of(run, "checkpoint", "site", code=1)
    assert "nothing is published without it" in str(told["finding"])
    assert answer_of(run, "audit", "site")["size"] == 4


def test_an_auditor_reads_a_served_log_and_convicts_one_that_shows_another_history(run: Run) -> None:
    site(run)
    run("proof", "checkpoint", "site")
    shutil.copy("site/log/checkpoint", "saved")
    shutil.copytree("site", "forked")
    for log, text in (("site", "one\n"), ("forked", "two\n")):
        Path("next.txt").write_text(text)
        run("proof", "append", log, "next.txt")
        run("proof", "checkpoint", log)
    Path("tokens").write_text(TOKEN)
    Path("tokens").chmod(0o600)
    with listening("serve", "site", "--tokens", "tokens") as url:
        refused(run("proof", "audit", url, "--policy", "site/policy"), "entries are served to who shows a token")
        refused(run("proof", "audit", url), "Add --policy FILE")
        told = answer_of(run, "audit", url, "--policy", "site/policy", "--token", "tokens", "--saved", "saved")
        assert (told["size"], told["entry_types"]) == (4, {"other": 2, "plan": 1, "order": 1})
        answer_of(run, "prove", url, "3", "--token", "tokens")
        answer_of(run, "verify", "3.tlog-proof", "--policy", "site/policy")
    shutil.copy("forked/log/checkpoint", "saved")
    told = answer_of(run, "audit", "site", "--saved", "saved", code=1)
    assert "signed two histories" in str(told["finding"])
    told = answer_of(run, "verify", "log.evidence", "--policy", "site/policy")
    assert (told["kind"], told["shows"]) == ("evidence", "fork")


def test_a_log_that_shrank_is_convicted_by_a_saved_head(run: Run) -> None:
    site(run)
    run("proof", "checkpoint", "site")
    shutil.copytree("site", "old")
    run("proof", "append", "site", "plan.json")
    run("proof", "checkpoint", "site")
    told = answer_of(run, "audit", "old", "--saved", "site/log/checkpoint", code=1)
    assert "was submitted after size 4" in str(told["finding"])
    assert answer_of(run, "verify", "log.evidence", "--policy", "site/policy")["shows"] == "rollback"


def test_a_flipped_bit_in_a_served_file_is_found(run: Run) -> None:
    site(run)
    run("proof", "checkpoint", "site")
    file = next(Path("site/log/tile/entries").rglob("3"))
    data = bytearray(file.read_bytes())
    data[5] ^= 1
    file.write_bytes(data)
    answer = run("proof", "audit", "site")
    assert answer.code == 1
    assert answer.out.startswith("NO: ")


WRONG: list[tuple[list[str], str]] = [
    (["append", "nowhere", "site/policy"], "there is no log in nowhere"),
    (["checkpoint", "nowhere", "--policy", "site/policy"], "there is no log in nowhere"),
    (["append", "site"], "no file was named"),
    (["append", "site", "--signer", "site/policy", "site/policy"], "only its owner may read it"),
    (["init", "site", "--origin", "example.com/site-7"], "a log is created once"),
    (["init", "site", "--origin", "other.example/log"], "a key of 'example.com/site-7'"),
    (["init", "new", "--origin", "two words"], "key name 'two words'"),
    (["prove", "site", "9"], "entry 9 of a tree of 0"),
    (["prove", "nowhere", "0"], "no file checkpoint"),
    (["audit", "nowhere", "--policy", "site/policy"], "no file checkpoint"),
    (["serve", "nowhere"], "there is no log in nowhere"),
    (["serve", "site", "--listen", "7380"], "it reads ADDRESS:PORT"),
    (["serve", "site", "--listen", "192.0.2.1:7380"], "cannot be listened on"),
    (["verify", "site/log/checkpoint", "--policy", "site/policy", "--document", "site/policy"], "no proof of an entry"),
    (["verify", "site/policy", "--policy", "site/log/checkpoint"], "policy line 1"),
    (["witness", "init", "w", "--name", "w", "--log", "nonsense"], "vkey"),
    (["witness", "serve", "nowhere"], "nowhere/key"),
    (["audit", "http://127.0.0.1:1", "--policy", "site/policy"], "try again later"),
]


def test_wrong_input_ends_with_2_and_what_to_do(run: Run) -> None:
    answer_of(run, "init", "site", "--origin", "example.com/site-7")
    for words, said in WRONG:
        refused(run("proof", *words), said)


def test_the_certificate_of_a_logged_plan_is_checked_a_year_later(run: Run) -> None:
    """What is logged before the day stands after it, and the same inputs give the same certificate again."""
    week = ("decide", "texas-mine.toml", "--from", "2024-06-01", "--to", "2024-06-02", "--json")
    run("init", "texas-mine")
    Path("plan.json").write_text(run(*week).out)
    answer_of(run, "init", "site", "--origin", "example.com/site-7")
    run("proof", "append", "site", "--plan", "plan.json")
    run("proof", "checkpoint", "site")
    run("proof", "prove", "site", "0")
    logged = json.loads(Path("0.entry").read_text())["body"]["text"]
    later = json.loads(run(*week).out)
    assert answer_of(run, "verify", "0.tlog-proof", "--policy", "site/policy", "--document", "plan.json")["ok"]
    for key in ("inputs_sha256", "plan"):
        assert json.loads(logged)[key] == later[key]
    assert later["plan"]["bound_usd"] >= later["plan"]["value_usd"] > 0


def stamps(run: Run, calendar: str) -> list[dict[str, Any]]:
    """The stamps of the log after a visit to the calendar."""
    return cast("list[dict[str, Any]]", answer_of(run, "stamp", "site", "--calendar", calendar)["stamps"])


def test_a_head_is_stamped_upgraded_and_a_regtest_block_is_no_anchor(run: Run) -> None:
    site(run)
    run("proof", "checkpoint", "site")
    calendar = Calendar(Regtest())
    with opened(calendar.answer, Limits(body_bytes=1000)) as door:
        calendar.url = door.url
        (waits,) = stamps(run, door.url)
        assert (waits["blocks"], len(waits["waiting"])) == ([], 1)
        told = answer_of(run, "verify", waits["file"], "--policy", "site/policy", code=1)
        assert "without the attestation of a block" in str(told["finding"])
        calendar.confirm()
        (done,) = stamps(run, door.url)
        assert done == {"file": "site/anchors/3.checkpoint.ots", "blocks": [1], "waiting": []}
    assert Path("site/anchors/3.checkpoint").read_bytes() == Path("site/log/checkpoint").read_bytes()
    refused(run("proof", "verify", done["file"], "--policy", "site/policy"), "6 headers from the block's own on")
    headers = calendar.chain.headers
    Path("headers").write_text("".join(f"{height} {header.hex()}\n" for height, header in enumerate(headers)))
    told = answer_of(run, "verify", done["file"], "--policy", "site/policy", "--headers", "headers", code=1)
    assert "has not the work that the Bitcoin main network demands" in str(told["finding"])


def test_an_anchor_of_the_network_is_told_with_block_and_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the main network, as nobody can mine on it for a test."""
    site(run)
    run("proof", "checkpoint", "site")
    calendar = Calendar(Regtest())
    with opened(calendar.answer, Limits(body_bytes=1000)) as door:
        calendar.url = door.url
        run("proof", "stamp", "site", "--calendar", door.url)
        calendar.confirm()
        run("proof", "stamp", "site", "--calendar", door.url)
    monkeypatch.setattr("megawatt.app.proof_stamp.main_network", lambda _headers: calendar.chain.chain())
    Path("headers").write_text("")
    told = answer_of(run, "verify", "site/anchors/3.checkpoint.ots", "--policy", "site/policy", "--headers", "headers")
    assert (told["kind"], told["network"], told["height"]) == ("anchor", "regtest", 1)
    assert told["time"] == "2011-02-02T23:26:42Z"
    Path("site/anchors/3.checkpoint").write_bytes(Path("site/log/checkpoint").read_bytes() + b"\n")
    answer_of(run, "verify", "site/anchors/3.checkpoint.ots", "--policy", "site/policy", "--headers", "headers", code=1)
