"""A regtest chain, a calendar that commits to it, and the JSON-RPC that the original `ots` client asks.

Blocks are made by hand: one coinbase transaction each, which carries the commitment in an OP_RETURN. Where
py-bitcoinkernel is installed, Bitcoin Core's own consensus engine validates them.
"""

import json
from hashlib import sha256

from megawatt.live.log.door import Query, Reply
from megawatt.proof.anchor import Chain
from megawatt.proof.timestamp import (
    APPEND,
    PREPEND,
    SHA256,
    Operation,
    Path,
    bitcoin_attestation,
    format_paths,
    pending_attestation,
)

GENESIS = bytes.fromhex(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
    "dae5494dffff7f2002000000"
)  # chainparams.cpp, CRegTestParams
BITS = 0x207FFFFF
HASH = (Operation(SHA256), Operation(SHA256))


def double(data: bytes) -> bytes:
    return sha256(sha256(data).digest()).digest()


def coinbase(height: int, commitment: bytes) -> tuple[bytes, bytes]:
    """A coinbase transaction, cut where its commitment stands."""
    number = height.to_bytes((height.bit_length() + 8) // 8, "little")  # BIP34; no sign bit
    script = bytes([len(number)]) + number + b"\x00" * 2 if height > 16 else bytes([0x50 + height]) + b"\x00" * 2
    outputs = b"\x01" + (50 * 10**8 >> height // 150).to_bytes(8, "little") + bytes([2 + len(commitment), 0x6A])
    head = (
        b"\x02\x00\x00\x00\x01"
        + bytes(32)
        + b"\xff" * 4
        + bytes([len(script)])
        + script
        + b"\xff" * 4
        + outputs
        + bytes([len(commitment)])
    )
    return head, bytes(4)


class Regtest:
    """The chain."""

    def __init__(self) -> None:
        self.headers = [GENESIS]
        self.blocks: list[bytes] = []

    def mine(self, commitment: bytes = bytes(32)) -> tuple[Operation, ...]:
        """A block with a commitment, and the operations from it to the Merkle root."""
        height = len(self.headers)
        head, tail = coinbase(height, commitment)
        transaction = head + commitment + tail
        time = int.from_bytes(self.headers[-1][68:72], "little") + 600
        start = (0x20000000).to_bytes(4, "little") + double(self.headers[-1]) + double(transaction)
        start += time.to_bytes(4, "little") + BITS.to_bytes(4, "little")
        nonce = 0
        while int.from_bytes(double(start + nonce.to_bytes(4, "little")), "little") >> 255:
            nonce += 1
        self.headers.append(start + nonce.to_bytes(4, "little"))
        self.blocks.append(self.headers[-1] + b"\x01" + transaction)
        return (Operation(PREPEND, head), Operation(APPEND, tail), *HASH)

    def chain(self) -> Chain:
        """This network, which accepts its own trivial work."""
        return Chain(
            "regtest",
            lambda height: self.headers[height] if height < len(self.headers) else None,
            lambda _, header: int.from_bytes(header[72:76], "little") == BITS and not double(header)[31] >> 7,
        )

    def rpc(self, query: Query) -> Reply:
        """The three calls of the `ots` client."""
        asked = json.loads(query.body)
        hashes = [double(header)[::-1].hex() for header in self.headers]
        match asked["method"], asked["params"]:
            case "getblockcount", []:
                result: object = len(self.headers) - 1
            case "getblockhash", [int(height)]:
                result = hashes[height]
            case "getblockheader", [str(block_hash), *_]:
                result = self.headers[hashes.index(block_hash)].hex()
            case _:
                return Reply(500, b"{}")
        return Reply(200, json.dumps({"result": result, "error": None, "id": asked["id"]}).encode(), "application/json")


class Calendar:
    """A calendar over the chain: it promises, and after `confirm` it has the path to a block."""

    def __init__(self, chain: Regtest) -> None:
        self.chain = chain
        self.url = ""
        self.waiting: list[bytes] = []
        self.paths: dict[str, Path] = {}

    def answer(self, query: Query) -> Reply:
        """POST /digest, GET /timestamp/<hex>."""
        if query.path == "/digest" and query.method == "POST":
            salt = Operation(APPEND, b"salt of the calendar")
            message = sha256(query.body + salt.argument).digest()
            self.waiting.append(message)
            path = Path((salt, Operation(SHA256)), pending_attestation(self.url))
            return Reply(200, format_paths([path]))
        path_or_none = self.paths.get(query.path.removeprefix("/timestamp/"))
        return Reply(404, b"pending\n") if path_or_none is None else Reply(200, format_paths([path_or_none]))

    def confirm(self, more: int = 5) -> None:
        """Mine a block for each promise, and some on top."""
        for message in self.waiting:
            operations = self.chain.mine(message)
            height = len(self.chain.headers) - 1
            self.paths[message.hex()] = Path(operations, bitcoin_attestation(height))
        self.waiting.clear()
        for _ in range(more):
            self.chain.mine()
