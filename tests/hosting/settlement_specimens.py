"""The specimens of docs/proof/settlement.md: five entries, and the statement that they give."""

from megawatt.hosting.metering.gateway import Gateway
from megawatt.hosting.settlement.book import Book
from megawatt.hosting.settlement.calculation import last_close, statement_of
from megawatt.proof.canonical import Json, format_json
from megawatt.proof.entry import Entry
from megawatt.proof.keys import SecretKey
from tests.hosting.months import CONTRACT, meter, midnight_of, terms

HOST, TENANT, METER = (SecretKey(f"{name}.example/key", name.encode().ljust(32, b".")) for name in ("host", "tenant", "meter"))  # fmt: skip
SALT = "00112233445566778899aabbccddeeff"


def entries() -> list[Entry]:
    """Fifteen of the 29 days of February 2024: four readings with a roll-over and one missing, and half an hour's outage."""
    body = terms(
        zone="UTC",
        effective="2024-02",
        start="2024-02-15",
        critical_it_w=2_000_000,
        credits=[{"below_ppm": 999_900, "credit_ppm": 50_000}],
        adder_uusd_per_mwh=3_000_000,
        meters=[meter(modulus=1_000_000, max_per_hour=3_000)],
    )
    gateway = Gateway("feed-1", METER, boot="a", salt=lambda: bytes.fromhex(SALT))
    noon = midnight_of("2024-02-20", "UTC") + 12 * 3600
    event: dict[str, Json] = {"contract": CONTRACT, "start": noon, "end": noon + 1800, "cause": "outage", "available_w": 500_000,
             "reference": "", "voids": []}  # fmt: skip
    return [
        Entry("contract.terms", 1, SALT, body, {}).sign(HOST, TENANT),
        gateway.batch(noon, 3600, [998_000, 500, None, 5_501]),
        Entry("service.event", 1, SALT, event, {}).sign(HOST, TENANT),
        Entry("period.close", 1, SALT, {"contract": CONTRACT, "period": "2024-02"}, {}).sign(HOST),
    ]


def specimens() -> dict[str, str]:
    """Text of each specimen by its name."""
    book = Book.of(entries())
    statement = statement_of(book, last_close(book))
    return {
        "settlement entries": "".join(f"{entry.to_bytes().decode()}\n" for entry in entries()),
        "statement body": format_json(statement.to_body()).decode() + "\n",
    }
