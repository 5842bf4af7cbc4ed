"""``megawatt settle``: what a month costs, from what stands in the log."""

from pathlib import Path
from typing import Annotated

import typer

settle_app = typer.Typer(
    help="Settle a month between host and tenant from what stands in the log.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

LogFolder = Annotated[Path, typer.Argument(help="Folder of the log.", show_default=False)]
Period = Annotated[str, typer.Option("--period", help="Local month, for example 2024-07.")]
Contract = Annotated[str | None, typer.Option("--contract", help="Name of the contract; default the only one.")]
KeyFile = Annotated[Path | None, typer.Option("--key", help="Secret key of the log; default LOG/keys/log.key.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Whose signatures count; default LOG/policy.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON with a versioned schema.")]
Host = Annotated[Path, typer.Option("--signer", help="Secret key of the host.")]
Tenant = Annotated[Path, typer.Option("--signer", help="Secret key of the tenant.")]


@settle_app.command()
def add(
    log: LogFolder,
    files: Annotated[list[Path], typer.Argument(help="Documents, one JSON object a line.", show_default=False)],
    signer: Annotated[
        list[Path] | None, typer.Option("--signer", help="Secret key that signs; may be repeated.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write the signed entries to this file instead, for the other party.")
    ] = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Sign terms, readings, corrections, events, prices or payments as entries, and append them."""
    from megawatt.app.settle import add as add_documents  # noqa: PLC0415

    add_documents(log, files, signer or [], key, to, as_json=as_json)


@settle_app.command()
def make(
    log: LogFolder,
    period: Period,
    signer: Host,
    contract: Contract = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Close a month and append its statement, signed by the host."""
    from megawatt.app.settle import make as make_statement  # noqa: PLC0415

    make_statement(log, period, contract, signer, key, as_json=as_json)


@settle_app.command()
def check(
    log: LogFolder,
    period: Annotated[str | None, typer.Option("--period", help="Local month; default all.")] = None,
    contract: Contract = None,
    policy: PolicyFile = None,
    as_json: AsJson = False,
) -> None:
    """Audit the log and recompute its statements; names every line that differs, by how many cents."""
    from megawatt.app.settle import check as check_statements  # noqa: PLC0415

    raise typer.Exit(check_statements(log, period, contract, policy, as_json=as_json))


@settle_app.command()
def sign(
    log: LogFolder,
    period: Period,
    signer: Tenant,
    line: Annotated[
        list[str] | None, typer.Option("--line", help="Line to accept; default all that are not disputed.")
    ] = None,
    contract: Contract = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Countersign a statement as the tenant, if it is what its entries give."""
    from megawatt.app.settle import sign as sign_statement  # noqa: PLC0415

    raise typer.Exit(sign_statement(log, period, contract, line or [], signer, key, as_json=as_json))


@settle_app.command()
def dispute(
    log: LogFolder,
    period: Period,
    line: Annotated[str, typer.Option("--line", help="Line that is wrong, for example energy.")],
    cents: Annotated[int, typer.Option("--cents", help="What the tenant holds right, in US cents.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    signer: Tenant,
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", help="Entry id that shows it; may be repeated.")
    ] = None,
    contract: Contract = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Dispute one line of a statement as the tenant; the others stay payable."""
    from megawatt.app.settle import dispute as dispute_line  # noqa: PLC0415
    from megawatt.hosting.settlement.agreement import DisputedLine  # noqa: PLC0415

    disputed = DisputedLine(line, cents, reason, tuple(evidence or ()))
    dispute_line(log, period, contract, disputed, signer, key, as_json=as_json)


@settle_app.command()
def paid(
    log: LogFolder,
    period: Period,
    cents: Annotated[int, typer.Option("--cents", help="Amount in US cents; below 0 if the host paid.")],
    method: Annotated[str, typer.Option("--method", help="bank, stablecoin or bitcoin.")],
    reference: Annotated[str, typer.Option("--reference", help="The bank's reference, or the transaction's hash.")],
    time: Annotated[str, typer.Option("--time", help="When, for example 2024-08-15T12:00Z.")],
    signer: Annotated[Path, typer.Option("--signer", help="Secret key of the host or the tenant.")],
    contract: Contract = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Note a payment of a statement: a bank's reference, or a transaction of a stablecoin or of Bitcoin."""
    from megawatt.app.settle import paid as note_payment  # noqa: PLC0415

    note_payment(
        log, period, contract, signer, key, cents=cents, method=method, reference=reference, time=time, as_json=as_json
    )


@settle_app.command()
def invoice(
    log: LogFolder,
    period: Period,
    to: Annotated[Path | None, typer.Option("--to", help="File to write; default invoice-PERIOD.html.")] = None,
    contract: Contract = None,
    policy: PolicyFile = None,
    as_json: AsJson = False,
) -> None:
    """Write the invoice of a statement, one page that prints well and bears the statement's hash."""
    from megawatt.app.invoice import write_invoice  # noqa: PLC0415

    raise typer.Exit(write_invoice(log, period, contract, policy, to, as_json=as_json))
