"""Errors that say what was found, which rule it breaks, and what to do.

MegawattError
├── InputError            the user's file, option or data are wrong (exit code 2)
│   ├── UnitError         two amounts of different unit or kind were mixed
│   └── MissingExtraError an optional package is not installed
├── NotKnownError         a value was asked for before it was known
└── SolverError           a solver ended without an answer
"""


class MegawattError(Exception):
    """Base of all errors that megawatt raises on purpose.

    Args:
        value: What was found, with its unit, for example ``"hall 'hall-2' asks 62.0 MW"``.
        rule: The rule it breaks, for example ``"the meter limit is 60.0 MW"``.
        remedy: What to do next, for example ``"Lower critical_it_mw or raise meter_limit_mw."``.
        place: Where it was found, for example ``"site.toml line 41, [[hall]] 2, critical_it_mw"``.
    """

    def __init__(self, value: str, rule: str, remedy: str, place: str | None = None) -> None:
        self.value = value
        self.rule = rule
        self.remedy = remedy
        self.place = place
        where = f"{place}: " if place else ""
        super().__init__(f"{where}{value}, but {rule}. {remedy}")

    def __reduce__(self) -> tuple[type["MegawattError"], tuple[str, str, str, str | None]]:
        """Let errors cross process borders with all four parts."""
        return type(self), (self.value, self.rule, self.remedy, self.place)


class InputError(MegawattError):
    """The user's file, option or data are wrong."""


class UnitError(InputError):
    """Two amounts of different unit or kind were mixed."""


class MissingExtraError(InputError):
    """An optional package is not installed."""

    @classmethod
    def named(cls, package: str, extra: str, purpose: str) -> "MissingExtraError":
        """Name the package, what it is needed for, and the command that installs it."""
        return cls(
            f"{purpose} needs the package {package!r}",
            "it is not part of the core installation",
            f"Install it with: pip install 'megawatt[{extra}]'",
        )


class NotKnownError(MegawattError):
    """A value was asked for before it was known."""


class SolverError(MegawattError):
    """A solver ended without an answer."""
