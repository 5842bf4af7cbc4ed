"""Asks witnesses to cosign, over the C2SP tlog-witness protocol: ours or anybody's.

The log never believes an answer: a cosignature is verified before it is merged, and a size is only ever used to send
another proof or to stop.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from megawatt.core.errors import MegawattError
from megawatt.live.log.call import Heard, UnreachableError, post
from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.errors import FormatError, ProofError, RollbackError
from megawatt.proof.note import Note
from megawatt.proof.numerals import parse_number
from megawatt.proof.policy import Member, Policy
from megawatt.proof.tiled_tree import TiledTree
from megawatt.proof.witness import Request, merge_cosignatures

MAX_ANSWER_BYTES = 65_536
_TRIES = 3
"""A witness that others feed too may move on between two requests."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What came of asking one witness.

    Attributes:
        name: Its name in the policy.
        size: Size that it has cosigned, as far as it told; None when it did not answer.
        lines: Its signature lines for the checkpoint sent; empty when it did not cosign.
        reason: Why not, in its words or ours.
    """

    name: str
    size: int | None
    lines: bytes = b""
    reason: str = ""


def cosign(note: bytes, tree: Callable[[], TiledTree], policy: Policy) -> tuple[bytes, list[Witnessed]]:
    """Ask every witness of the policy that has an address, all at once.

    Args:
        note: Checkpoint signed by the log.
        tree: Opens the tree of that size, once for each witness.
        policy: Names, keys and addresses of the witnesses.

    Returns:
        The checkpoint with the cosignatures that came, and what each witness said.
    """
    told = _each(policy, lambda witness: _cosign(witness, note, tree()))
    merged = note
    for one in told:
        if one.lines:
            merged = merge_cosignatures(merged, one.lines, [w.key for w in policy.witnesses if w.name == one.name])
    return merged, told


def last_sizes(note: bytes, policy: Policy) -> list[Witnessed]:
    """Ask every witness which size it cosigned last: a log restored from an old copy learns so that it is one.

    The protocol has no such question. A request from old size 0 is answered with the size (409), or, by a witness that
    has seen nothing, with a cosignature.

    Args:
        note: The newest checkpoint that the log has signed; an older one would look like a rollback.
        policy: Names, keys and addresses of the witnesses.
    """
    return _each(policy, lambda witness: _ask(witness, Request(0, (), note)))


def refuse_if_behind(signed_size: int, told: Sequence[Witnessed]) -> None:
    """Stop where a witness has cosigned more than this copy of the log has ever signed.

    The size in an answer is signed by nobody, so nothing is written down: a lying witness can stop a log, not spoil it.

    Raises:
        RollbackError: This copy of the log is older than what a witness saw.
    """
    for one in told:
        if one.size is not None and one.size > signed_size:
            raise RollbackError(
                f"a log that has signed size {signed_size}",
                f"witness {one.name!r} says that it cosigned size {one.size}: signing here would make a second history",
                "Restore the newest copy or a mirror; if the witness is wrong, ask its owner for that checkpoint.",
            )


def _each(policy: Policy, ask: Callable[[Member], Witnessed]) -> list[Witnessed]:
    witnesses: Sequence[Member] = [witness for witness in policy.witnesses if witness.url]

    def told(witness: Member) -> Witnessed:
        try:
            return ask(witness)
        except (MegawattError, ProofError) as error:
            return Witnessed(witness.name, None, b"", str(error))

    with ThreadPoolExecutor(max_workers=max(1, len(witnesses))) as pool:
        return list(pool.map(told, witnesses))


def _cosign(witness: Member, note: bytes, tree: TiledTree) -> Witnessed:
    told, old = Witnessed(witness.name, None), 0
    for _ in range(_TRIES):
        proof = tree.prove_consistency(old) if old else []
        told = _ask(witness, Request(old, tuple(proof), note))
        if told.lines or told.size is None or told.size == old or told.size > tree.size:
            break
        old = told.size
    return told


def _ask(witness: Member, request: Request) -> Witnessed:
    """One request and its answer, nothing of it believed before it is checked.

    Raises:
        UnreachableError: No answer, or none that the protocol knows.
        ProofError: The cosignature is wrong, or the answer not in its format.
    """
    heard = post(f"{witness.url.rstrip('/')}/add-checkpoint", request.to_bytes(), MAX_ANSWER_BYTES)
    if heard.status == 200:
        size = Checkpoint.from_text(Note.from_bytes(request.note).text).size
        if merge_cosignatures(request.note, heard.body, [witness.key]) == request.note:
            raise FormatError(
                f"an answer of {witness.name} without its cosignature", "200 brings one", "Compare its vkey."
            )
        return Witnessed(witness.name, size, heard.body)
    if heard.status == 409:
        size = parse_number(heard.body.decode("ascii", "replace").removesuffix("\n"), "size that the witness cosigned")
        return Witnessed(witness.name, size, b"", f"it has cosigned size {size}")
    return _refused(witness, heard)


def _refused(witness: Member, heard: Heard) -> Witnessed:
    text = heard.body[:500].decode("utf-8", "replace").strip()
    reason = "".join(char if char.isprintable() else "\ufffd" for char in text)  # a stranger's, and goes to a terminal
    if heard.status not in {400, 403, 404, 422, 500}:
        raise UnreachableError(
            f"status {heard.status} from witness {witness.name!r}", "tlog-witness knows no such", "Check its address."
        )
    return Witnessed(witness.name, None, b"", f"status {heard.status}: {reason}")
