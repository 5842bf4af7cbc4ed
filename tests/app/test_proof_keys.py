"""``megawatt proof key``: a log's keys added, rotated and revoked by entries that the root key signs."""

import json
from pathlib import Path

import pytest

from megawatt.proof.entry import Entry
from tests.app.running import Run, refused, runner
from tests.app.test_proof_commands import answer_of

run = pytest.fixture(runner)


def keys_of(run: Run) -> tuple[str, str, str]:
    """A log whose key the root has added: public keys of the root, the log, and one that is to come."""
    log = str(answer_of(run, "init", "site", "--origin", "example.com/site-7")["vkey"])
    root = str(answer_of(run, "key", "new", "root.key", "--name", "example.com/root")["vkey"])
    new = str(answer_of(run, "key", "new", "new.key", "--name", "example.com/site-7")["vkey"])
    signers = ("--signer", "root.key", "--signer", "site/keys/log.key")
    told = answer_of(run, "key", "add", "site", log, "--role", "log", "--root", root, *signers)
    assert (told["verb"], told["index"]) == ("key add", 0)
    return root, log, new


def append(run: Run, *texts: str) -> None:
    for text in texts:
        Path(text).write_text(text)
    answer_of(run, "append", "site", *texts)


def into_policy(vkey: str) -> None:
    Path("site/policy").write_text(f"log {vkey}\nquorum none\n")


def test_a_key_is_rotated_by_a_change_that_three_parties_sign_in_turn(run: Run) -> None:
    root, old, new = keys_of(run)
    change = ("rotate", "site", old, new, "--role", "log", "--overlap", "2", "--root", root)
    told = answer_of(run, "key", *change, "--signer", "new.key", "--signer", "site/keys/log.key", "--to", "change")
    assert (told["file"], set(told["signed_by"])) == ("change", {old, new})  # type: ignore[call-overload]
    refused(
        run("proof", "key", "sign", "site", "change", "--root", root, "--signer", "new.key"),
        "must be signed by example.com/root",
    )
    assert answer_of(run, "key", "sign", "site", "change", "--root", root, "--signer", "root.key")["index"] == 1
    both = ("--key", "site/keys/log.key", "--key", "new.key")
    assert answer_of(run, "checkpoint", "site", *both)["size"] == 2
    told = answer_of(run, "key", "list", "site", "--root", root)
    assert [(one["key"], one["since"], one["until"]) for one in told["keys"]] == [  # type: ignore[attr-defined]
        (old, 0, 4),
        (new, 1, 2**63 - 1),
    ]
    # Who knows the old key only, or the new one only, accepts the head of the overlap.
    for vkey in (old, new):
        into_policy(vkey)
        assert answer_of(run, "audit", "site")["size"] == 2
    Path("new.key").replace("site/keys/log.key")
    append(run, "a", "b", "c")
    assert answer_of(run, "checkpoint", "site")["size"] == 5
    assert len(answer_of(run, "key", "list", "site", "--root", root)["keys"]) == 2  # type: ignore[arg-type]


def test_a_head_signed_by_the_old_key_after_the_overlap_is_void(run: Run) -> None:
    root, old, new = keys_of(run)
    signers = ("--signer", "root.key", "--signer", "new.key", "--signer", "site/keys/log.key")
    answer_of(run, "key", "rotate", "site", old, new, "--role", "log", "--overlap", "1", "--root", root, *signers)
    append(run, "a")
    answer_of(run, "checkpoint", "site")
    assert answer_of(run, "key", "list", "site", "--root", root)["size"] == 3
    append(run, "b")
    answer_of(run, "checkpoint", "site")
    told = answer_of(run, "key", "list", "site", "--root", root, code=1)
    assert "no key signed which counts" in str(told["finding"])


def test_a_stolen_key_is_revoked_by_the_root_alone_also_for_the_past(run: Run) -> None:
    root, old, _ = keys_of(run)
    append(run, "a", "b")
    revoke = ("key", "revoke", "site", old, "--role", "log", "--after", "2", "--root", root)
    refused(run("proof", *revoke, "--signer", "site/keys/log.key"), "must be signed by")
    answer_of(run, *revoke, "--signer", "root.key")
    answer_of(run, "checkpoint", "site")
    assert "a head of size 4" in str(answer_of(run, "key", "list", "site", "--root", root, code=1)["finding"])


def test_a_change_that_the_root_did_not_sign_has_no_effect_and_is_named(run: Run) -> None:
    root, old, _ = keys_of(run)
    Path("forged").write_bytes(
        Entry("key.revoke", 1, "0" * 32, {"role": "log", "vkey": old, "after": 0}, {}).to_bytes()
    )
    answer_of(run, "append", "site", "forged")
    answer_of(run, "checkpoint", "site")
    told = answer_of(run, "key", "list", "site", "--root", root)
    assert "must be signed by example.com/root" in told["ignored"]["1"]  # type: ignore[index]
    assert told["keys"][0]["until"] == 2**63 - 1  # type: ignore[index]


def test_what_changes_no_key_is_not_kept(run: Run) -> None:
    root, old, _ = keys_of(run)
    again = ("--role", "log", "--root", root, "--signer", "root.key", "--signer", "site/keys/log.key")
    refused(run("proof", "key", "add", "site", old, *again), "never added twice")
    late = ("key", "revoke", "site", old, "--after", str(2**53 - 1), "--role", "log", "--root", root)
    answer_of(run, *late, "--signer", "root.key")
    refused(run("proof", *late, "--signer", "root.key"), "changes no key")
    Path("other").write_bytes(Entry("plan", 1, "0" * 32, {}, {}).to_bytes())
    refused(run("proof", "key", "sign", "site", "other", "--root", root, "--signer", "root.key"), "it changes a key")
    refused(run("proof", "key", "new", "root.key", "--name", "example.com/root"), "exists")
    assert json.loads(run("proof", "checkpoint", "site", "--json").out)["size"] == 2
