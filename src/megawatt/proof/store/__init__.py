"""The log on disk: the one part of `proof` that touches the directory it is handed."""

from megawatt.proof.store.directory import ServedDirectory
from megawatt.proof.store.durable import replace_file
from megawatt.proof.store.key_file import create_key, read_key
from megawatt.proof.store.log import Log, create_log
from megawatt.proof.store.recovery import take_lock
from megawatt.proof.store.system import System

__all__ = ["Log", "ServedDirectory", "System", "create_key", "create_log", "read_key", "replace_file", "take_lock"]
