"""Errors of the log: what was found, which rule it breaks, what to do next.

ProofError
├── FormatError       bytes or text are not in the format that they claim
├── VerifyError       well formed, but the signature, proof, quorum or content is wrong: the answer is "no"
└── StoreError        the directory or the disk did not do what durability needs
    ├── DamageError   acknowledged or signed data are missing or altered on disk
    └── RollbackError signing would go back behind a size that a witness has cosigned

The package is read and run by auditors who have nothing else of megawatt, so it has its own small family.
"""


class ProofError(Exception):
    """Base of all errors that the log raises on purpose.

    Args:
        value: What was found, for example ``"tree size '007'"``.
        rule: The rule it breaks, for example ``"a number has no leading zeros"``.
        remedy: What to do next, for example ``"Write '7'."``.
    """

    def __init__(self, value: str, rule: str, remedy: str) -> None:
        self.value = value
        self.rule = rule
        self.remedy = remedy
        super().__init__(f"{value}, but {rule}. {remedy}")

    def __reduce__(self) -> tuple[type["ProofError"], tuple[str, str, str]]:
        """Let errors cross process borders with all three parts."""
        return type(self), (self.value, self.rule, self.remedy)


class FormatError(ProofError):
    """Bytes or text are not in the format that they claim."""


class VerifyError(ProofError):
    """A signature, proof, quorum or content is wrong."""


class StoreError(ProofError):
    """The directory or the disk did not do what durability needs."""


class DamageError(StoreError):
    """Acknowledged or signed data are missing or altered on disk."""


class RollbackError(StoreError):
    """Signing would go back behind a size that a witness has cosigned."""
