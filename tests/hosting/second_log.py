"""Sections 2 and 3 of the settlement page: which entries count for one contract, and which of them hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.hosting.second_forms import Entry, entry_id, well_formed, windows_on_grid


@dataclass(frozen=True)
class Log:
    """What stands before a `period.close`, of entries of a right form, and the two parties of its contract."""

    contract: str
    host: str
    tenant: str
    entries: list[Entry]

    def signed_by_both(self, kind: str) -> list[Entry]:
        """Entries of a type that name the contract and are signed by host and tenant."""
        return [entry for entry in self._of_contract(kind) if entry["signatures"].keys() >= {self.host, self.tenant}]

    def signed_by_host(self, kind: str) -> list[Entry]:
        return [entry for entry in self._of_contract(kind) if self.host in entry["signatures"]]

    def of_meter(self, meter: str) -> list[Entry]:
        """What meters have sent, in log order, whoever signed it."""
        return [
            entry
            for entry in self.entries
            if entry["type"] in ("meter.batch", "ocmf") and entry["body"]["meter"] == meter
        ]

    def of_series(self, series: str, vkey: str) -> list[Entry]:
        """Section 3.5: price batches of a series, signed by the key of the price."""
        batches = [entry for entry in self.entries if entry["type"] == "price.batch" and vkey in entry["signatures"]]
        return [entry for entry in batches if entry["body"]["series"] == series]

    def _of_contract(self, kind: str) -> Iterable[Entry]:
        return (entry for entry in self.entries if entry["type"] == kind and entry["body"]["contract"] == self.contract)


def read_log(entries: list[Entry]) -> tuple[Entry, Log]:
    """Section 4: the last counting `period.close`, and the entries before it."""
    parties: dict[str, tuple[str, str]] = {}
    right: list[Entry] = []
    last: tuple[Entry, int] | None = None
    for entry in filter(well_formed, entries):
        body, signers = entry["body"], entry["signatures"].keys()
        if entry["type"] == "contract.terms" and {body["host"], body["tenant"]} <= signers:
            parties.setdefault(body["contract"], (body["host"], body["tenant"]))
        if entry["type"] == "period.close" and body["contract"] in parties and parties[body["contract"]][0] in signers:
            last = entry, len(right)
        right.append(entry)
    if last is None:
        raise ValueError("no period.close counts, so that no statement is asked for")
    close, position = last
    contract = close["body"]["contract"]
    return close, Log(contract, *parties[contract], right[:position])


def terms_of(log: Log, month: str) -> Entry:
    """Section 3.1: the terms with the latest `effective` not after the month; of several, the last in log order."""
    held: Entry | None = None
    for entry in log.signed_by_both("contract.terms"):
        body = entry["body"]
        if (body["host"], body["tenant"]) != (log.host, log.tenant) or body["effective"] > month:
            continue
        if held is None or body["effective"] >= held["body"]["effective"]:
            held = entry
    if held is None:
        raise ValueError(f"no terms of {log.contract} hold for {month}")
    return held


def meters_of(log: Log, terms: Entry) -> list[dict[str, Any]]:
    """Section 3.1: the terms' own meters and those of `contract.meters` that name them; the first of an id stays."""
    named = entry_id(terms)
    meters = {meter["id"]: meter for meter in terms["body"]["meters"]}
    for entry in log.signed_by_both("contract.meters"):
        body = entry["body"]
        if body["terms"] == named and windows_on_grid(body["meters"], terms["body"]["interval_seconds"]):
            for meter in body["meters"]:
                meters.setdefault(meter["id"], meter)
    return list(meters.values())


def events_of(log: Log) -> list[dict[str, Any]]:
    """Section 3.6: the events that no later counting event voids, from the last to the first."""
    voided: set[str] = set()
    counting = []
    for entry in reversed(log.signed_by_both("service.event")):
        if entry_id(entry) not in voided:
            voided |= set(entry["body"]["voids"])
            counting.append(entry["body"])
    return counting[::-1]


def standing_statements(log: Log) -> dict[str, dict[str, int]]:
    """Section 4.5: the cents of each line of the last counting statement of each period."""
    standing = {}
    for entry in log.signed_by_host("statement"):
        body = entry["body"]
        standing[body["period"]] = {line["line"]: line["cents"] for line in body["lines"]}
    return standing
