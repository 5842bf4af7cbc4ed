"""The invoice of a statement: one HTML page that loads nothing, prints well, and bears the statement's hash."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

from megawatt.app.files import refuse_target, write_text
from megawatt.app.proof_answer import as_input
from megawatt.app.settle import Found, answers_to, the_statement, usd
from megawatt.app.settle_log import print_answer, read_audited
from megawatt.hosting.contract import PowerTerms
from megawatt.hosting.metering.fields import MILLION
from megawatt.hosting.month import first_of_month
from megawatt.hosting.settlement.agreement import Payment
from megawatt.hosting.settlement.book import Book
from megawatt.hosting.settlement.statement import CREDIT, ENERGY, GPU, RENT, STORAGE, TRUEUP, Statement
from megawatt.hosting.settlement.terms import Price, Terms
from megawatt.proof.errors import VerifyError
from megawatt.proof.keys import VerifierKey

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the invoice in words."""

    name: str
    what: str
    amount: str
    disputed: str


def write_invoice(
    directory: Path, period: str, contract: str | None, policy: Path | None, to: Path | None, *, as_json: bool
) -> int:
    """Write the invoice of the statement that stands for a month; 1 where log or statement is wrong."""
    path = to or Path(f"invoice-{period}.html")
    refuse_target(path)
    try:
        book = read_audited(directory, policy)
    except VerifyError as error:
        return _no(f"{error}", as_json=as_json)
    found = the_statement(book, contract, period)
    if found.wrong:
        return _no(f"the statement of {period} is not what its entries give: {found.wrong[0]}", as_json=as_json)
    with as_input(directory):
        write_text(path, render_invoice(book, found))
    answer: dict[str, object] = {
        "ok": True,
        "file": str(path),
        "statement": found.kept.id,
        "open_cents": found.standing.open_cents,
    }
    print_answer("invoice", answer, [f"Wrote {path}: {usd(found.standing.open_cents)} to pay."], as_json=as_json)
    return 0


def _no(why: str, *, as_json: bool) -> int:
    print_answer("invoice", {"ok": False, "why": why}, [f"NO: {why}"], as_json=as_json)
    return 1


def render_invoice(book: Book, found: Found) -> str:
    """The page; the same log gives the same page."""
    statement = found.kept.body
    terms = book.terms_for(statement.contract, statement.period, found.kept.index).body
    payments = [one for one in answers_to(book, found.kept) if isinstance(one, Payment)]
    return _template().render(
        statement=statement,
        entry=found.kept,
        host=VerifierKey.from_text(terms.host).name,
        tenant=VerifierKey.from_text(terms.tenant).name,
        zone=terms.zone,
        rows=[_row(found, name, terms) for name in statement.lines],
        standing=found.standing,
        facts=_facts(statement),
        payments=payments,
        usd=usd,
        version=version("megawatt"),
    )


def _row(found: Found, name: str, terms: Terms) -> Row:
    dispute = found.standing.disputed.get(name)
    said = f"in dispute: the tenant says {usd(dispute.cents)}, {dispute.reason}" if dispute else ""
    return Row(_title(name), _what(found.kept.body, name, terms), usd(found.kept.body.lines[name]), said)


def _title(name: str) -> str:
    titles = {
        RENT: "Rent of critical IT power",
        ENERGY: "Energy, passed through",
        GPU: "GPU-hours sold",
        STORAGE: "Storage",
        CREDIT: "Uptime credit",
    }
    return titles.get(name) or f"True-up of {name.removeprefix(TRUEUP)}"


def _what(statement: Statement, name: str, terms: Terms) -> str:
    facts = statement.facts
    match name:
        case "rent":
            day = max(first_of_month(statement.period), terms.contract.start)
            rate = float(terms.contract.usd_per_kw_month(day))
            return f"{terms.critical_it_w / 1000:,.0f} kW at {rate:,.2f} USD per kW and month"
        case "energy" if terms.contract.power is PowerTerms.INCLUDED:
            return f"included in the rent ({facts['energy_wh'] / 1e6:,.3f} MWh metered)"
        case "energy":
            added = f" and {terms.adder_uusd_per_mwh / 1e6:,.2f} USD per MWh" if terms.adder_uusd_per_mwh else ""
            losses = f" x {terms.gross_up_ppm / 1e6:.6f}" if terms.gross_up_ppm != MILLION else ""
            return f"{facts['energy_wh'] / 1e6:,.3f} MWh metered{losses}, {_price(terms.energy_price, 'MWh')}{added}"
        case "gpu":
            return f"{facts['gpu_seconds'] / _HOUR:,.2f} GPU-h, {_price(terms.gpu_price, 'GPU-h')}"
        case "storage":
            hall = terms.storage
            return f"{hall.capacity_tb * hall.rented_fraction:,.0f} TB" if hall else "none under contract"
        case "credit":
            return f"availability {facts['availability_ppb'] / 1e7:.4f} %, {facts['excused_seconds'] / _HOUR:,.2f} h excused"
    return "the month computed afresh, less what was stated for it"


def _price(price: Price | None, unit: str) -> str:
    if price is None:
        return "no price agreed"
    return f"at {price.series}" if price.uusd is None else f"at {price.uusd / 1e6:,.2f} USD per {unit}"


def _facts(statement: Statement) -> list[tuple[str, str]]:
    facts = statement.facts
    names = {
        "measured_seconds": "meter-hours measured",
        "corrected_seconds": "meter-hours corrected by both",
        "estimated_seconds": "meter-hours filled between two readings",
        "missing_seconds": "meter-hours missing, not billed",
        "unpriced_seconds": "meter-hours without a price, not billed",
    }
    return [("hours under contract", f"{facts['covered_seconds'] / _HOUR:,.2f}")] + [
        (text, f"{facts[name] / _HOUR:,.2f}") for name, text in names.items()
    ]


@lru_cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["minus"] = lambda text: text.replace("-", "\N{MINUS SIGN}")
    return environment.from_string(files("megawatt.app").joinpath("invoice.html").read_text(encoding="utf-8"))
