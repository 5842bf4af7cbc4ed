"""A document as an entry: its exact bytes are held, by whom signed, and a salt that nobody can guess."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.proof.document import TYPES, check_document, log_document
from megawatt.proof.entry import Entry
from megawatt.proof.errors import FormatError, VerifyError
from tests.proof.samples import LOG_KEY, NEW_LOG_KEY

PLAN = b'{"schema": "megawatt/decide/1", "plan": {"value_usd": 1234.5}}\n'


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(TYPES), st.binary(max_size=200), st.binary(max_size=200))
def test_an_entry_holds_its_document_and_no_other(kind: str, data: bytes, other: bytes) -> None:
    entry = Entry.from_bytes(log_document(kind, data, LOG_KEY).to_bytes())
    entry.check_signed(LOG_KEY.key)
    check_document(entry, data)
    if other != data:
        with pytest.raises(VerifyError, match="altered, or is another one"):
            check_document(entry, other)


def test_a_document_in_utf_8_stands_in_the_entry_and_others_are_held_by_their_hash() -> None:
    assert log_document("plan", PLAN, LOG_KEY).body["text"] == PLAN.decode()
    for data in (b"\xff\x00", b'"' * 40_000, bytes(70_000)):
        body = log_document("plan", data, LOG_KEY).body
        assert body == {"sha256": sha256(data).hexdigest(), "bytes": len(data), "text": None}


def test_the_same_document_gives_the_same_entry_and_another_key_or_type_another_salt() -> None:
    entries = [
        log_document("plan", PLAN, LOG_KEY),
        log_document("plan", PLAN, LOG_KEY),
        log_document("order", PLAN, LOG_KEY),
        log_document("plan", PLAN, NEW_LOG_KEY),
    ]
    assert entries[0] == entries[1]
    assert len({entry.salt for entry in entries}) == 3


def test_an_entry_that_is_of_no_document_or_contradicts_itself_is_refused() -> None:
    entry = log_document("plan", PLAN, LOG_KEY)
    body = dict(entry.body)
    for kind, wrong in (("plan", {**body, "text": "another"}), ("plan", {"sha256": ""}), ("key.add", body)):
        with pytest.raises(FormatError):
            check_document(Entry(kind, 1, entry.salt, wrong, {}), PLAN)
    with pytest.raises(FormatError, match="one of plan, forecast, order, reading"):
        log_document("poem", PLAN, LOG_KEY)
