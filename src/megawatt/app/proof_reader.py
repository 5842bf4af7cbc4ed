"""``megawatt proof prove | verify | audit``: what a party, an auditor or a stranger does with a log or a file of it."""

from collections.abc import Callable
from pathlib import Path

from megawatt.app.files import refuse_target
from megawatt.app.proof_answer import as_input, clock, print_answer, print_no, utc
from megawatt.core.errors import InputError
from megawatt.live.log.remote import RemoteLog
from megawatt.proof.audit import CHECKPOINT, audit
from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.document import TYPES, check_document
from megawatt.proof.entry import Entry
from megawatt.proof.errors import FormatError, ProofError, VerifyError
from megawatt.proof.evidence import ROLLBACK, Evidence, fork_between
from megawatt.proof.keys import VerifierKey
from megawatt.proof.note import Note
from megawatt.proof.policy import Policy, VerifiedCheckpoint
from megawatt.proof.store import ServedDirectory
from megawatt.proof.tiled_tree import Fetch, TiledTree
from megawatt.proof.tiles import ENTRIES, TILE_WIDTH, Tile, parse_bundle
from megawatt.proof.timestamp import MAGIC
from megawatt.proof.tlog_proof import check_proof, make_proof

_PROOF = b"c2sp.org/tlog-proof@v1\n"
_EVIDENCE = b"megawatt/evidence/v1\n"


def prove_entry(log: str, index: int, to: Path, *, token: Path | None, as_json: bool) -> None:
    """Write proof and entry, made from served files and compared with the signed root before they are written."""
    fetch, _ = _open(log, token)
    files = [to / f"{index}.tlog-proof", to / f"{index}.entry"]
    for file in files:
        refuse_target(file)
    with as_input(log):
        note = fetch(CHECKPOINT)
        head = Checkpoint.from_text(Note.from_bytes(note).text)
        tree = TiledTree(head.size, fetch)
        if head.size and tree.root() != head.root:
            raise VerifyError("tiles of another root", f"the log signed {head.root.hex()}", "Run: megawatt proof audit")
        proof = make_proof(tree, index, note).to_bytes()
        bundle = index // TILE_WIDTH
        width = min(TILE_WIDTH, head.size - bundle * TILE_WIDTH)
        entry = parse_bundle(fetch(Tile(ENTRIES, bundle, width).path), width)[index % TILE_WIDTH]
    for file, data in zip(files, (proof, entry), strict=True):
        file.write_bytes(data)
    names = [str(file) for file in files]
    lines = [f"Wrote {' and '.join(names)}: entry {index} of {head.origin} at size {head.size}."]
    answer = {"ok": True, "origin": head.origin, "index": index, "size": head.size, "files": names}
    print_answer("prove", answer, lines, as_json=as_json)


def verify_file(
    file: Path, policy: Path, *, entry: Path | None, document: Path | None, headers: Path | None, as_json: bool
) -> int:
    """Check a file by what it begins with."""
    with as_input(policy):
        rules = Policy.from_text(policy.read_bytes())
    data = file.read_bytes()
    told = document.read_bytes() if document else None
    try:
        if data.startswith(_PROOF):
            answer, lines = _entry(rules, data, (entry or file.with_suffix(".entry")).read_bytes(), told)
        elif told is not None or entry is not None:
            raise InputError(f"{file} is no proof of an entry", "only one holds an entry", "Name a .tlog-proof.")
        elif data.startswith(MAGIC):
            from megawatt.app.proof_stamp import verify_stamp  # noqa: PLC0415  # it loads what Bitcoin needs

            return verify_stamp(file, rules, headers, as_json=as_json)
        elif data.startswith(_EVIDENCE):
            answer, lines = _evidence(rules, data)
        else:
            answer, lines = _head(rules.check(data))
    except ProofError as error:
        return print_no("verify", error, as_json=as_json)
    print_answer("verify", {"ok": True, **answer}, lines, as_json=as_json)
    return 0


def _entry(rules: Policy, proof: bytes, data: bytes, document: bytes | None) -> tuple[dict[str, object], list[str]]:
    verified = check_proof(rules, proof, data)
    answer, lines = _head(verified.head)
    answer = {"kind": "entry", "index": verified.index, **{k: v for k, v in answer.items() if k != "kind"}}
    lines.insert(0, f"Entry {verified.index} stands in the log.")
    try:
        entry = Entry.from_bytes(data)
    except FormatError:
        if document is None:
            return {**answer, "type": None}, lines  # a log holds any bytes
        raise
    signers = [vkey for vkey in entry.signatures if _signed(entry, vkey)]
    answer |= {"type": entry.type, "signed_by": signers}
    lines.append(f"  {entry.type} v{entry.version}, signed by {', '.join(signers) or 'nobody'}")
    if document is not None:
        check_document(entry, document)
        lines.append(f"  the document is the logged {entry.type}, byte for byte")
    elif entry.type in TYPES and isinstance(text := entry.body.get("text"), str):
        check_document(entry, text.encode())
    return answer, lines


def _signed(entry: Entry, vkey: str) -> bool:
    """Whether the signature holds; a wrong one makes the whole entry worthless.

    Raises:
        VerifyError: It is not this key's.
    """
    entry.check_signed(VerifierKey.from_text(vkey))
    return True


def _evidence(rules: Policy, data: bytes) -> tuple[dict[str, object], list[str]]:
    evidence = Evidence.from_bytes(data)
    sentence = evidence.check(*(member.key for member in rules.logs))
    return {"kind": "evidence", "shows": evidence.kind, "sentence": sentence}, [f"The evidence holds: {sentence}"]


def _head(head: VerifiedCheckpoint) -> tuple[dict[str, object], list[str]]:
    one = head.checkpoint
    answer: dict[str, object] = {
        "kind": "checkpoint",
        "origin": one.origin,
        "size": one.size,
        "root": one.root.hex(),
        "cosigned_at": {name: utc(time) for name, time in head.cosigned_at.items()},
    }
    lines = [f"{one.origin} signed size {one.size}, root {one.root.hex()}."]
    return answer, lines + [f"  cosigned by {name} at {utc(time)}" for name, time in head.cosigned_at.items()]


def audit_log(
    log: str, policy: Path | None, *, saved: Path | None, evidence: Path, token: Path | None, as_json: bool
) -> int:
    """Audit; with a saved checkpoint also that the log grew from it."""
    if policy is None and _is_address(log):
        raise InputError(
            f"no policy for {log}",
            "who is served a log brings the policy",
            "Add --policy FILE: its vkey, its witnesses.",
        )
    path = policy or Path(log) / "policy"
    refuse_target(evidence)
    fetch, paths = _open(log, token)
    with as_input(path):
        rules = Policy.from_text(path.read_bytes())
    with as_input(log):
        fetch(CHECKPOINT)  # without one there is no log to judge
    types: dict[str, int] = {}

    def count(_index: int, data: bytes) -> None:
        name = _type(data)
        types[name] = types.get(name, 0) + 1

    try:
        report = audit(rules, fetch, paths(), count)
        if saved:
            _refuse_other_history(rules, saved.read_bytes(), fetch, evidence)
    except ProofError as error:
        return print_no("audit", error, as_json=as_json)
    answer, lines = _head(report.head)
    answer |= {"ok": True, "files_compared": report.files, "unsigned": list(report.unsigned), "entry_types": types}
    lines.append(f"  {report.files} files are what it signed; entries: {_counts(types)}")
    lines += [f"  not covered by the signature: {name}" for name in report.unsigned]
    lines += ["  grown from the saved checkpoint"] if saved else []
    print_answer("audit", answer, lines, as_json=as_json)
    return 0


def _refuse_other_history(rules: Policy, saved: bytes, fetch: Fetch, path: Path) -> None:
    """Compare with a saved checkpoint; where the log did not grow from it, keep what shows that.

    Raises:
        VerifyError: The log is another one now, or shorter.
    """
    old = Policy(rules.logs, rules.witnesses, rules.groups, "none").check(saved).checkpoint
    note = fetch(CHECKPOINT)
    new = rules.check(note).checkpoint
    if old.origin != new.origin:
        raise FormatError(f"a saved checkpoint of {old.origin}", f"the log is {new.origin}", "Name its own checkpoint.")
    if old.size > new.size:
        found: Evidence | None = Evidence(ROLLBACK, clock(), saved, note)
    else:
        found = fork_between(saved, note, TiledTree(new.size, fetch), clock()) if old.size else None
    if found:
        path.write_bytes(found.to_bytes())
        raise VerifyError(
            found.check(*(member.key for member in rules.logs)),
            "a log only grows",
            f"Keep {path}: whoever has the log's public key can check it, by megawatt proof verify.",
        )


def _type(data: bytes) -> str:
    try:
        return Entry.from_bytes(data).type
    except FormatError:
        return "other"


def _counts(types: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(types.items())) or "none"


def _is_address(log: str) -> bool:
    return log.startswith(("https://", "http://"))


def _open(log: str, token: Path | None) -> tuple[Fetch, Callable[[], list[str]]]:
    """What fetches a served path, and what lists all of them where that can be done."""
    if _is_address(log):
        return RemoteLog(log, _read_token(token) if token else "").fetch, list
    served = ServedDirectory(Path(log) / "log")
    return served.fetch, lambda: list(served.paths())


def _read_token(path: Path) -> str:
    """The first token of a file."""
    lines = (line.strip() for line in path.read_text("ascii", "replace").splitlines())
    token = next((line for line in lines if line and not line.startswith("#")), "")
    if not token.isprintable() or not token.isascii() or not token:
        raise InputError(
            "no token", "it stands on a line of its own, in ASCII", "Ask the log's owner for it.", str(path)
        )
    return token
