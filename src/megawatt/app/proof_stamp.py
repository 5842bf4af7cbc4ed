"""``megawatt proof stamp``, and the check of what it made: heads of a log anchored in Bitcoin."""

import os
from pathlib import Path

from megawatt.app.bitcoin_chain import main_network, read_headers
from megawatt.app.proof_answer import as_input, print_answer, print_no, utc
from megawatt.core.errors import InputError
from megawatt.live.log.calendars import PUBLIC, stamp, upgrade
from megawatt.proof.anchor import DEPTH, check_anchor
from megawatt.proof.audit import CHECKPOINT
from megawatt.proof.errors import ProofError, VerifyError
from megawatt.proof.policy import Policy
from megawatt.proof.store import ServedDirectory, System, replace_file
from megawatt.proof.timestamp import Stamp

ENOUGH = 2
_SERVED = 0o644


def stamp_log(directory: Path, calendars: list[str], *, policy: Path | None, as_json: bool) -> int:
    """Stamp the published head, if it is not stamped yet, and upgrade all stamps that wait for their block."""
    asked = calendars or list(PUBLIC)
    path = policy or directory / "policy"
    with as_input(path):
        rules = Policy.from_text(path.read_bytes())
    with as_input(directory):
        note = ServedDirectory(directory / "log").fetch(CHECKPOINT)
    try:
        size = rules.check(note).checkpoint.size
    except VerifyError as error:
        return print_no("stamp", error, as_json=as_json)
    anchors = directory / "anchors"
    anchors.mkdir(exist_ok=True)
    silent: list[str] = []
    head = anchors / f"{size}.checkpoint"
    ots = head.with_name(f"{head.name}.ots")
    if not ots.exists():
        if not head.exists():
            replace_file(System(), head, note, _SERVED)
        made, silent = stamp(head.read_bytes(), os.urandom(16), asked, min(ENOUGH, len(asked)))
        replace_file(System(), ots, made.to_bytes(), _SERVED)
    files = [_upgraded(one, calendars) for one in sorted(anchors.glob("*.checkpoint.ots"))]
    lines = [f"{one['file']}: {_state(one)}" for one in files] + [f"no promise of {reason}" for reason in silent]
    print_answer("stamp", {"ok": True, "stamps": files, "silent": silent}, lines, as_json=as_json)
    return 0


def _upgraded(path: Path, allowed: list[str]) -> dict[str, object]:
    """Ask the calendars of one stamp for its block, and say how it stands; nothing of it verified."""
    with as_input(path):
        old = Stamp.from_bytes(path.read_bytes())
        new, waiting = (old, []) if _heights(old) else upgrade(old, allowed)
        if new != old:
            replace_file(System(), path, new.to_bytes(), _SERVED)
    return {"file": str(path), "blocks": _heights(new), "waiting": waiting}


def _heights(stamp: Stamp) -> list[int]:
    return sorted({height for path in stamp.paths if (height := path.attestation.height) is not None})


def _state(one: dict[str, object]) -> str:
    if one["blocks"]:
        return f"block {one['blocks']}, to be verified with its header"
    return "waiting for a block; run this again in some hours"


def verify_stamp(file: Path, policy: Policy, headers: Path | None, *, as_json: bool) -> int:
    """Check that the head beside a stamp satisfies the policy and is anchored in Bitcoin's main network."""
    data = file.with_suffix("").read_bytes()
    try:
        made = Stamp.from_bytes(file.read_bytes())
        head = policy.check(data)
        heights = _heights(made)
        if heights and headers is None:
            raise InputError(
                f"no headers for the stamp of block {heights}",
                f"it is checked against {DEPTH} headers from the block's own on",
                "Add --headers FILE with lines of height and header, from your own node or one you trust.",
                str(file),
            )
        anchored = check_anchor(made, data, main_network(read_headers(headers) if headers else {}))
    except ProofError as error:
        return print_no("verify", error, as_json=as_json)
    answer = {
        "ok": True,
        "kind": "anchor",
        "origin": head.checkpoint.origin,
        "size": head.checkpoint.size,
        "network": anchored.chain,
        "height": anchored.height,
        "block_hash": anchored.block_hash,
        "time": utc(anchored.time),
    }
    what = f"{head.checkpoint.origin} at size {head.checkpoint.size}"
    lines = [
        f"{what} existed when block {anchored.height} of the {anchored.chain} was found,",
        f"  at {utc(anchored.time)}, give or take two hours",
        f"  block {anchored.block_hash}: compare it with your node or an explorer",
    ]
    print_answer("verify", answer, lines, as_json=as_json)
    return 0
