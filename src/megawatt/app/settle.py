"""``megawatt settle``: make, check, accept, dispute and print statements from what stands in the log."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from megawatt.app.files import write_text
from megawatt.app.proof_answer import as_input
from megawatt.app.settle_log import new_entry, print_answer, read_audited, writing
from megawatt.core.errors import InputError
from megawatt.core.timegrid import utc
from megawatt.hosting.metering.drift import Band
from megawatt.hosting.settlement.agreement import (
    ACCEPT,
    DISPUTE,
    PAYMENT,
    Acceptance,
    Dispute,
    DisputedLine,
    Payment,
    Standing,
    standing_of,
)
from megawatt.hosting.settlement.book import Book, Kept
from megawatt.hosting.settlement.calculation import Month, counts, last_close, statement_of
from megawatt.hosting.settlement.review import remarks
from megawatt.hosting.settlement.statement import CLOSE, STATEMENT, PeriodClose, Statement
from megawatt.hosting.settlement.terms import Terms
from megawatt.proof.entry import Entry
from megawatt.proof.errors import ProofError, VerifyError
from megawatt.proof.store import read_key


@dataclass(frozen=True, slots=True)
class Found:
    """A statement of the log beside the same computed afresh.

    Attributes:
        kept: The entry.
        close: The request that it answers; None where the log has none.
        again: Computed afresh from the entries before the request; None where that cannot be.
        wrong: What differs, each in a sentence; empty when nothing does.
        standing: What the parties have said to it.
    """

    kept: Kept[Statement]
    close: Kept[PeriodClose] | None
    again: Statement | None
    wrong: list[str]
    standing: Standing


def find(book: Book, contract: str, period: str | None) -> list[Found]:
    """The statements that stand, of one month or of all, oldest month first."""
    host = book.parties(contract).host
    stands: dict[str, Kept[Statement]] = {}
    for one in book.all_of(Statement):
        if one.body.contract == contract and host in one.signers and period in (None, one.body.period):
            stands[one.body.period] = one
    return [_found(book, stands[month]) for month in sorted(stands)]


def _found(book: Book, kept: Kept[Statement]) -> Found:
    close = next((one for one in book.all_of(PeriodClose, before=kept.index) if one.id == kept.body.close), None)
    again, wrong = None, ["it answers no period.close of this log"]
    if close is not None and counts(book, close):
        again = statement_of(book, close)
        wrong = kept.body.differences(again)
    return Found(kept, close, again, wrong, standing_of(kept.body, answers_to(book, kept)))


def answers_to(book: Book, kept: Kept[Statement]) -> list[Acceptance | Dispute | Payment]:
    """What the parties have said to a statement, in the order of the log."""
    parties = book.parties(kept.body.contract)
    kinds: tuple[tuple[type[Acceptance | Dispute | Payment], set[str]], ...] = (
        (Acceptance, {parties.tenant}),
        (Dispute, {parties.tenant}),
        (Payment, set(parties)),
    )
    said = {
        one.index: one.body
        for kind, speakers in kinds
        for one in book.all_of(kind)
        if (one.body.contract, one.body.statement) == (kept.body.contract, kept.id) and one.signers & speakers
    }
    return [said[index] for index in sorted(said)]


def the_contract(book: Book, contract: str | None) -> str:
    """The contract that is meant: the one named, or the only one.

    Raises:
        InputError: The log has none, several, or none of that name.
    """
    names = sorted({one.body.name for one in book.all_of(Terms)})
    if contract is None and len(names) == 1:
        return names[0]
    if contract not in names:
        raise InputError(
            f"contract {contract!r} of a log with {', '.join(map(repr, names)) or 'no contract'}",
            "one of them is meant",
            "Name it with --contract.",
        )
    return str(contract)


def make(directory: Path, period: str, contract: str | None, signer: Path, key: Path | None, *, as_json: bool) -> None:
    """Close a month and append its statement."""
    with as_input(signer):
        host = read_key(signer)
    with writing(directory, key) as writer:
        name = the_contract(writer.book, contract)
        _refuse_other(writer.book, name, host.key.to_text(), "host")
        writer.book.terms_for(name, period, writer.book.size)  # before anything is written
        writer.append_one(new_entry(CLOSE, PeriodClose(name, period).to_body(), host))
        statement = statement_of(writer.book, last_close(writer.book, name, period))
        index, entry_id = writer.append_one(new_entry(STATEMENT, statement.to_body(), host))
        said = remarks(_month(writer.book, _one(writer.book, name, period)), Band())
        left = writer.publish()
    answer = {"ok": True, "index": index, "id": entry_id, "statement": statement.to_body(), "remarks": said}
    lines = [*statement_lines(statement), f"Entry {index}, id {entry_id}"]
    print_answer("make", answer, [*lines, *_noted(said), *left], as_json=as_json)


def check(directory: Path, period: str | None, contract: str | None, policy: Path | None, *, as_json: bool) -> int:
    """Recompute every statement from an audited log; 1 where the log or a statement is wrong."""
    try:
        book = read_audited(directory, policy)
    except VerifyError as error:
        answer = {"ok": False, "finding": {"value": error.value, "rule": error.rule, "remedy": error.remedy}}
        lines = [f"NO: {error.value}", f"  rule: {error.rule}", f"  do:   {error.remedy}"]
        print_answer("check", answer, lines, as_json=as_json)
        return 1
    with as_input(directory):
        found = find(book, the_contract(book, contract), period)
        if not found:
            raise InputError("a log without a statement", "there is one to check", "Run: megawatt settle make")
        said = {one.kept.id: remarks(_month(book, one), Band()) if one.close else [] for one in found}
    ok = not any(one.wrong for one in found)
    lines = [f"The log of {book.size} entries serves what it signed."]
    for one in found:
        lines += ["", *found_lines(one), *_noted(said[one.kept.id])]
    lines += [f"Entry {one.index} does not count: {one.value}, but {one.rule}." for one in book.findings]
    answer = {
        "ok": ok,
        "entries": book.size,
        "statements": [found_json(one) | {"remarks": said[one.kept.id]} for one in found],
        "findings": [asdict(one) for one in book.findings],
    }
    print_answer("check", answer, lines, as_json=as_json)
    return 0 if ok else 1


def sign(
    directory: Path,
    period: str,
    contract: str | None,
    lines: Sequence[str],
    signer: Path,
    key: Path | None,
    *,
    as_json: bool,
) -> int:
    """Countersign lines of a statement that the tenant's own computation agrees with; 1 where it does not."""
    with as_input(signer):
        tenant = read_key(signer)
    with writing(directory, key) as writer:
        found = _one(writer.book, the_contract(writer.book, contract), period)
        statement = found.kept.body
        _refuse_other(writer.book, statement.contract, tenant.key.to_text(), "tenant")
        if found.wrong:
            said = [f"NO: the statement of {period} is not signed, because it is not what its entries give:"]
            said += [f"  {text}" for text in found.wrong]
            print_answer("sign", {"ok": False, "differences": found.wrong}, said, as_json=as_json)
            return 1
        chosen = [_known(statement, name) for name in lines]
        chosen = chosen or [name for name in statement.lines if name not in found.standing.disputed]
        body = Acceptance(statement.contract, found.kept.id, tuple(chosen)).to_body()
        index, _ = writer.append_one(new_entry(ACCEPT, body, tenant))
        found = _one(writer.book, statement.contract, period)
        left = writer.publish()
    said = [f"Signed {', '.join(chosen)} of {period}: entry {index}.", _payable(found.standing), *left]
    print_answer("sign", {"ok": True, "index": index, **found_json(found)}, said, as_json=as_json)
    return 0


def dispute(
    directory: Path,
    period: str,
    contract: str | None,
    line: DisputedLine,
    signer: Path,
    key: Path | None,
    *,
    as_json: bool,
) -> None:
    """Dispute one line of a statement; the others stay payable."""
    with as_input(signer):
        tenant = read_key(signer)
    with writing(directory, key) as writer:
        found = _one(writer.book, the_contract(writer.book, contract), period)
        statement = found.kept.body
        _refuse_other(writer.book, statement.contract, tenant.key.to_text(), "tenant")
        _known(statement, line.line)
        body = Dispute(statement.contract, found.kept.id, (line,)).to_body()
        index, _ = writer.append_one(new_entry(DISPUTE, body, tenant))
        found = _one(writer.book, statement.contract, period)
        left = writer.publish()
    said = [f"Disputed {line.line} of {period}: entry {index}.", _payable(found.standing), *left]
    print_answer("dispute", {"ok": True, "index": index, **found_json(found)}, said, as_json=as_json)


def paid(
    directory: Path,
    period: str,
    contract: str | None,
    signer: Path,
    key: Path | None,
    *,
    cents: int,
    method: str,
    reference: str,
    time: str,
    as_json: bool,
) -> None:
    """Note where the money of a statement went."""
    seconds = int(utc(time).astype("datetime64[s]").astype(int))
    with as_input(signer):
        party = read_key(signer)
    with writing(directory, key) as writer:
        found = _one(writer.book, the_contract(writer.book, contract), period)
        name = found.kept.body.contract
        parties = writer.book.parties(name)
        _refuse_other(
            writer.book, name, party.key.to_text(), "host" if party.key.to_text() == parties.host else "tenant"
        )
        body = Payment(name, found.kept.id, cents, method, reference, seconds).to_body()
        index, _ = writer.append_one(new_entry(PAYMENT, body, party))
        found = _one(writer.book, name, period)
        left = writer.publish()
    said = [f"Noted {usd(cents)} by {method}: entry {index}.", _payable(found.standing), *left]
    print_answer("paid", {"ok": True, "index": index, **found_json(found)}, said, as_json=as_json)


def add(
    directory: Path, files: Sequence[Path], signers: Sequence[Path], key: Path | None, to: Path | None, *, as_json: bool
) -> None:
    """Sign documents as entries and append them, or write them for the other party to sign."""
    entries: list[Entry] = []
    for path in files:
        with as_input(path):
            keys = [read_key(one) for one in signers]
            for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if text.strip():
                    entries.append(_document(text, f"{path} line {number}").sign(*keys))
    if not entries:
        raise InputError("no document", "there is something to add", "Write one JSON document a line.")
    if to is not None:
        write_text(to, "".join(f"{entry.to_bytes().decode()}\n" for entry in entries))
        answer: dict[str, Any] = {"ok": True, "file": str(to), "entries": len(entries)}
        print_answer("add", answer, [f"Wrote {len(entries)} signed entries to {to}."], as_json=as_json)
        return
    with writing(directory, key) as writer:
        indexes = writer.append(entries)
        left = writer.publish()
    span = f"{len(indexes)} entries, {indexes[0]} to {indexes[-1]}" if len(indexes) > 1 else f"entry {indexes[0]}"
    said = f"Added {span}."
    print_answer("add", {"ok": True, "indexes": indexes}, [said, *left], as_json=as_json)


def _document(text: str, place: str) -> Entry:
    """A line of a file: a whole entry that others have signed, or type and body."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError("a line that is no JSON", "each line holds one document", "Correct it.", place) from None
    try:
        if isinstance(value, dict) and set(value) == {"type", "body"} and isinstance(value["body"], dict):
            return new_entry(str(value["type"]), value["body"])
        return Entry.from_bytes(text.encode())
    except ProofError as error:
        raise InputError(error.value, error.rule, error.remedy, place) from None


def the_statement(book: Book, contract: str | None, period: str) -> Found:
    """The statement that stands for a month.

    Raises:
        InputError: There is none.
    """
    return _one(book, the_contract(book, contract), period)


def _one(book: Book, contract: str, period: str) -> Found:
    found = find(book, contract, period)
    if not found:
        raise InputError(f"no statement of {contract!r} for {period}", "one is meant", "Run: megawatt settle make")
    return found[-1]


def _month(book: Book, found: Found) -> Month:
    before = found.close.index if found.close else book.size
    statement = found.kept.body
    return Month(book, book.terms_for(statement.contract, statement.period, before), statement.period, before)


def _refuse_other(book: Book, contract: str, vkey: str, role: str) -> None:
    wanted = getattr(book.parties(contract), role)
    if vkey != wanted:
        raise InputError(f"the key {vkey}", f"the {role}'s is {wanted}", f"Use the {role}'s key.")


def _known(statement: Statement, name: str) -> str:
    if name not in statement.lines:
        raise InputError(f"line {name!r}", f"the statement has {', '.join(statement.lines)}", "Choose one of them.")
    return name


# --- in words ---------------------------------------------------------------------------------------------------------


def usd(cents: int) -> str:
    """Cents as dollars: ``-1,234.50 USD``."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02d} USD"


def statement_lines(statement: Statement) -> list[str]:
    """A statement as a small table."""
    rows = {**statement.lines, "total": statement.total_cents}
    return [f"{statement.contract}, {statement.period}"] + [f"  {name:16}{usd(c):>24}" for name, c in rows.items()]


def found_lines(found: Found) -> list[str]:
    """A statement of the log, whether it is right, and where it stands."""
    lines = statement_lines(found.kept.body)
    if found.wrong:
        lines += ["NO: it is not what its entries give (stated, then computed):", *(f"  {one}" for one in found.wrong)]
    else:
        lines.append("Recomputed from the entries: the same to the cent.")
    for name, line in found.standing.disputed.items():
        lines.append(f"Disputed: {name}, the tenant says {usd(line.cents)}: {line.reason}")
    return [*lines, _payable(found.standing)]


def found_json(found: Found) -> dict[str, Any]:
    """The same for programs."""
    standing = found.standing
    return {
        "period": found.kept.body.period,
        "index": found.kept.index,
        "id": found.kept.id,
        "statement": found.kept.body.to_body(),
        "same": not found.wrong,
        "differences": found.wrong,
        "accepted": list(standing.accepted),
        "disputed": [asdict(line) for line in standing.disputed.values()],
        "payable_cents": standing.payable_cents,
        "paid_cents": standing.paid_cents,
        "open_cents": standing.open_cents,
    }


def _payable(standing: Standing) -> str:
    return f"Payable now {usd(standing.payable_cents)}, paid {usd(standing.paid_cents)}."


def _noted(said: Sequence[str]) -> list[str]:
    return [f"Note: {text}." for text in said]
