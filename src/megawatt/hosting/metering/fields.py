"""Reading the members of an entry's body, each by its form; docs/proof/settlement.md has the forms.

What is wrong raises `FormatError`, so that an entry either has exactly its form or does not count.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

from megawatt.proof.canonical import Json
from megawatt.proof.errors import FormatError, ProofError
from megawatt.proof.keys import ED25519, VerifierKey

T = TypeVar("T")

LIMIT = 10**15
MILLION = 10**6
MAX_RATE = 10**12
MAX_INSTANT = 10**11
MAX_ITEMS = 4000
_MAX_TEXT = 1000
_ID = re.compile(r"[0-9a-f]{64}")
_MONTH = re.compile(r"(?:197[1-9]|19[89][0-9]|2[0-9]{3})-(?:0[1-9]|1[0-2])")


def bad(value: str, rule: str) -> FormatError:
    """The error for a member that is not in its form."""
    return FormatError(value, rule, "See docs/proof/settlement.md.")


class Fields:
    """The members of one object; every one must be read, and `end` refuses what is left over.

    Args:
        value: Parsed JSON.
        what: Name of the object for messages.
    """

    def __init__(self, value: Json, what: str) -> None:
        if not isinstance(value, Mapping):
            raise bad(f"{what} {value!r:.60}", "it is an object")
        self._value, self._what, self._read = value, what, 0

    def take(self, name: str) -> Json:
        """A member in whatever form it has."""
        if name not in self._value:
            raise bad(f"{self._what} without {name}", "the member must be there")
        self._read += 1
        return self._value[name]

    def end(self) -> None:
        """Refuse members that nobody has read."""
        if self._read != len(self._value):
            raise bad(f"{self._what} with {', '.join(sorted(self._value))[:200]}", "there are members too many")

    def integer(self, name: str, low: int = -LIMIT, high: int = LIMIT) -> int:
        """A whole number within limits."""
        return whole(self.take(name), f"{self._what}, {name}", low, high)

    def instant(self, name: str) -> int:
        """Seconds since 1970 UTC."""
        return self.integer(name, 0, MAX_INSTANT)

    def ppm(self, name: str) -> int:
        """Millionths of one."""
        return self.integer(name, 0, MILLION)

    def text(self, name: str, *, empty: bool = False, most: int = _MAX_TEXT) -> str:
        """A text, not empty where nothing else is said."""
        value = self.take(name)
        if not isinstance(value, str) or len(value) > most or not (value or empty):
            raise bad(f"{self._what}, {name} {value!r:.60}", f"it is a text of at most {most} characters")
        return value

    def choice(self, name: str, *known: str) -> str:
        """One of a few words."""
        value = self.text(name, empty=True)
        if value not in known:
            raise bad(f"{self._what}, {name} {value[:60]!r}", f"known are {', '.join(known)}")
        return value

    def id(self, name: str, *, empty: bool = False) -> str:
        """An entry id."""
        value = self.text(name, empty=empty)
        if value and not _ID.fullmatch(value):
            raise bad(f"{self._what}, {name} {value[:60]!r}", "an entry id is 64 lower-case hexadecimal digits")
        return value

    def ids(self, name: str) -> tuple[str, ...]:
        """A list of entry ids."""
        found = self.items(name)
        if not all(isinstance(one, str) and _ID.fullmatch(one) for one in found):
            raise bad(f"{self._what}, {name}", "it lists entry ids of 64 lower-case hexadecimal digits")
        return tuple(str(one) for one in found)

    def month(self, name: str) -> str:
        """A local month."""
        value = self.text(name)
        if not _MONTH.fullmatch(value):
            raise bad(f"{self._what}, {name} {value[:60]!r}", "a month reads 2024-07, in the years 1971 to 2999")
        return value

    def vkey(self, name: str, *, empty: bool = False) -> str:
        """A public key of type 0x01 as text."""
        value = self.text(name, empty=empty)
        if value:
            try:
                key = VerifierKey.from_text(value)
            except ProofError as error:
                raise bad(f"{self._what}, {name} {value[:80]!r}", f"it is no vkey: {error.value}") from None
            if key.kind != ED25519:
                raise bad(f"{self._what}, {name} {value[:80]!r}", "entries are signed by keys of type 0x01")
        return value

    def items(self, name: str, least: int = 0) -> Sequence[Json]:
        """A list of anything."""
        value = self.take(name)
        if not isinstance(value, list | tuple) or not least <= len(value) <= MAX_ITEMS:
            raise bad(f"{self._what}, {name}", f"it is a list of {least} to {MAX_ITEMS} members")
        return value

    def integers(self, name: str, low: int = -LIMIT, high: int = LIMIT) -> Sequence[int | None]:
        """A list of whole numbers and nulls, at least one."""
        value = cast("Sequence[int | None]", self.items(name, 1))
        # By types first, in C: a month of 2,000 meters has 18 million readings.
        if not set(map(type, value)) <= {int, type(None)}:
            raise bad(f"{self._what}, {name}", "it lists whole numbers and nulls")
        numbers = cast("Sequence[int]", value if None not in value else [one for one in value if one is not None])
        if numbers and not low <= min(numbers) <= max(numbers) <= high:
            raise bad(f"{self._what}, {name}", f"its numbers lie in {low} to {high}")
        return value

    def optional(self, name: str, read: Callable[[str], T]) -> T | None:
        """A member that may be null."""
        if self._value.get(name, 0) is None:
            self._read += 1
            return None
        return read(name)


def whole(value: Json, what: str, low: int = -LIMIT, high: int = LIMIT) -> int:
    """A whole number within limits; true and false are none."""
    if type(value) is not int or not low <= value <= high:
        raise bad(f"{what} {value!r:.60}", f"it is a whole number in {low} to {high}")
    return value
