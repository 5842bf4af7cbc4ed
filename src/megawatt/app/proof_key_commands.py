"""``megawatt proof key``: keys made, and added, rotated and revoked by entries of the log itself."""

from pathlib import Path
from typing import Annotated

import typer

from megawatt.proof.canonical import Json

key_app = typer.Typer(
    help="Make keys, and change the keys of a log by entries that its root key signs.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

LogFolder = Annotated[Path, typer.Argument(help="Folder of the log.", show_default=False)]
Role = Annotated[str, typer.Option("--role", help="What the key is for, such as log, host, tenant or meter.")]
Root = Annotated[str, typer.Option("--root", help="Public key (vkey) that signs every change, from the contract.")]
Signers = Annotated[list[Path], typer.Option("--signer", help="Secret key that signs the change; may be repeated.")]
To = Annotated[
    Path | None, typer.Option("--to", help="Write the change to this file instead, for another party's signature.")
]
KeyFile = Annotated[Path | None, typer.Option("--key", help="Secret key of the log; default LOG/keys/log.key.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON with a versioned schema.")]


@key_app.command()
def new(
    file: Annotated[Path, typer.Argument(help="File for the secret key.", show_default=False)],
    name: Annotated[str, typer.Option("--name", help="Its name; for a log's key the log's origin.")],
    as_json: AsJson = False,
) -> None:
    """Make a key of a party, of a log or of the root, in a new file that only you can read."""
    from megawatt.app.proof_keys import new_key  # noqa: PLC0415

    new_key(file, name, as_json=as_json)


@key_app.command()
def add(
    log: LogFolder,
    vkey: Annotated[str, typer.Argument(help="Public key (vkey) to add.", show_default=False)],
    role: Role,
    root: Root,
    signer: Signers,
    to: To = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Add a key; signed by the root key and by the key itself."""
    from megawatt.app.proof_keys import change_keys  # noqa: PLC0415
    from megawatt.proof.key_history import ADD  # noqa: PLC0415

    change_keys(log, ADD, {"role": role, "vkey": vkey}, root, signer, to, key, as_json=as_json)


@key_app.command()
def rotate(
    log: LogFolder,
    old: Annotated[str, typer.Argument(help="Public key (vkey) that goes.", show_default=False)],
    new: Annotated[str, typer.Argument(help="Public key (vkey) that comes.", show_default=False)],
    role: Role,
    root: Root,
    signer: Signers,
    overlap: Annotated[
        int, typer.Option("--overlap", help="Entries for which the old key still counts.", min=0)
    ] = 10_000,
    to: To = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Let a new key take the place of an old one; signed by the root key and by both."""
    from megawatt.app.proof_keys import change_keys  # noqa: PLC0415
    from megawatt.proof.key_history import ROTATE  # noqa: PLC0415

    body: dict[str, Json] = {"role": role, "old": old, "new": new, "overlap": overlap}
    change_keys(log, ROTATE, body, root, signer, to, key, as_json=as_json)


@key_app.command()
def revoke(
    log: LogFolder,
    vkey: Annotated[str, typer.Argument(help="Public key (vkey) that was stolen or lost.", show_default=False)],
    after: Annotated[int, typer.Option("--after", help="Last size for which it still counts.", min=0)],
    role: Role,
    root: Root,
    signer: Signers,
    to: To = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key, also for the past; signed by the root key alone."""
    from megawatt.app.proof_keys import change_keys  # noqa: PLC0415
    from megawatt.proof.key_history import REVOKE  # noqa: PLC0415

    body: dict[str, Json] = {"role": role, "vkey": vkey, "after": after}
    change_keys(log, REVOKE, body, root, signer, to, key, as_json=as_json)


@key_app.command()
def sign(
    log: LogFolder,
    change: Annotated[Path, typer.Argument(help="Change that --to has written.", show_default=False)],
    root: Root,
    signer: Signers,
    to: To = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Add signatures to a change of keys and keep it, or pass it on with --to."""
    from megawatt.app.proof_keys import sign_change  # noqa: PLC0415

    sign_change(log, change, root, signer, to, key, as_json=as_json)


@key_app.command("list")
def list_keys(
    log: LogFolder,
    root: Root,
    policy: Annotated[Path | None, typer.Option("--policy", help="Whose signatures count; default LOG/policy.")] = None,
    as_json: AsJson = False,
) -> None:
    """Audit the log, and say which key counted for what, and whether the published head's does."""
    from megawatt.app.proof_keys import list_history  # noqa: PLC0415

    raise typer.Exit(list_history(log, root, policy, as_json=as_json))
