"""``megawatt proof serve`` and ``megawatt proof witness``: what listens, until it is told to stop."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import typer

from megawatt.app.files import write_text
from megawatt.app.proof_answer import as_input, clock, print_answer
from megawatt.core.errors import InputError
from megawatt.live.log import publisher, witness
from megawatt.live.log.door import Door, Limits, Query, Reply
from megawatt.proof.keys import ED25519, VerifierKey


def serve_log(directory: Path, listen: str, *, tokens: Path | None, as_json: bool) -> None:
    """Serve the files of a log."""
    if not (directory / "log" / "checkpoint").is_file():
        raise InputError(f"there is no log in {directory}", "a log is made first", "Run: megawatt proof init")
    opened = publisher.read_tokens(tokens) if tokens else []
    answer = publisher.Publisher(directory, opened).answer
    _run("serve", listen, answer, publisher.LIMITS, f"the log in {directory}, {len(opened)} tokens", as_json=as_json)


def init_witness(directory: Path, name: str, logs: list[str], *, as_json: bool) -> None:
    """Make a witness that knows these logs."""
    with as_input(directory):
        for vkey in logs:
            if VerifierKey.from_text(vkey).kind != ED25519:
                raise InputError(f"key {vkey}", "a log has a key of type 0x01", "Ask the log for its vkey.")
        key = witness.create_witness(directory, name)
    write_text(directory / "logs", "".join(f"{vkey}\n" for vkey in logs))
    answer = {"ok": True, "name": name, "vkey": key.to_text(), "logs": logs}
    lines = [
        f"Made the witness {name} in {directory}; it knows {len(logs)} logs.",
        f"Its line in a policy: witness NAME {key.to_text()} ADDRESS",
    ]
    print_answer("witness init", answer, lines, as_json=as_json)


def serve_witness(directory: Path, listen: str, *, as_json: bool) -> None:
    """Answer logs until told to stop."""
    with as_input(directory):
        ours = witness.WitnessDirectory(directory, clock)
    try:
        what = f"the witness {ours.key.name} for {', '.join(ours.logs)}"
        _run("witness serve", listen, ours.answer, witness.LIMITS, what, as_json=as_json)
    finally:
        ours.close()


def _run(verb: str, listen: str, answer: Callable[[Query], Reply], limits: Limits, what: str, *, as_json: bool) -> None:
    """Open the door, say where, and serve until SIGINT or SIGTERM."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (host and port.isascii() and port.isdigit() and int(port) < 65_536):
        raise InputError(f"{listen!r}", "it reads ADDRESS:PORT", "Write for example --listen 127.0.0.1:7380.")
    try:
        door = Door(host, int(port), answer, limits, lambda error: typer.echo(f"failed: {error!r}", err=True))
    except OSError as error:
        raise InputError(
            f"{listen} cannot be listened on ({error.strerror})", "it is free", "Choose another."
        ) from error

    def stop(_signal: int, _frame: object) -> None:
        # From a thread of its own: shutdown waits for the loop that this handler has interrupted.
        threading.Thread(target=door.shutdown).start()

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, stop)
    print_answer(verb, {"ok": True, "url": door.url}, [f"Serving {what} at {door.url}; Ctrl-C stops."], as_json=as_json)
    with door:
        door.serve_forever()
