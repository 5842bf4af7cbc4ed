"""Canonical JSON, signed entries, and keys that rotate and are revoked by entries."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.proof.canonical import Json, format_json, parse_json
from megawatt.proof.entry import Entry
from megawatt.proof.errors import FormatError, ProofError, VerifyError
from megawatt.proof.key_history import KeyHistory
from megawatt.proof.keys import SecretKey
from tests.proof.samples import LOG_KEY, NEW_LOG_KEY, TENANT

ROOT = SecretKey("example.com/root", b"root".ljust(32, b"."))
SALT = "00112233445566778899aabbccddeeff"
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_json_and_back(value: Json) -> None:
    assert parse_json(format_json(value)) == value
    assert json.loads(format_json(value)) == value


def test_keys_are_sorted_by_utf_16_and_escapes_are_those_of_rfc_8785() -> None:
    # The sorting example and the string example of RFC 8785, sections 3.2.3 and 3.2.2.2.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(format_json(dict.fromkeys(keys, 0)))) == [
        "\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33",
    ]  # fmt: skip
    assert format_json('\u20ac$\u000f\nA\'B"\\\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()


@pytest.mark.parametrize(
    "data",
    [b'{"b":1,"a":2}', b'{"a":1,"a":1}', b'{"a": 1}', b"1.0", b"1e3", b"NaN", b"-0", b"01", b'"\\u0041"', b'"\\ud800"',
     b"9007199254740992", b"\xff", b"", b"[1,]", b"[" * 100_000, b'"\x00"', b"nul", b"[1]\n"],
)  # fmt: skip
def test_json_with_a_second_spelling_or_floats_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_json(data)


@pytest.mark.parametrize("value", [1.5, {1: 2}, b"x", 2**53, "\ud800", {"\ud800": 1}, {"a": {1, 2}}])
def test_what_is_no_canonical_json_is_refused(value: Json) -> None:
    with pytest.raises(FormatError):
        format_json(value)


@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    try:
        value = parse_json(data)
    except FormatError:
        return
    assert format_json(value) == data


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(TEXT, VALUES, max_size=3), st.integers(1, 9))
def test_entry_and_back_with_its_signatures(body: dict[str, Json], version: int) -> None:
    entry = Entry("meter.batch", version, SALT, body, {}).sign(LOG_KEY, ROOT)
    copy = Entry.from_bytes(entry.to_bytes())
    assert copy == entry
    copy.check_signed(LOG_KEY.key)
    copy.check_signed(ROOT.key)
    with pytest.raises(VerifyError):
        copy.check_signed(NEW_LOG_KEY.key)


def test_every_changed_bit_of_a_signed_entry_is_refused() -> None:
    data = Entry("ack", 1, SALT, {"hour": 7, "size": 300}, {}).sign(LOG_KEY).to_bytes()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        with pytest.raises(ProofError):
            Entry.from_bytes(bytes(changed)).check_signed(LOG_KEY.key)


def test_a_signature_does_not_carry_over_to_another_type() -> None:
    ack = Entry("ack", 1, SALT, {}, {}).sign(LOG_KEY)
    with pytest.raises(VerifyError):
        Entry("statement", 1, SALT, {}, ack.signatures).check_signed(LOG_KEY.key)


@pytest.mark.parametrize(
    ("kind", "version", "salt"),
    [
        ("Ack", 1, SALT),
        ("", 1, SALT),
        ("a b", 1, SALT),
        ("ack\n", 1, SALT),
        ("ack", 0, SALT),
        ("ack", 1, "00"),
        ("ack", 1, SALT.upper()),
    ],
)
def test_an_entry_against_the_rules_is_refused(kind: str, version: int, salt: str) -> None:
    with pytest.raises(FormatError):
        Entry(kind, version, salt, {}, {})


@given(
    st.binary(max_size=80)
    | VALUES.map(lambda v: format_json({"type": v, "v": v, "salt": v, "body": v, "signatures": v}))
)
def test_any_bytes_are_an_entry_or_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        Entry.from_bytes(data)


def change(kind: str, *signers: SecretKey, **body: Json) -> Entry:
    return Entry(f"key.{kind}", 1, SALT, {"role": "log", **body}, {}).sign(*signers)


OLD, NEW = LOG_KEY.key.to_text(), NEW_LOG_KEY.key.to_text()
ADDED = KeyHistory(ROOT.key).after(0, change("add", ROOT, LOG_KEY, vkey=OLD))


def test_a_rotated_key_stays_valid_for_its_overlap_and_no_longer() -> None:
    history = ADDED.after(99, change("rotate", ROOT, LOG_KEY, NEW_LOG_KEY, old=OLD, new=NEW, overlap=10))
    by_size = {size: [key.to_text() for key in history.keys_at("log", size)] for size in (1, 99, 100, 110, 111)}
    assert by_size == {1: [OLD], 99: [OLD], 100: [OLD, NEW], 110: [OLD, NEW], 111: [NEW]}
    assert history.keys_at("witness", 5) == ()


def test_a_stolen_key_is_void_from_the_size_that_the_revocation_names() -> None:
    history = ADDED.after(500, change("revoke", ROOT, vkey=OLD, after=420))
    assert [len(history.keys_at("log", size)) for size in (420, 421, 501)] == [1, 0, 0]


def test_a_key_can_be_revoked_after_it_was_rotated_away() -> None:
    history = ADDED.after(99, change("rotate", ROOT, LOG_KEY, NEW_LOG_KEY, old=OLD, new=NEW, overlap=0))
    history = history.after(200, change("revoke", ROOT, vkey=OLD, after=50))
    assert [len(history.keys_at("log", size)) for size in (50, 51, 100)] == [1, 0, 1]


def test_a_witness_key_is_added_by_the_root_key_alone() -> None:
    entry = Entry("key.add", 1, SALT, {"role": "witness", "vkey": TENANT.key.to_text()}, {}).sign(ROOT)
    assert ADDED.after(7, entry).keys_at("witness", 8) == (TENANT.key,)


def test_other_entries_change_no_keys() -> None:
    assert ADDED.after(5, Entry("meter.batch", 1, SALT, {"role": "log"}, {})) == ADDED


@pytest.mark.parametrize(
    "entry",
    [
        change("add", NEW_LOG_KEY, vkey=NEW),
        change("add", ROOT, vkey=NEW),
        change("add", ROOT, LOG_KEY, vkey=OLD),
        change("add", ROOT, vkey=ROOT.key.to_text()),
        change("add", ROOT, NEW_LOG_KEY, vkey=NEW, note="x"),
        change("add", ROOT, vkey="nonsense"),
        change("rotate", LOG_KEY, NEW_LOG_KEY, old=OLD, new=NEW, overlap=0),
        change("rotate", ROOT, NEW_LOG_KEY, old=OLD, new=NEW, overlap=0),
        change("rotate", ROOT, LOG_KEY, old=OLD, new=NEW, overlap=0),
        change("rotate", ROOT, LOG_KEY, NEW_LOG_KEY, old=NEW, new=OLD, overlap=0),
        change("rotate", ROOT, LOG_KEY, NEW_LOG_KEY, old=OLD, new=NEW, overlap=-1),
        change("rotate", ROOT, LOG_KEY, NEW_LOG_KEY, old=OLD, new=NEW, overlap=True),
        change("revoke", LOG_KEY, vkey=OLD, after=3),
        change("revoke", ROOT, vkey=NEW, after=3),
        change("revoke", ROOT, vkey=OLD, after="3"),
    ],
)
def test_a_key_change_without_its_signatures_or_against_the_rules_is_refused(entry: Entry) -> None:
    with pytest.raises(ProofError):
        ADDED.after(9, entry)
