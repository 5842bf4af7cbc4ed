"""The worked specimens of docs/proof: each is recomputed here, and the pages are compared with it."""

from megawatt.proof.canonical import Json, format_json
from megawatt.proof.cosignature import cosigned_message
from megawatt.proof.entry import Entry
from megawatt.proof.evidence import fork_between
from megawatt.proof.hashes import leaf_hash
from megawatt.proof.note import Note
from megawatt.proof.policy import Policy
from megawatt.proof.store.frame import format_frame
from megawatt.proof.tiles import Tile, format_bundle
from megawatt.proof.tlog_proof import make_proof
from megawatt.proof.witness import Request, add_checkpoint
from tests.hosting.settlement_specimens import specimens as settlement_specimens
from tests.proof.samples import LOG_KEY, NEW_LOG_KEY, NOON, ORIGIN, TENANT, signed, tree_over

ENTRIES = [b"alpha", b"beta", b"gamma"]
FORGED = [b"alpha", b"delta", b"gamma"]
SALT = "00112233445566778899aabbccddeeff"


def _hex(data: bytes) -> str:
    text = data.hex()
    return "".join(f"{text[i : i + 64]}\n" for i in range(0, len(text), 64))


def _policy() -> bytes:
    return Policy.from_text(
        f"log {LOG_KEY.key.to_text()}\nwitness tenant {TENANT.key.to_text()}\nquorum tenant\n".encode()
    ).to_text()


def _request() -> Request:
    return Request(2, tuple(tree_over(ENTRIES).prove_consistency(2)), signed(ENTRIES))


def _evidence() -> bytes:
    evidence = fork_between(signed(FORGED[:2], TENANT), signed(ENTRIES), tree_over(ENTRIES), NOON + 60)
    assert evidence is not None
    return evidence.to_bytes()


def _rotation() -> Entry:
    body: dict[str, Json] = {
        "role": "log",
        "old": LOG_KEY.key.to_text(),
        "new": NEW_LOG_KEY.key.to_text(),
        "overlap": 100,
    }
    return Entry("key.rotate", 1, SALT, body, {}).sign(LOG_KEY, NEW_LOG_KEY)


def specimens() -> dict[str, str]:
    """Text of each specimen by its name."""
    tree = tree_over(ENTRIES)
    frame, _ = format_frame(bytes(range(32)), 7, ENTRIES, bytes(16))
    kept = {ORIGIN: signed(ENTRIES[:2], TENANT)}
    answer = add_checkpoint(_request().to_bytes(), {ORIGIN: [LOG_KEY.key]}, kept, TENANT, NOON)
    return {
        "bundle": _hex(format_bundle(ENTRIES)),
        "leaf hashes": "".join(_hex(leaf_hash(entry)) for entry in ENTRIES),
        "root": _hex(tree.root()),
        "paths": f"{Tile(0, 1234067).path}\n{Tile(-1, 0, 3).path}\n{Tile(0, 0, 3).path}\n",
        "inclusion proof": "".join(_hex(sibling) for sibling in tree.prove_inclusion(1)),
        "consistency proof": "".join(_hex(sibling) for sibling in tree.prove_consistency(2)),
        "keys": f"{LOG_KEY.to_text()}\n{LOG_KEY.key.to_text()}\n",
        "checkpoint": signed(ENTRIES).decode(),
        "cosigned message": cosigned_message(Note.from_bytes(signed(ENTRIES)).text, NOON).decode(),
        "cosigned checkpoint": signed(ENTRIES, TENANT).decode(),
        "witness key": f"{TENANT.to_text()}\n{TENANT.key.to_text()}\n",
        "witness request": _request().to_bytes().decode(),
        "witness answer": answer.body.decode(),
        "policy": _policy().decode(),
        "tlog-proof": make_proof(tree, 1, signed(ENTRIES, TENANT)).to_bytes().decode(),
        "evidence": _evidence().decode(),
        "canonical json": format_json({"wh": 12_500, "meter": "hall-2", "ok": True, "€": None}).decode() + "\n",
        "entry message": _rotation().message.decode() + "\n",
        "entry": _rotation().to_bytes().decode() + "\n",
        "frame": _hex(frame[: 52 + len(format_bundle(ENTRIES))]),
        **settlement_specimens(),
    }
