"""Anchors: a stamped checkpoint, followed to the Merkle root of a Bitcoin block.

What it shows: the checkpoint's bytes existed when the block was found. Block times are good to about two hours; the
cosignatures in the checkpoint tell the second. It does not show that there is no second history: only witnesses do.

An .ots file does not say of which network its block is. The caller's `Chain` does, and its check of headers decides: a
header of a test network has no work that the main network accepts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from megawatt.proof.errors import ProofError, VerifyError
from megawatt.proof.hashes import HASH_BYTES
from megawatt.proof.timestamp import Stamp

HEADER_BYTES = 80
DEPTH = 6


@dataclass(frozen=True, slots=True)
class Chain:
    """Where headers come from, and which of them count.

    Attributes:
        name: The network, for people: `Bitcoin main network`.
        header: The 80 bytes of the header at a height, or None.
        accepts: Whether a header carries the work that this network demands at that height.
    """

    name: str
    header: Callable[[int], bytes | None]
    accepts: Callable[[int, bytes], bool]


@dataclass(frozen=True, slots=True)
class Anchored:
    """A block that proves a stamped file to be no younger than itself.

    Attributes:
        chain: The network.
        height: Height of the block.
        block_hash: Its hash as printed, 64 hexadecimal digits.
        time: Its time as the miner stated it, seconds since 1970-01-01 UTC; good to about two hours.
    """

    chain: str
    height: int
    block_hash: str
    time: int


def check_anchor(stamp: Stamp, data: bytes, chain: Chain, depth: int = DEPTH) -> Anchored:
    """Check that a file is anchored, and find the earliest block that does it.

    Args:
        stamp: The file's stamp.
        data: The file.
        chain: The network.
        depth: Blocks that must stand there, the attesting one and those that follow it.

    Raises:
        VerifyError: The stamp is of another file, or none of its paths leads to a block that counts.
    """
    if sha256(data).digest() != stamp.digest:
        raise VerifyError(
            f"a stamp of {stamp.digest.hex()}", f"the file hashes to {sha256(data).hexdigest()}", "Find the file."
        )
    found: list[Anchored] = []
    reasons: list[str] = []
    for path in stamp.paths:
        height = path.attestation.height
        if height is None:
            continue
        try:
            found.append(_block(path.message(stamp.digest), height, chain, depth))
        except ProofError as error:
            reasons.append(f"{error.value}, but {error.rule}")
    if not found:
        raise VerifyError(
            "; ".join(reasons) or "a stamp without the attestation of a block",
            f"a path must lead to a block of the {chain.name} with {depth - 1} blocks on top",
            "Upgrade the stamp some hours after it was made; bring the headers from its height on.",
        )
    return min(found, key=lambda one: one.height)


def _block(message: bytes, height: int, chain: Chain, depth: int) -> Anchored:
    headers: list[bytes] = []
    for at in range(height, height + depth):
        header = chain.header(at)
        if header is None or len(header) != HEADER_BYTES:
            raise _no(f"no header at height {at}", f"{depth} are needed from height {height} on")
        if not chain.accepts(at, header):
            raise _no(f"the header at height {at}", f"it has not the work that the {chain.name} demands there")
        if headers and header[4:36] != _double_sha256(headers[-1]):
            raise _no(f"the header at height {at}", "it names another block before it")
        headers.append(header)
    root = headers[0][36:68]
    if message != root or len(message) != HASH_BYTES:
        raise _no(f"Merkle root {message[::-1].hex()[:64]}", f"the block at height {height} has {root[::-1].hex()}")
    return Anchored(
        chain.name, height, _double_sha256(headers[0])[::-1].hex(), int.from_bytes(headers[0][68:72], "little")
    )


def _double_sha256(data: bytes) -> bytes:
    return sha256(sha256(data).digest()).digest()


def _no(value: str, rule: str) -> VerifyError:
    return VerifyError(value, rule, "Do not take the file as anchored there.")
