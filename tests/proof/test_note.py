"""Signed notes, numbers and keys: one spelling each, published examples, hostile input."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.errors import FormatError, ProofError
from megawatt.proof.hashes import EMPTY_ROOT
from megawatt.proof.keys import COSIGNATURE, ED25519, SecretKey, VerifierKey, sign_text
from megawatt.proof.note import Note, Signature
from megawatt.proof.numerals import format_base64, format_number, parse_base64, parse_hash, parse_number
from megawatt.proof.policy import single_log_policy
from tests.proof.samples import LOG_KEY, NEW_LOG_KEY, TENANT

# The example of Go's x/mod/sumdb/note, a key pair and a note made by its author.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"  # noqa: S105 - published
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""
SPECIFICATION_NOTE = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="+", exclude_categories=["Z", "C"]), min_size=1, max_size=30
)


def test_the_note_of_the_go_library_is_made_byte_for_byte() -> None:
    secret = SecretKey.from_text(GO_SECRET)
    text = GO_NOTE.encode().rpartition(b"\n\n")[0] + b"\n"
    assert Note(text, (sign_text(secret, text),)).to_bytes() == GO_NOTE.encode()
    assert secret.key.to_text() == GO_VKEY


def test_the_note_of_the_specification_is_read_with_the_empty_line_in_its_text() -> None:
    note = Note.from_bytes(SPECIFICATION_NOTE.encode())
    assert note.text.endswith("raggio di sole:\n\ned è subito sera.\n".encode())
    assert [(s.name, len(s.blob)) for s in note.signatures] == [("quasimodo.example/salvatore", 64)]


@settings(deadline=None, max_examples=30)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60),
    st.lists(
        st.builds(Signature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80)),
        min_size=1,
        max_size=4,
    ),
)
def test_note_and_back(text: str, signatures: list[Signature]) -> None:
    note = Note(f"{text}\n".encode(), tuple(signatures))
    assert Note.from_bytes(note.to_bytes()) == note


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n\n— P", "\n— P"),
        ("— Peter", "- Peter"),
        ("— Peter", "—Peter"),
        ("Neumann x0", "Neumann  x0"),
        ("JnAM=\n", "JnAM="),
        ("JnAM=\n", "JnAM=\n\n"),
        ("JnAM=", "JnAN="),
        ("JnAM=", "JnAM"),
        ("problem,", "problem,\r"),
        ("problem,", "problem,\t"),
        ("Peter", "Pe+ter"),
        ("Peter", "Pe\u00a0ter"),
        ("x08go/ZJ", "x08go_ZJ"),
        ("is.\n", "is."),
    ],
)
def test_a_note_with_a_second_spelling_is_refused(old: str, new: str) -> None:
    assert old in GO_NOTE
    with pytest.raises(FormatError):
        Note.from_bytes(GO_NOTE.replace(old, new, 1).encode())


def test_more_signatures_than_the_limit_are_refused_and_sixteen_are_not() -> None:
    line = Signature("a", b"1234", b"5")
    assert len(Note.from_bytes(Note(b"x\n", (line,) * 16).to_bytes()).signatures) == 16
    with pytest.raises(FormatError, match="100"):
        Note.from_bytes(b"x\n\n" + f"{line.line}\n".encode() * 101)
    with pytest.raises(FormatError, match="limit"):
        Note.from_bytes(bytes(1_000_001))


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: f"{t}\n\n— a {t}\n".encode("utf-8", "replace")))
def test_any_bytes_are_a_note_or_refused(data: bytes) -> None:
    try:
        note = Note.from_bytes(data)
    except FormatError:
        return
    assert note.to_bytes() == data


@pytest.mark.parametrize(
    "text", ["007", "+5", "1_000", "-1", " 1", "1 ", "", "1.0", "0x1", "²", "١", str(2**63), "9" * 10**6]
)
def test_what_only_looks_like_a_number_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="decimal number"):
        parse_number(text, "size")


@given(st.integers(0, 2**63 - 1))
def test_number_and_back(number: int) -> None:
    assert parse_number(format_number(number), "size") == number


@given(st.binary())
def test_base64_and_back(data: bytes) -> None:
    assert parse_base64(format_base64(data), "data") == data


@pytest.mark.parametrize("text", ["AB==", "AA=", "AA", "A", "AA==\n", "AA==AA==", "_w==", "=", "é"])
def test_base64_with_a_second_spelling_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="base64"):
        parse_base64(text, "data")


def test_a_hash_of_31_bytes_is_refused() -> None:
    with pytest.raises(FormatError, match="31 bytes"):
        parse_hash(format_base64(bytes(31)), "root")


@settings(deadline=None, max_examples=40)
@given(NAMES, st.binary(min_size=32, max_size=32), st.sampled_from([ED25519, COSIGNATURE]))
def test_key_and_back(name: str, seed: bytes, kind: int) -> None:
    secret = SecretKey(name, seed, kind)
    assert SecretKey.from_text(secret.to_text()).key == secret.key
    assert VerifierKey.from_text(secret.key.to_text()) == secret.key


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("c74f20a3", "c74f20a4"),
        ("c74f20a3", "C74F20A3"),
        ("+AR", "+BR"),
        ("10TW", "10TX"),
        ("PeterNeumann", ""),
        ("+", " "),
    ],
)
def test_a_vkey_that_is_not_whole_is_refused(old: str, new: str) -> None:
    with pytest.raises(FormatError):
        VerifierKey.from_text(GO_VKEY.replace(old, new, 1))


@given(st.text(max_size=120))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    for read in (VerifierKey.from_text, SecretKey.from_text):
        with pytest.raises(FormatError):
            read(text)


def test_a_broken_secret_key_is_never_shown_in_the_message() -> None:
    with pytest.raises(FormatError) as caught:
        SecretKey.from_text(GO_SECRET[:-1] + "!")
    assert "AYEKFALV" not in str(caught.value)


def test_a_witness_key_does_not_sign_notes() -> None:
    with pytest.raises(FormatError, match="type 0x01"):
        sign_text(TENANT, b"text\n")


CHECKPOINT = Checkpoint("example.com/behind-the-sofa", 20852163, bytes(range(32)))


def test_a_checkpoint_has_the_three_lines_of_the_specification() -> None:
    assert CHECKPOINT.to_text() == (
        b"example.com/behind-the-sofa\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    )


@settings(deadline=None, max_examples=40)
@given(NAMES, st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(NAMES, max_size=3))
def test_checkpoint_and_back(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert Checkpoint.from_text(checkpoint.to_text()) == checkpoint


@pytest.mark.parametrize(
    ("old", "new"),
    [("20852163", "020852163"), ("20852163", "+20852163"), ("20852163", "0"), ("Hh8=", "Hh9="), ("\nAAEC", "\n\nAAEC"),
     ("example.com/behind-the-sofa\n", ""), ("Hh8=\n", "Hh8=\n\n"), ("HR4f", "")],
)  # fmt: skip
def test_a_checkpoint_with_a_second_spelling_is_refused(old: str, new: str) -> None:
    text = CHECKPOINT.to_text().decode()
    changed = text.replace(old, new, 1)
    if changed != text:
        with pytest.raises(FormatError):
            Checkpoint.from_text(changed.encode())


@given(st.binary(max_size=100) | st.text(max_size=60).map(lambda t: f"{t}\n5\n{t}\n".encode("utf-8", "replace")))
def test_any_bytes_are_a_checkpoint_or_refused(data: bytes) -> None:
    try:
        checkpoint = Checkpoint.from_text(data)
    except FormatError:
        return
    assert checkpoint.to_text() == data


def test_during_a_rotation_old_new_and_both_keys_verify_a_checkpoint_that_both_signed() -> None:
    both = Checkpoint(LOG_KEY.key.name, 0, EMPTY_ROOT).sign(LOG_KEY, NEW_LOG_KEY).to_bytes()
    old_only = Checkpoint(LOG_KEY.key.name, 0, EMPTY_ROOT).sign(LOG_KEY).to_bytes()
    new_only = Checkpoint(LOG_KEY.key.name, 0, EMPTY_ROOT).sign(NEW_LOG_KEY).to_bytes()
    matrix = {
        (signed, trusted): _accepts(note, keys)
        for signed, note in (("old", old_only), ("new", new_only), ("both", both))
        for trusted, keys in (
            ("old", [LOG_KEY.key]),
            ("new", [NEW_LOG_KEY.key]),
            ("both", [LOG_KEY.key, NEW_LOG_KEY.key]),
        )
    }
    assert {pair for pair, accepted in matrix.items() if not accepted} == {("old", "new"), ("new", "old")}


def _accepts(note: bytes, keys: list[VerifierKey]) -> bool:
    try:
        single_log_policy(*keys).check(note)
    except ProofError:
        return False
    return True
