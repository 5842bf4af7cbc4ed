""".ots files: there and back, as the original library does it; hostile ones end in declared errors and bounded memory."""

import importlib.util
import tracemalloc
from hashlib import sha256
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.proof.errors import FormatError
from megawatt.proof.timestamp import (
    APPEND,
    BITCOIN,
    MAGIC,
    MAX_MESSAGE_BYTES,
    MAX_OPERATIONS,
    MAX_PATHS,
    MAX_STAMP_BYTES,
    PENDING,
    PREPEND,
    SHA256,
    Attestation,
    Operation,
    Path,
    Stamp,
    bitcoin_attestation,
    commitment,
    format_paths,
    parse_paths,
    pending_attestation,
)

DIGEST = sha256(b"a checkpoint").digest()
PREFIX = MAGIC + b"\x01\x08" + DIGEST

operations = st.one_of(
    st.sampled_from([Operation(tag) for tag in (0x02, SHA256, 0xF2, 0xF3)]),
    st.builds(Operation, st.sampled_from([APPEND, PREPEND]), st.binary(min_size=1, max_size=20)),
)
attestations = st.one_of(
    st.builds(bitcoin_attestation, st.integers(0, 2**40)),
    st.builds(pending_attestation, st.sampled_from(["https://a.example", "https://b.example/x_1-2.3"])),
    st.builds(Attestation, st.binary(min_size=8, max_size=8).filter(lambda tag: tag[0] < 5), st.binary(max_size=20)),
)
ways = st.builds(Path, st.lists(operations, max_size=8).map(tuple), attestations)
stamps = st.builds(lambda paths: Stamp(DIGEST, tuple(paths)), st.lists(ways, min_size=1, max_size=12, unique=True))


@settings(deadline=None, max_examples=50)
@given(stamps)
def test_a_stamp_and_back(stamp: Stamp) -> None:
    data = stamp.to_bytes()
    again = Stamp.from_bytes(data)
    assert set(again.paths) == set(stamp.paths)
    assert (again.digest, again.to_bytes()) == (DIGEST, data)


@pytest.fixture(scope="module")
def original() -> ModuleType:
    if importlib.util.find_spec("opentimestamps") is None:
        pytest.skip("the opentimestamps library is not installed")
    return importlib.import_module("opentimestamps.core")


def theirs(data: bytes) -> tuple[set[tuple[bytes, str]], bytes]:
    """What the original library reads, and what it writes back."""
    serialize = importlib.import_module("opentimestamps.core.serialize")
    timestamp = importlib.import_module("opentimestamps.core.timestamp")
    file = timestamp.DetachedTimestampFile.deserialize(serialize.BytesDeserializationContext(data))
    context = serialize.BytesSerializationContext()
    file.serialize(context)
    leaves = {(message, _their_name(one)) for message, one in file.timestamp.all_attestations()}
    return leaves, context.getbytes()


def _their_name(attestation: object) -> str:
    for name in ("height", "uri"):
        if hasattr(attestation, name):
            return f"{name} {getattr(attestation, name)}"
    return "unknown"


def _our_name(attestation: Attestation) -> str:
    if attestation.height is not None:
        return f"height {attestation.height}"
    return f"uri {attestation.calendar}" if attestation.calendar else "unknown"


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of its operation "reverse"
def test_the_original_library_reads_the_same_paths_and_writes_the_same_bytes(original: ModuleType) -> None:
    assert original

    @settings(deadline=None, max_examples=50)
    @given(stamps)
    def compare(stamp: Stamp) -> None:
        data = stamp.to_bytes()
        leaves, written = theirs(data)
        assert written == data
        assert leaves == {(path.message(DIGEST), _our_name(path.attestation)) for path in stamp.paths}

    compare()


def test_the_operations_are_those_of_the_format() -> None:
    message = b"\x01\x02"
    results = {
        0x02: "0ca623e2855f2c75c842ad302fe820e41b4d197d",
        0x08: "a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222",
        0xF2: "0201",
        0xF3: "30313032",
    }  # sha1sum, sha256sum, by hand
    assert {tag: Operation(tag).apply(message).hex() for tag in results} == results
    assert Operation(APPEND, b"\x03").apply(message) == b"\x01\x02\x03"
    assert Operation(PREPEND, b"\x03").apply(message) == b"\x03\x01\x02"
    with pytest.raises(FormatError, match="original ots client"):
        Operation(0x67).apply(message)


def test_a_commitment_hides_the_file_and_depends_on_its_nonce() -> None:
    (append, hashed), message = commitment(b"a checkpoint", bytes(16))
    assert (append, hashed) == (Operation(APPEND, bytes(16)), Operation(SHA256))
    assert message == sha256(DIGEST + bytes(16)).digest()
    assert message != commitment(b"a checkpoint", b"\x01" * 16)[1]


LEAF = b"\x00" + BITCOIN + b"\x01\x05"


@pytest.mark.parametrize(
    ("tree", "rule"),
    [
        (b"", "all of it is there"),
        (b"\x08", "all of it is there"),
        (LEAF + b"x", "nothing follows"),
        (b"\x67" + LEAF + LEAF, "nothing follows"),
        (b"\xff\xff" + LEAF + LEAF, "no such operation"),
        (b"\x09" + LEAF, "no such operation"),
        (b"\xf0\x00" + LEAF, "it has 1 to 4096"),
        (b"\xf0\x81\x00x" + LEAF, "one spelling"),
        (b"\xf0" + b"\xff" * 10 + LEAF, "lengths and heights are smaller"),
        (b"\xf0\x81\x20" + bytes(4097) + LEAF, "it has 1 to 4096"),
        (b"\x00" + BITCOIN + b"\x02\x05\x05", "nothing follows"),
        (b"\x00" + BITCOIN + b"\x00", "all of it is there"),
        (b"\x00" + PENDING + b"\x05\x04a b!", "letters, digits"),
        (b"\x00" + PENDING + b"\x02\x05x", "all of it is there"),
        (b"\x08" * (MAX_OPERATIONS + 1) + LEAF, "256 steps"),
        ((b"\xff" + LEAF) * MAX_PATHS + LEAF, None),
        (b"\xff" * 100_000, "at most 65536"),
        (b"\xff\x08" * (MAX_PATHS + 1) + LEAF, "64 paths"),
    ],
    ids=range(18),
)  # fmt: skip
def test_an_ill_tree_is_refused_by_its_rule(tree: bytes, rule: str | None) -> None:
    if rule is None:  # equal leaves are one
        assert len(parse_paths(tree)) == 1
        return
    with pytest.raises(FormatError, match=rule):
        parse_paths(tree)


@pytest.mark.parametrize(
    "data",
    [b"", b"x" + PREFIX, MAGIC + b"\x02\x08" + DIGEST + LEAF, MAGIC + b"\x01\x02" + DIGEST[:20] + LEAF,
     PREFIX[:-1], PREFIX + bytes(MAX_STAMP_BYTES)],
)  # fmt: skip
def test_a_file_that_is_no_sha_256_stamp_of_version_1_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        Stamp.from_bytes(data)


def test_too_many_paths_are_not_written() -> None:
    paths = [Path((), bitcoin_attestation(height)) for height in range(MAX_PATHS + 1)]
    assert len(parse_paths(format_paths(paths[:-1]))) == MAX_PATHS
    for wrong in (paths, [], [Path((Operation(SHA256),) * (MAX_OPERATIONS + 1), paths[0].attestation)]):
        with pytest.raises(FormatError):
            format_paths(wrong)


def test_a_message_that_doubles_at_every_step_is_stopped() -> None:
    with pytest.raises(FormatError, match="at most 4096"):
        Path((Operation(0xF3),) * MAX_OPERATIONS, bitcoin_attestation(1)).message(DIGEST)
    assert len(Path((Operation(0xF3),) * 7, bitcoin_attestation(1)).message(DIGEST)) == MAX_MESSAGE_BYTES


def test_the_worst_file_takes_bounded_memory() -> None:
    """Longest paths, each of its own, as many as fit."""
    spine = b"\xff\x08" * (MAX_PATHS - 1)
    worst = PREFIX + spine + (b"\x08" * (MAX_OPERATIONS - MAX_PATHS) + LEAF) + LEAF * (MAX_PATHS - 1)
    tracemalloc.start()
    stamp = Stamp.from_bytes(worst)
    for path in stamp.paths:
        path.message(stamp.digest)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(stamp.paths) == MAX_PATHS
    assert peak < 4_000_000


@settings(deadline=None, max_examples=50)
@given(st.one_of(st.binary(max_size=400), stamps.map(Stamp.to_bytes)), st.integers(0, 5000), st.integers(0, 7))
def test_whatever_the_bytes_only_declared_errors_come_out(data: bytes, at: int, bit: int) -> None:
    spoilt = bytearray(data)
    if spoilt:
        spoilt[at % len(spoilt)] ^= 1 << bit
    for one in (bytes(spoilt), PREFIX + bytes(spoilt)):
        try:
            stamp = Stamp.from_bytes(one)
            for path in stamp.paths:
                path.message(stamp.digest)
            assert Stamp.from_bytes(stamp.to_bytes()).digest == stamp.digest
        except FormatError:
            continue
