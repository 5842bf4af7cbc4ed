"""Trust policies: logs, witnesses, quorums, and the lines of a note that do not count."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.proof.cosignature import check_cosignature, cosign
from megawatt.proof.errors import FormatError, ProofError, VerifyError
from megawatt.proof.keys import COSIGNATURE, ED25519, SecretKey
from megawatt.proof.note import Note, Signature
from megawatt.proof.policy import Policy
from tests.proof.samples import LENDER, LOG_KEY, NOON, STRANGER, TENANT, signed, some_entries

X = [SecretKey(f"x{i}.example", bytes([i]) * 32, COSIGNATURE) for i in range(3)]
Y = [SecretKey(f"y{i}.example", bytes([i + 9]) * 32, COSIGNATURE) for i in range(3)]
ENTRIES = some_entries(5)

# The example of the tlog-policy page, with keys filled in.
TWO_LEVELS = "\n".join(
    [
        f"log {LOG_KEY.key.to_text()}",
        "  # comment",
        *(f"witness X{i} {key.key.to_text()}" for i, key in enumerate(X, 1)),
        "group X-witnesses 2 X1 X2 X3\t",
        *(f"witness Y{i}  {key.key.to_text()} https://y{i}.example/" for i, key in enumerate(Y, 1)),
        "group Y-witnesses any Y1 Y2 Y3",
        "group X-and-Y all X-witnesses Y-witnesses",
        "quorum X-and-Y",
    ]
).encode()


@pytest.mark.parametrize(
    ("witnesses", "accepted"),
    [
        ([X[0], X[1], Y[2]], True),
        ([*X, *Y], True),
        ([X[0], Y[0], Y[1]], False),
        ([X[0], X[0], Y[0]], False),
        ([X[0], X[1], STRANGER], False),
        ([], False),
    ],
)
def test_two_of_x_and_one_of_y_must_have_cosigned(witnesses: list[SecretKey], accepted: bool) -> None:
    note = Note.from_bytes(signed(ENTRIES))
    lines = [cosign(key, note.text, NOON + i) for i, key in enumerate(witnesses)]
    check = partial(Policy.from_text(TWO_LEVELS).check, Note(note.text, (*note.signatures, *lines)).to_bytes())
    if accepted:
        assert check().checkpoint.size == 5
    else:
        with pytest.raises(VerifyError, match="quorum 'X-and-Y'"):
            check()


def test_a_policy_in_plain_form_is_read_back_the_same() -> None:
    policy = Policy.from_text(TWO_LEVELS)
    assert Policy.from_text(policy.to_text()) == policy
    assert policy.witnesses[3].url == "https://y1.example/"


def test_the_time_of_each_known_cosignature_is_reported() -> None:
    text = f"log {LOG_KEY.key.to_text()}\nwitness tenant {TENANT.key.to_text()}\nquorum tenant\n".encode()
    head = Policy.from_text(text).check(signed(ENTRIES, TENANT, STRANGER))
    assert (dict(head.cosigned_at), head.log_keys) == ({"tenant": NOON}, (LOG_KEY.key,))


LOG_LINE = f"log {LOG_KEY.key.to_text()}"
WITNESS = f"witness w {TENANT.key.to_text()}"
SAME_PUBLIC = f"witness v {SecretKey('other.example', TENANT._seed, COSIGNATURE).key.to_text()}"
OTHER = f"witness v {LENDER.key.to_text()}"


@pytest.mark.parametrize(
    "lines",
    [
        [LOG_LINE],
        [LOG_LINE, "quorum none", "quorum none"],
        [LOG_LINE, LOG_LINE, "quorum none"],
        [WITNESS, SAME_PUBLIC, "quorum none"],
        [WITNESS, f"witness w {LENDER.key.to_text()}", "quorum w"],
        ["quorum w", WITNESS],
        [WITNESS, "quorum v"],
        [WITNESS, "group g all w v", OTHER, "quorum g"],
        [WITNESS, OTHER, "group g any w", "group h any w v", "quorum h"],
        [WITNESS, "group g any w w", "quorum g"],
        [WITNESS, "group g 2 w", "quorum g"],
        [WITNESS, "group g 0 w", "quorum g"],
        [WITNESS, "group g 01 w", "quorum g"],
        [WITNESS, "group g any none", "quorum g"],
        [WITNESS, "group g any", "quorum g"],
        [f"log {TENANT.key.to_text()}", "quorum none"],
        [f"witness w {LOG_KEY.key.to_text()}", "quorum none"],
        [f"witness none {TENANT.key.to_text()}", "quorum none"],
        [LOG_LINE + " a b", "quorum none"],
        ["mirror x", "quorum none"],
        [LOG_LINE, "quorum none\r"],
    ],
)
def test_a_policy_against_the_rules_is_refused(lines: list[str]) -> None:
    with pytest.raises(FormatError):
        Policy.from_text("".join(f"{line}\n" for line in lines).encode())


def test_names_may_be_any_octets_above_ascii() -> None:
    text = b"witness \xff\xfe " + TENANT.key.to_text().encode() + b"\nquorum \xff\xfe\n"
    assert Policy.from_text(text).to_text() == text


@settings(deadline=None)
@given(
    st.binary(max_size=80)
    | st.lists(st.sampled_from([LOG_LINE, WITNESS, OTHER, "group g any w v", "quorum g", "quorum none", "", "#"])).map(
        lambda lines: "\n".join(lines).encode()
    )
)
def test_any_bytes_are_a_policy_or_refused(text: bytes) -> None:
    try:
        policy = Policy.from_text(text)
    except FormatError:
        return
    assert Policy.from_text(policy.to_text()) == policy


def test_a_log_key_of_another_origin_does_not_vouch_for_this_one() -> None:
    other = SecretKey("example.com/other", bytes(32))
    note = Note.from_bytes(signed(ENTRIES))
    foreign = Signature(other.key.name, other.key.key_id, other.sign(note.text))
    policy = Policy.from_text(f"log {other.key.to_text()}\nquorum none\n".encode())
    with pytest.raises(VerifyError, match="must have signed it under its own name"):
        policy.check(Note(note.text, (*note.signatures, foreign)).to_bytes())


def test_one_wrong_line_of_a_known_key_spoils_the_note() -> None:
    note = Note.from_bytes(signed(ENTRIES, TENANT))
    wrong = Signature(LOG_KEY.key.name, LOG_KEY.key.key_id, bytes(64))
    policy = Policy.from_text(f"{LOG_LINE}\n{WITNESS}\nquorum w\n".encode())
    with pytest.raises(VerifyError, match="signature line"):
        policy.check(Note(note.text, (*note.signatures, wrong)).to_bytes())


def test_a_note_signature_is_no_cosignature_and_the_reverse() -> None:
    note = Note.from_bytes(signed(ENTRIES))
    twin = SecretKey(TENANT.key.name, TENANT._seed, ED25519)
    line = Signature(twin.key.name, TENANT.key.key_id, bytes(8) + twin.sign(note.text))
    with pytest.raises(VerifyError):
        check_cosignature(TENANT.key, note.text, line)
    with pytest.raises(FormatError, match="type 0x04"):
        cosign(twin, note.text, NOON)


@given(st.integers(0, 71), st.integers(0, 7))
def test_a_cosignature_with_one_bit_changed_is_refused(byte: int, bit: int) -> None:
    text = Note.from_bytes(signed(ENTRIES)).text
    line = cosign(TENANT, text, NOON)
    assert check_cosignature(TENANT.key, text, line) == NOON
    blob = bytearray(line.blob)
    blob[byte] ^= 1 << bit
    with pytest.raises(ProofError):
        check_cosignature(TENANT.key, text, Signature(line.name, line.key_id, bytes(blob)))
