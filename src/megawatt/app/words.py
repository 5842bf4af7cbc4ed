"""Numbers as people read them: three or four significant digits, the unit after the number."""


def usd(amount: float) -> str:
    """Money with k, M or bn: ``61.8 M USD``, ``-3.24 k USD``."""
    for factor, letter in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if abs(amount) >= factor * 0.9995:
            return f"{amount / factor:.4g}{letter} USD"
    return f"{amount:.3g} USD"


def percent(share: float | None) -> str:
    """A share in percent with one decimal; a dash where there is none."""
    return "-" if share is None else f"{100 * share:.1f} %"
