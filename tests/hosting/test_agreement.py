"""What stands beside a statement and after it: disputes, payments, acknowledged hours, lost batches, check meters."""

from typing import Any

import numpy as np
import pytest

from megawatt.hosting.metering.drift import Band
from megawatt.hosting.settlement.agreement import (
    Acceptance,
    Acknowledgement,
    Dispute,
    DisputedLine,
    Payment,
    standing_of,
)
from megawatt.hosting.settlement.book import Book
from megawatt.hosting.settlement.calculation import Month, last_close
from megawatt.hosting.settlement.review import remarks
from megawatt.hosting.settlement.statement import Statement
from megawatt.proof.errors import FormatError
from tests.hosting.months import CONTRACT, HOST, METER, OTHER, TENANT, Log, batch, entry_of, meter, month_bounds, terms

ID = "ab" * 32
JULY = "2024-07"
BEGIN, END = month_bounds(JULY, "America/Chicago")
STATEMENT = Statement(CONTRACT, JULY, ID, ID, {"rent": 1000, "energy": 300, "gpu": 0, "storage": 0, "credit": -50}, {})


def disputed(name: str, cents: int = 0) -> Dispute:
    return Dispute(CONTRACT, ID, (DisputedLine(name, cents, "wrong"),))


def accepted(*names: str) -> Acceptance:
    return Acceptance(CONTRACT, ID, names)


def test_a_dispute_freezes_its_line_only_and_an_acceptance_frees_it() -> None:
    assert standing_of(STATEMENT, []).payable_cents == 1250
    frozen = standing_of(STATEMENT, [accepted("rent", "energy"), disputed("energy", 200)])
    assert frozen.payable_cents == 950
    assert frozen.accepted == ("rent",)
    assert frozen.disputed["energy"].cents == 200
    assert standing_of(STATEMENT, [disputed("energy"), accepted("energy")]).payable_cents == 1250
    assert standing_of(STATEMENT, [disputed("credit")]).payable_cents == 1300


def test_lines_that_the_statement_does_not_have_change_nothing() -> None:
    found = standing_of(STATEMENT, [disputed("coffee"), accepted("coffee")])
    assert (found.payable_cents, found.accepted, dict(found.disputed)) == (1250, (), {})


def test_payments_add_up_and_what_is_open_is_the_rest() -> None:
    paid = Payment(CONTRACT, ID, 1000, "bank", "MT103", 0)
    back = Payment(CONTRACT, ID, -10, "bitcoin", "0f" * 32, 0)
    assert standing_of(STATEMENT, [paid, back]).open_cents == 260


@pytest.mark.parametrize(
    ("method", "reference"),
    [("bitcoin", "0x" + "0f" * 32), ("bitcoin", "0F" * 32), ("stablecoin", "0f" * 32), ("bank", ""), ("cash", "x")],
)
def test_a_reference_that_names_no_transaction_is_refused(method: str, reference: str) -> None:
    with pytest.raises(FormatError):
        Payment.from_body(Payment(CONTRACT, ID, 1, method, reference, 0).to_body())


@pytest.mark.parametrize(
    "said",
    [
        Acknowledgement(CONTRACT, 0, 3600, 7, ID, {"feed-1": 12}),
        accepted("rent"),
        disputed("rent", -7),
        Payment(CONTRACT, ID, 1, "stablecoin", "0x" + "0f" * 32, 0),
    ],
)
def test_what_is_said_is_read_back_as_it_was_written(said: Any) -> None:
    assert type(said).from_body(said.to_body()) == said


# --- remarks ----------------------------------------------------------------------------------------------------------


def remarks_on(*pieces: tuple[str, dict[str, Any], str], **changes: Any) -> list[str]:
    log = Log(np.random.default_rng(1))
    log.add("contract.terms", terms(**changes), HOST, TENANT)
    for kind, body, vkey in pieces:
        log.add(kind, body, vkey)
    log.add("period.close", {"contract": CONTRACT, "period": JULY}, HOST)
    book = Book.of(map(entry_of, log.entries))
    close = last_close(book)
    return remarks(Month(book, book.terms_for(CONTRACT, JULY, close.index), JULY, close.index), Band())


def whole_month(name: str = "feed-1", scale: float = 1.0, **changes: Any) -> tuple[str, dict[str, Any], str]:
    registers: list[int | None] = [round(1_000_000 * k * scale) for k in range((END - BEGIN) // 3600 + 1)]
    return "meter.batch", batch(name, BEGIN, registers, **changes), METER


def test_a_sound_month_has_no_remarks() -> None:
    assert remarks_on(whole_month()) == []


def test_lost_repeated_and_foreign_batches_are_named() -> None:
    kind, body, vkey = whole_month()
    late = body | {"sequence": 4, "start": BEGIN}
    said = remarks_on((kind, body, vkey), (kind, late, vkey), (kind, late, vkey), (kind, late | {"boot": "b"}, OTHER))
    assert said == [
        "meter feed-1: 1 batches that it did not sign do not count",
        "meter feed-1: 1 batches repeat a number and do not count",
        "meter feed-1: boot a: 3 batches after number 0 are not in the log",
    ]


def test_a_batch_that_follows_another_one_and_a_clock_that_goes_back_are_named() -> None:
    kind, body, vkey = whole_month()
    after = body | {"sequence": 1, "previous": "cd" * 32, "start": BEGIN - 7200, "registers": [None] * 3}
    assert remarks_on((kind, body, vkey), (kind, after, vkey)) == [
        "meter feed-1: boot a: number 1 follows another batch than the log's",
        "meter feed-1: boot a: the clock went back at number 1",
        "meter feed-1: 1 batches without a usable reading (unread, doubted, or of a free-running clock)",
    ]


def test_a_check_meter_outside_its_tolerance_is_named_by_its_days() -> None:
    meters = [meter(), meter(id="check-1", measures="check", checks="feed-1")]
    assert remarks_on(whole_month(), whole_month("check-1", 1.001), meters=meters) == []
    said = remarks_on(whole_month(), whole_month("check-1", 1.004), meters=meters)
    assert len(said) == 31
    assert said[0] == "meter check-1: day 1 of the month differs from feed-1 by +4,000 ppm"


def test_hours_that_the_tenant_has_not_acknowledged_are_counted() -> None:
    acks = [
        ("acknowledgement", Acknowledgement(CONTRACT, start, end, 9, ID, {}).to_body(), vkey)
        for start, end, vkey in (
            (BEGIN, BEGIN + 7200, TENANT),
            (BEGIN + 3600, BEGIN + 10_800, TENANT),
            (END - 3600, END, TENANT),
            (BEGIN, END, OTHER),
        )
    ]
    assert remarks_on(whole_month(), *acks) == ["the tenant has not acknowledged 740.0 of 744 h"]


def test_what_is_missing_or_unpriced_is_said() -> None:
    said = remarks_on(energy_price={"series": "x", "vkey": OTHER})
    assert [one.split(" are ")[0] for one in said] == ["744.00 meter-hours"]
    said = remarks_on(whole_month(), energy_price={"series": "x", "vkey": OTHER})
    assert said == ["744.00 meter-hours have no price and are not billed"]
