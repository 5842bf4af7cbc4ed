"""What a check finds: severity, value, rule, remedy and place."""

from dataclasses import dataclass
from typing import Literal

from megawatt.core.errors import InputError
from megawatt.site.read import Site

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check found.

    Attributes:
        severity: ``"error"`` = the site cannot be calculated or cannot work; ``"warning"`` = it can, but look again.
        value: What was found, with its unit.
        rule: The rule it breaks.
        remedy: What to do next.
        place: File, line, table and key.
        check: Name of the check.
    """

    severity: Severity
    value: str
    rule: str
    remedy: str
    place: str
    check: str = ""

    def __str__(self) -> str:
        return f"{self.severity}: {self.place}: {self.value}, but {self.rule}. {self.remedy}"

    def as_error(self) -> InputError:
        """The finding as an error that can be raised."""
        return InputError(self.value, self.rule, self.remedy, self.place)


def error(site: Site, path: tuple[str | int, ...], value: str, rule: str, remedy: str) -> Finding:
    """A finding with which the site cannot be calculated or cannot work; ``path`` as in `Site.where`."""
    return Finding("error", value, rule, remedy, site.where(*path))


def warning(site: Site, path: tuple[str | int, ...], value: str, rule: str, remedy: str) -> Finding:
    """A finding to look at again; ``path`` as in `Site.where`."""
    return Finding("warning", value, rule, remedy, site.where(*path))
