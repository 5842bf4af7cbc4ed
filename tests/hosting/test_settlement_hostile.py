"""Whatever stands in the log: an entry counts or does not, a statement comes or a declared error does."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import MegawattError
from megawatt.hosting.settlement.book import READERS, Book
from megawatt.hosting.settlement.calculation import last_close, statement_of
from megawatt.hosting.settlement.verified import read_book
from megawatt.proof.entry import Entry
from megawatt.proof.errors import ProofError
from megawatt.proof.keys import SecretKey
from tests.hosting.months import HOST, METER, TENANT, entry_of, random_log
from tests.hosting.settlement_specimens import entries

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=20,
)
LOG = random_log(11)
SOUND = [entry.to_bytes() for entry in entries()]


def settled(log: list[dict[str, Any]]) -> None:
    """Compute the statement; only declared errors leave."""
    try:
        book = Book.of(map(entry_of, log))
        json.dumps(statement_of(book, last_close(book)).to_body())
    except (MegawattError, ProofError):
        return


@given(st.sampled_from(sorted(READERS)), st.dictionaries(st.text(max_size=12), JSON, max_size=8))
@settings(deadline=None, max_examples=100)
def test_any_body_is_read_or_refused(kind: str, body: dict[str, Any]) -> None:
    with pytest.raises(ProofError):
        READERS[kind](body)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_member_of_any_entry_replaced_by_anything_breaks_nothing(data: st.DataObject) -> None:
    log = json.loads(json.dumps(LOG))
    body = data.draw(st.sampled_from(log))["body"]
    for _ in range(data.draw(st.integers(0, 3))):  # go down, as far as there is something below
        inner = [
            one for one in (body.values() if isinstance(body, dict) else body) if isinstance(one, dict | list) and one
        ]
        if not inner:
            break
        body = inner[data.draw(st.integers(0, len(inner) - 1))]
    place = data.draw(st.sampled_from(sorted(body) if isinstance(body, dict) else range(len(body))))
    body[place] = data.draw(
        JSON | st.sampled_from([0, 1, -1, 10**12, 10**15, 10**11, 86_400, "", "Europe/Berlin", "2999-12", "1971-01-01"])
    )
    settled(log)


@given(st.permutations(range(len(LOG))))
@settings(deadline=None, max_examples=20)
def test_entries_in_any_order_break_nothing(order: list[int]) -> None:
    settled([LOG[k] for k in order])


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_a_changed_byte_takes_the_entry_out_of_the_book(data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(SOUND) - 1))
    at = data.draw(st.integers(0, len(SOUND[which]) - 1))
    changed = bytearray(SOUND[which])
    changed[at] ^= data.draw(st.integers(1, 255))
    book = read_book([*SOUND[:which], bytes(changed), *SOUND[which + 1 :]])
    whole = read_book(SOUND)
    assert book.size == whole.size
    assert len(book.findings) == 1 or Entry.from_bytes(bytes(changed)).type not in READERS


def test_a_sound_log_has_no_findings_and_an_unsigned_entry_is_one() -> None:
    assert read_book(SOUND).findings == []
    forged = Entry(
        "price.batch", 1, "00" * 16, {"series": "x", "start": 0, "seconds": 1, "uusd": [1]}, {METER: bytes(64)}
    )
    (finding,) = read_book([*SOUND, forged.to_bytes()]).findings
    assert finding.index == len(SOUND)


@given(st.lists(st.binary(max_size=60), max_size=6))
@settings(deadline=None, max_examples=50)
def test_any_bytes_make_a_book(raw: list[bytes]) -> None:
    book = read_book(raw)
    assert book.size == len(raw)


def test_keys_of_the_wrong_type_or_shape_are_no_terms() -> None:
    witness = SecretKey("w.example", bytes(32), 0x04).key.to_text()
    (terms,) = [one["body"] for one in random_log(3)[:1]]
    for key in ("", "x", witness, TENANT):
        with pytest.raises(ProofError):
            READERS["contract.terms"]({**terms, "host": key})
    READERS["contract.terms"]({**terms, "host": HOST})


def test_a_thousand_events_in_one_second_are_no_attack() -> None:
    log = json.loads(json.dumps(LOG))
    start = int(
        np.median(
            [
                one["body"]["start"]
                for one in log
                if one["type"] == "meter.batch" and isinstance(one["body"]["start"], int)
            ]
        )
    )
    event = {"contract": "colocation-7", "start": start, "end": start + 1, "cause": "outage", "available_w": 0,
             "reference": "", "voids": []}  # fmt: skip
    signed = {"type": "service.event", "v": 1, "salt": "00" * 16, "signatures": {HOST: "", TENANT: ""}}
    settled([*({**signed, "body": event} for _ in range(1000)), *log])
