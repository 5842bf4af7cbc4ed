"""Bitcoin's main network as the log's anchors see it: headers that a user brings, held against the work of their time.

A header proves its own work, not that it belongs to the longest chain. So each must carry the difficulty of its epoch,
as the shipped table knows it, which costs as much as an honest block; after the table's end at least half of the last
difficulty in it, as the network has never lost half of its work. Heights before the table are refused.
"""

import math
from collections.abc import Mapping
from pathlib import Path

from megawatt.core.errors import InputError
from megawatt.mining.difficulty import difficulty_of_bits, epoch_of
from megawatt.mining.header import HEADER_BYTES, check_header
from megawatt.proof.anchor import Chain
from megawatt.sources.reference_network import epoch_difficulties

NAME = "Bitcoin main network"
MAX_FILE_BYTES = 64 << 20
_EQUAL = 1e-9
_LEAST_SHARE = 0.5


def main_network(headers: Mapping[int, bytes]) -> Chain:
    """The main network with these headers by height."""
    known = {epoch_of(height): difficulty for height, difficulty in epoch_difficulties().items()}

    def accepts(height: int, header: bytes) -> bool:
        if not check_header(header):
            return False
        difficulty = difficulty_of_bits(int.from_bytes(header[72:76], "little"))
        epoch = epoch_of(height)
        if epoch in known:
            return math.isclose(difficulty, known[epoch], rel_tol=_EQUAL)
        return epoch > max(known) and difficulty >= _LEAST_SHARE * known[max(known)]

    return Chain(NAME, headers.get, accepts)


def read_headers(path: Path) -> dict[int, bytes]:
    """Headers of a file with lines of height and 160 hexadecimal digits, as a node prints them.

    Raises:
        InputError: A line is not of that form, or a height has two headers.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InputError(
            f"{path} of {path.stat().st_size} bytes", "it holds some headers", "Keep those that are needed."
        )
    headers: dict[int, bytes] = {}
    for number, line in enumerate(path.read_text("ascii", "replace").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        header = _header(words)
        if header is None or headers.setdefault(int(words[0]), header) != header:
            raise InputError(
                f"line {line[:60]!r}",
                "a line is a height and the 160 hexadecimal digits of its one header",
                "Write: echo HEIGHT $(bitcoin-cli getblockheader $(bitcoin-cli getblockhash HEIGHT) false)",
                f"{path} line {number}",
            )
    return headers


def _header(words: list[str]) -> bytes | None:
    height, *rest = words
    if not (len(rest) == 1 and height.isascii() and height.isdigit() and len(height) < 10):
        return None
    try:
        header = bytes.fromhex(rest[0])
    except ValueError:
        return None
    return header if len(header) == HEADER_BYTES else None
