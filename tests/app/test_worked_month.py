"""The worked month is true: its commands run as they stand, and print what the page shows."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from megawatt.app.settle_log import new_entry, writing
from megawatt.proof.store import read_key
from tests.app.running import Run, refused, runner

PAGE = Path(__file__).resolve().parents[2] / "docs" / "worked-month.md"
ID = re.compile(r"[0-9a-f]{64}")
run = pytest.fixture(runner)


def steps() -> list[tuple[str, str]]:
    return re.findall(
        r"^```(python|console)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )


def shown(block: str) -> list[tuple[str, str]]:
    """Commands of a block, each with the output below it."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def printed(run: Run, command: str) -> str:
    if command.startswith("megawatt "):
        answer = run(*shlex.split(command)[1:])
        assert answer.code == 0, answer.err
        return answer.out
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_the_page_runs_as_it_stands_and_prints_what_it_shows(run: Run) -> None:
    ran = []
    for language, block in steps():
        if language == "python":
            exec(compile(block, PAGE.name, "exec"), {"__name__": "__page__"})  # noqa: S102  # our page
            continue
        for command, output in shown(block):
            assert ID.sub("ID", printed(run, command)) == ID.sub("ID", output), command
            ran.append(command.split()[2])
    verbs = ("add", "make", "check", "dispute", "sign", "invoice", "paid")
    assert [ran.count(verb) for verb in verbs] == [5, 3, 2, 1, 1, 1, 1]
    invoice = Path("invoice-2024-11.html").read_text(encoding="utf-8")
    assert "2,847,320.34 USD" in invoice
    assert not re.search(r"(?:src|href)=|url\(", invoice), "the page loads something"


def prepare(run: Run) -> None:
    """The page's files, and a log with terms and readings."""
    (python,) = [block for language, block in steps() if language == "python"]
    exec(compile(python, PAGE.name, "exec"), {"__name__": "__page__"})  # noqa: S102  # our page
    run("settle", "add", "log", "terms.json", "--signer", "host.key", "--signer", "tenant.key")
    run("settle", "add", "log", "readings.jsonl")


def test_one_cent_off_is_found_and_the_line_named(run: Run) -> None:
    """A host that states a line one cent too high, and signs it."""
    prepare(run)
    made = json.loads(run("settle", "make", "log", "--period", "2024-11", "--signer", "host.key", "--json").out)
    body = made["statement"]
    body["lines"][0]["cents"] += 1
    body["total_cents"] += 1
    with writing(Path("log"), None) as writer:
        writer.append_one(new_entry("statement", body, read_key(Path("host.key"))))
        writer.publish()
    checked = run("settle", "check", "log")
    assert checked.code == 1
    assert "line rent: 244000001 and 244000000 cents, -1" in checked.out
    refused = run("settle", "sign", "log", "--period", "2024-11", "--signer", "tenant.key", "--json")
    assert refused.code == 1
    assert json.loads(refused.out)["differences"] == ["line rent: 244000001 and 244000000 cents, -1"]
    assert run("settle", "invoice", "log", "--period", "2024-11").code == 1


def test_a_byte_of_the_log_changed_after_the_fact_is_found(run: Run) -> None:
    prepare(run)
    run("settle", "make", "log", "--period", "2024-11", "--signer", "host.key")
    (bundle,) = [path for path in Path("log/log/tile/entries").rglob("*") if path.name == "96"]
    data = bundle.read_bytes()
    bundle.write_bytes(data.replace(b"7013696096", b"7013696097", 1) if b"7013696096" in data else data[:-1] + b"?")
    answer = run("settle", "check", "log")
    assert answer.code == 1
    assert answer.out.startswith("NO: ")


def test_what_cannot_be_is_refused_with_rule_and_remedy(run: Run) -> None:
    prepare(run)
    Path("wrong.json").write_text('{"type": "period.close", "body": {"contract": 7}}\n')
    host, tenant = ("--signer", "host.key"), ("--signer", "tenant.key")
    month = ("log", "--period", "2024-11")
    for words, said in (
        (("make", *month, *tenant), "the host's is"),
        (("make", "log", "--period", "2024-13", *host), "a month reads"),
        (("make", "log", "--period", "2023-11", *host), "no terms"),
        (("make", *month, "--signer", "nobody.key"), "nobody.key"),
        (("make", "nowhere", "--period", "2024-11", *host), "nowhere"),
        (("make", *month, *host, "--contract", "other"), "'tenant-a'"),
        (("check", "log"), "without a statement"),
        (("sign", *month, *tenant), "no statement"),
        (("invoice", *month), "no statement"),
        (("add", "log", "wrong.json", *host), "wrong.json line 1"),
        (("add", "log", "terms.json", "--to", "nowhere/file"), "nowhere"),
    ):
        refused(run("settle", *words), said)
    assert run("settle", "check", "nowhere").code == 2


def test_two_parties_sign_one_after_the_other(run: Run) -> None:
    prepare(run)
    half = run("settle", "add", "log", "outage.json", "--signer", "host.key", "--to", "half.jsonl")
    assert half.code == 0, half.err
    assert run("settle", "add", "log", "half.jsonl", "--signer", "tenant.key").code == 0
    made = json.loads(run("settle", "make", "log", "--period", "2024-11", "--signer", "host.key", "--json").out)
    assert {"line": "credit", "cents": -12_200_000} in made["statement"]["lines"]


def test_an_invoice_shows_a_dispute_as_text_and_takes_it_off_what_is_to_pay(run: Run) -> None:
    prepare(run)
    run("settle", "make", "log", "--period", "2024-11", "--signer", "host.key")
    month = ("log", "--period", "2024-11")
    why = "<script>alert('x')</script>"
    disputed = run(
        "settle", "dispute", *month, "--line", "rent", "--cents", "1", "--reason", why, "--signer", "tenant.key"
    )
    assert disputed.code == 0, disputed.err
    answer = json.loads(run("settle", "invoice", *month, "--to", "page.html", "--json").out)
    assert answer["open_cents"] == 0  # there is no price in this log, so the rent is all
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "in dispute: the tenant says 0.01 USD, &lt;script&gt;" in page
    assert run("settle", "sign", *month, "--signer", "tenant.key", "--line", "rent").code == 0
    assert json.loads(run("settle", "check", "log", "--json").out)["statements"][0]["payable_cents"] == 244_000_000
