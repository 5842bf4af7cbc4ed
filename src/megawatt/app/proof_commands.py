"""``megawatt proof``: the log of plans, forecasts, orders and readings that both parties and a stranger can check."""

from pathlib import Path
from typing import Annotated

import typer

from megawatt.app.proof_key_commands import key_app

proof_app = typer.Typer(
    help="Keep and check a log that no party can rewrite.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
witness_app = typer.Typer(
    help="Cosign a log's heads, so that it cannot show two histories.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
proof_app.add_typer(witness_app, name="witness")
proof_app.add_typer(key_app, name="key")

LogFolder = Annotated[Path, typer.Argument(help="Folder of the log.", show_default=False)]
LogPlace = Annotated[str, typer.Argument(help="Folder of the log, or the address it is served at.", show_default=False)]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Whose signatures count; default LOG/policy.")]
KeyFile = Annotated[Path | None, typer.Option("--key", help="Secret key; default LOG/keys/log.key.")]
Token = Annotated[
    Path | None, typer.Option("--token", help="File with the token that opens the entries of a served log.")
]
Listen = Annotated[str, typer.Option("--listen", help="Address and port; port 0 takes a free one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON with a versioned schema.")]


@proof_app.command()
def init(
    log: LogFolder,
    origin: Annotated[str, typer.Option("--origin", help="Name of the log, for example example.com/site-7.")],
    as_json: AsJson = False,
) -> None:
    """Make an empty log, its key, and a policy that names it."""
    from megawatt.app.proof_host import init_log  # noqa: PLC0415

    init_log(log, origin, as_json=as_json)


@proof_app.command()
def append(
    log: LogFolder,
    entries: Annotated[
        list[Path] | None, typer.Argument(help="Files, each one entry as it stands.", show_default=False)
    ] = None,
    plan: Annotated[
        list[Path] | None, typer.Option("--plan", help="Plan, such as the answer of decide --json.")
    ] = None,
    forecast: Annotated[list[Path] | None, typer.Option("--forecast", help="Forecast.")] = None,
    order: Annotated[list[Path] | None, typer.Option("--order", help="Order to machines.")] = None,
    reading: Annotated[list[Path] | None, typer.Option("--reading", help="Reading of a meter.")] = None,
    signer: Annotated[
        Path | None, typer.Option("--signer", help="Key that signs the documents; default the log's own.")
    ] = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Keep entries; when this returns they are durable. A document that is kept already keeps its index."""
    from megawatt.app.proof_host import append_files  # noqa: PLC0415

    documents = {"plan": plan, "forecast": forecast, "order": order, "reading": reading}
    named = [(kind, path) for kind, paths in documents.items() for path in paths or ()]
    append_files(log, entries or [], named, signer=signer, key=key, as_json=as_json)


@proof_app.command()
def checkpoint(
    log: LogFolder,
    policy: PolicyFile = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", help="Secret key; default LOG/keys/log.key. Twice while a key is rotated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign all entries, ask the witnesses, and publish when their quorum has cosigned."""
    from megawatt.app.proof_host import make_checkpoint  # noqa: PLC0415

    raise typer.Exit(make_checkpoint(log, policy=policy, keys=key or [], as_json=as_json))


@proof_app.command()
def prove(
    log: LogPlace,
    index: Annotated[int, typer.Argument(help="Entry, counted from 0.", min=0, show_default=False)],
    to: Annotated[Path, typer.Option("--to", help="Folder for INDEX.tlog-proof and INDEX.entry.")] = Path(),
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Write the proof of an entry, and the entry, as files that are checked without the log."""
    from megawatt.app.proof_reader import prove_entry  # noqa: PLC0415

    prove_entry(log, index, to, token=token, as_json=as_json)


@proof_app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="Proof, evidence, stamp or signed checkpoint.", show_default=False)],
    policy: Annotated[Path, typer.Option("--policy", help="Whose signatures count.")],
    entry: Annotated[
        Path | None, typer.Option("--entry", help="The entry; default FILE with .entry at its end.")
    ] = None,
    document: Annotated[Path | None, typer.Option("--document", help="Document that the entry must hold.")] = None,
    headers: Annotated[
        Path | None, typer.Option("--headers", help="Bitcoin headers for a stamp: lines of height and 160 hex digits.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check one file that somebody handed you; without the log, without a network."""
    from megawatt.app.proof_reader import verify_file  # noqa: PLC0415

    raise typer.Exit(verify_file(file, policy, entry=entry, document=document, headers=headers, as_json=as_json))


@proof_app.command()
def stamp(
    log: LogFolder,
    calendar: Annotated[
        list[str] | None, typer.Option("--calendar", help="OpenTimestamps calendar; default four public ones.")
    ] = None,
    policy: PolicyFile = None,
    as_json: AsJson = False,
) -> None:
    """Stamp the published head by OpenTimestamps, and fetch the blocks of earlier stamps."""
    from megawatt.app.proof_stamp import stamp_log  # noqa: PLC0415

    raise typer.Exit(stamp_log(log, calendar or [], policy=policy, as_json=as_json))


@proof_app.command()
def audit(
    log: LogPlace,
    policy: PolicyFile = None,
    saved: Annotated[
        Path | None, typer.Option("--saved", help="Checkpoint saved earlier; the log must have grown from it.")
    ] = None,
    evidence: Annotated[Path, typer.Option("--evidence", help="File for what convicts the log, if it does.")] = Path(
        "log.evidence"
    ),
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Read everything a log serves, rebuild the tree, and compare every byte with what is signed."""
    from megawatt.app.proof_reader import audit_log  # noqa: PLC0415

    raise typer.Exit(audit_log(log, policy, saved=saved, evidence=evidence, token=token, as_json=as_json))


@proof_app.command()
def serve(
    log: LogFolder,
    listen: Listen = "127.0.0.1:7380",
    tokens: Annotated[
        Path | None, typer.Option("--tokens", help="File of tokens that open the entries; without it nobody sees them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve a log as plain files: heads, hashes and anchors to everybody, entries to who shows a token."""
    from megawatt.app.proof_doors import serve_log  # noqa: PLC0415

    serve_log(log, listen, tokens=tokens, as_json=as_json)


@witness_app.command("init")
def witness_init(
    witness: Annotated[Path, typer.Argument(help="Folder of the witness.", show_default=False)],
    name: Annotated[str, typer.Option("--name", help="Its name, for example tenant.example/witness.")],
    logs: Annotated[list[str], typer.Option("--log", help="Public key (vkey) of a log it shall cosign.")],
    as_json: AsJson = False,
) -> None:
    """Make a witness: a key, and the logs that it knows."""
    from megawatt.app.proof_doors import init_witness  # noqa: PLC0415

    init_witness(witness, name, logs, as_json=as_json)


@witness_app.command("serve")
def witness_serve(
    witness: Annotated[Path, typer.Argument(help="Folder of the witness.", show_default=False)],
    listen: Listen = "127.0.0.1:7381",
    as_json: AsJson = False,
) -> None:
    """Cosign what extends the last head cosigned; refuse the rest and keep the evidence."""
    from megawatt.app.proof_doors import serve_witness  # noqa: PLC0415

    serve_witness(witness, listen, as_json=as_json)
