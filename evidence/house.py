"""Bars of the house: what it weighs and how fast it answers."""

import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from evidence.bar import ROOT, Bar, Figure

HELP = "import sys; sys.argv = ['megawatt', '--help']; from megawatt.app.cli import main; main()"


def core_environment_size() -> Figure:
    """A new environment with the locked core in it, as `make demo` sets it up, measured in blocks on disk."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        install = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement"]
        subprocess.run([*install, str(ROOT / "locks" / "core.txt")], check=True, capture_output=True)
        size_mb = sum(path.lstat().st_blocks * 512 for path in Path(folder).rglob("*")) / 1e6
    return Figure(f"{size_mb:.0f} MB", size_mb <= 750, {"size_mb": round(size_mb, 1)})


def help_time() -> Figure:
    """The best of five runs, each a new process: what is asked is the work, not what else the machine does."""
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", HELP], check=True, capture_output=True)
        seconds.append(time.perf_counter() - begin)
    best = min(seconds)
    return Figure(f"{best:.2f} s", best <= 0.4, {"best_s": round(best, 3), "worst_s": round(max(seconds), 3)})


BARS: tuple[Bar, ...] = (
    Bar(
        id="core-environment-size",
        sentence="A new environment with the core of megawatt and all it needs is small.",
        target="at most 750 MB",
        covers=("locks/core.txt",),
        measure=core_environment_size,
    ),
)
if (ROOT / "src/megawatt/app/cli.py").exists():  # the command line comes later than the house
    BARS += (
        Bar(
            id="help-time",
            sentence="`megawatt --help` answers at once (best of five).",
            target="at most 0.4 s",
            covers=("locks/core.txt", "src/megawatt/__init__.py", "src/megawatt/app/cli*.py"),
            measure=help_time,
        ),
    )
