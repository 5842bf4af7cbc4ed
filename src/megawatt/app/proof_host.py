"""``megawatt proof init | append | checkpoint``: what the owner of a log does."""

from pathlib import Path

from megawatt.app.files import write_text
from megawatt.app.proof_answer import as_input, print_answer, print_no, utc
from megawatt.core.errors import InputError
from megawatt.live.log.cosigning import Witnessed, cosign, last_sizes, refuse_if_behind
from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.document import log_document
from megawatt.proof.errors import RollbackError, VerifyError
from megawatt.proof.keys import SecretKey
from megawatt.proof.note import Note
from megawatt.proof.policy import Policy, single_log_policy
from megawatt.proof.store import Log, create_key, create_log, read_key


def init_log(directory: Path, origin: str, *, as_json: bool) -> None:
    """Make the log; what an interrupted run has made already is taken up."""
    path = directory / "keys" / "log.key"
    with as_input(directory):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = read_key(path) if path.exists() else create_key(path, origin)
        if key.key.name != origin:
            raise InputError(
                f"a key of {key.key.name!r}", f"the log is to be {origin!r}", "Choose another folder.", str(path)
            )
        policy = directory / "policy"
        if not policy.exists():
            write_text(policy, single_log_policy(key.key).to_text().decode())
        create_log(directory, key)
    vkey = key.key.to_text()
    answer = {"ok": True, "origin": origin, "vkey": vkey, "policy": str(policy)}
    lines = [
        f"Made the log {origin} in {directory}.",
        f"Its public key, for every party: {vkey}",
        f"Its policy is {policy}: add the witnesses there, with their addresses, and their quorum.",
    ]
    print_answer("init", answer, lines, as_json=as_json)


def append_files(
    directory: Path,
    entries: list[Path],
    documents: list[tuple[str, Path]],
    *,
    signer: Path | None,
    key: Path | None,
    as_json: bool,
) -> None:
    """Keep files as entries, durably, all of them or none acknowledged."""
    if not entries and not documents:
        raise InputError("no file was named", "there is something to keep", "Name files, or --plan FILE and the like.")
    _signed(directory)
    with as_input(directory):
        own = _key(directory, key)
        party = read_key(signer) if signer else own
        data = [path.read_bytes() for path in entries]
        data += [log_document(kind, path.read_bytes(), party).to_bytes() for kind, path in documents]
        with Log(directory, own) as log:
            indexes = log.append(data)
    names = [str(path) for path in (*entries, *(path for _, path in documents))]
    kept = [{"file": name, "index": index} for name, index in zip(names, indexes, strict=True)]
    lines = [f"{name}: entry {index}" for name, index in zip(names, indexes, strict=True)]
    print_answer(
        "append", {"ok": True, "entries": kept}, [*lines, "Kept. Next: megawatt proof checkpoint"], as_json=as_json
    )


def make_checkpoint(directory: Path, *, policy: Path | None, keys: list[Path], as_json: bool) -> int:
    """Sign, have cosigned, publish; 1 where the quorum is missing or a witness knows a longer log."""
    path = policy or directory / "policy"
    with as_input(path):
        rules = Policy.from_text(path.read_bytes())
    with as_input(directory):
        signed = _signed(directory)
        before = last_sizes(signed, rules)
        try:
            refuse_if_behind(Checkpoint.from_text(Note.from_bytes(signed).text).size, before)
            # Without their word an old copy of the log could not be told from the newest one.
            _refuse_without_quorum(rules, before, [one.name for one in before if one.size is not None])
            with Log(directory, *(read_key(path) for path in keys or [_own(directory)])) as log:
                note, told = cosign(log.checkpoint(), log.tree, rules)
                _refuse_without_quorum(rules, told, [one.name for one in told if one.lines])
                head = rules.check(note)
                log.publish(note)
        except (RollbackError, VerifyError) as error:
            return print_no("checkpoint", error, as_json=as_json)
    answer = {
        "ok": True,
        "origin": head.checkpoint.origin,
        "size": head.checkpoint.size,
        "root": head.checkpoint.root.hex(),
        "cosigned_at": {name: utc(time) for name, time in head.cosigned_at.items()},
        "refused": {one.name: one.reason for one in told if not one.lines},
    }
    lines = [f"Published {head.checkpoint.origin} at size {head.checkpoint.size}, root {head.checkpoint.root.hex()}."]
    lines += [f"  cosigned by {name} at {utc(time)}" for name, time in head.cosigned_at.items()]
    lines += [f"  not by {one.name}: {one.reason}" for one in told if not one.lines]
    print_answer("checkpoint", answer, lines, as_json=as_json)
    return 0


def _refuse_without_quorum(rules: Policy, told: list[Witnessed], names: list[str]) -> None:
    if not rules.has_quorum(names):
        reasons = "; ".join(f"{one.name}: {one.reason}" for one in told if one.name not in names)
        raise VerifyError(
            f"answers of {', '.join(names) or 'no witness'} ({reasons or 'no witness has an address'})",
            f"the policy asks for quorum {rules.quorum!r}, and nothing is published without it",
            "Nothing is lost: see to the witnesses and run this again.",
        )


def _key(directory: Path, key: Path | None) -> SecretKey:
    return read_key(key or _own(directory))


def _own(directory: Path) -> Path:
    return directory / "keys" / "log.key"


def _signed(directory: Path) -> bytes:
    """The checkpoint that this copy of the log has signed last.

    Raises:
        InputError: There is no log.
    """
    path = directory / "state" / "signed"
    if not path.exists():
        raise InputError(f"there is no log in {directory}", "a log is made first", "Run: megawatt proof init")
    return path.read_bytes()
