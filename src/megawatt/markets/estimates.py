"""What was published on AI, blockchain and GDP, each figure rebuilt from its parts on one base.

Base: PwC's own. 15.7 tn USD is 14 % of the GDP of 2030 without AI, hence 112.1 tn. A share of GDP from another source is applied
to this base; an amount in dollars stays what was printed. What is no level of GDP is listed and never added.
"""

from dataclasses import dataclass

from megawatt.markets.amounts import Amount, AmountKind

PWC_AI_TN, PWC_AI_SHARE = 15.7, 0.14
BASE_2030 = Amount.level(PWC_AI_TN / PWC_AI_SHARE)
"""GDP of 2030 without AI implied by PwC [tn USD]: 112.14."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A published estimate.

    Attributes:
        name: Who and when.
        subject: ``"AI"``, ``"blockchain"`` or ``"both"``.
        low: Lower end.
        high: Upper end; the same where one figure was printed.
        parts: Parts as printed [tn USD], or factors of a product.
        rebuilt: The figure that follows from the parts [tn USD, or a share for a product].
        source: Document.
        remark: What a reader must know.
    """

    name: str
    subject: str
    low: Amount
    high: Amount
    parts: tuple[tuple[str, float], ...]
    rebuilt: float
    source: str
    remark: str = ""

    @property
    def is_level(self) -> bool:
        """Whether it is a level of GDP that may stand beside the others."""
        return self.low.kind is AmountKind.LEVEL

    def share(self) -> tuple[float, float]:
        """Both ends as a share of the base; only for levels."""
        return self.low.share_of(BASE_2030), self.high.share_of(BASE_2030)


def _level(tn: float) -> Amount:
    return Amount.level(tn)


_PWC_PARTS = (("productivity", 6.6), ("consumption", 9.1))
_CHAIN_PARTS = (
    ("provenance", 0.962),
    ("payments", 0.433),
    ("identity", 0.224),
    ("contracts", 0.073),
    ("engagement", 0.054),
)
_TASKS = (("share of tasks exposed", 0.199), ("profitable to automate", 0.23), ("cost saved", 0.144))
_B = BASE_2030.tn_usd

PWC_AI = Estimate(
    "PwC 2017",
    "AI",
    _level(PWC_AI_TN),
    _level(PWC_AI_TN),
    _PWC_PARTS,
    sum(value for _, value in _PWC_PARTS),
    "PwC, Sizing the prize, 27 June 2017",
    "+14 % of GDP in 2030 against a world without AI",
)
PWC_BLOCKCHAIN = Estimate(
    "PwC 2020",
    "blockchain",
    _level(1.76),
    _level(1.76),
    _CHAIN_PARTS,
    sum(value for _, value in _CHAIN_PARTS),
    "PwC, Time for trust, October 2020",
    "printed as 1.4 % of GDP; the five parts as printed sum to 1.746",
)
BITWISE = Estimate(
    "Bitwise 2024",
    "both",
    _level(20.0),
    _level(20.0),
    (("PwC AI", 15.7), ("PwC blockchain, rounded", 1.8)),
    15.7 + 1.8,
    "Bitwise CIO memo, 11 June 2024",
    "the rest is called a synergy and has no model",
)
IDC_SUM = Estimate(
    "IDC 2024, sum to 2030",
    "AI",
    Amount(19.9, AmountKind.CUMULATIVE, 2024, 2030),
    Amount(19.9, AmountKind.CUMULATIVE, 2024, 2030),
    (),
    19.9,
    "IDC, September 2024 (22.3 in April 2025)",
    "a sum over years: not comparable with a level",
)
IDC_2030 = Estimate(
    "IDC 2024, year 2030",
    "AI",
    _level(4.9),
    _level(4.9),
    (("share of GDP", 0.035),),
    4.9,
    "IDC, September 2024",
    "3.5 % of GDP in 2030, hence a base of 140 tn, larger than PwC's",
)
ACEMOGLU = Estimate(
    "Acemoglu 2024",
    "AI",
    _level(0.0093 * _B),
    _level(0.0156 * _B),
    _TASKS,
    0.199 * 0.23 * 0.144,
    "Acemoglu, The simple macroeconomics of AI, NBER 32487, May 2024",
    "parts multiply to the gain of total factor productivity in 10 years (0.66 %); GDP 0.93-1.56 %",
)
GOLDMAN = Estimate(
    "Goldman Sachs 2023",
    "AI",
    _level(0.07 * _B),
    _level(0.07 * _B),
    (("share of GDP over ten years", 0.07),),
    0.07 * _B,
    "Goldman Sachs, March 2023",
    "7 % over ten years, printed as almost 7 tn on the GDP of 2023",
)
MCKINSEY = Estimate(
    "McKinsey 2023",
    "AI",
    Amount(2.6, AmountKind.ANNUAL_FLOW, 2030, 2030),
    Amount(4.4, AmountKind.ANNUAL_FLOW, 2030, 2030),
    (),
    2.6,
    "McKinsey, The economic potential of generative AI, June 2023",
    "value of use cases a year, not GDP",
)

ESTIMATES = (PWC_AI, PWC_BLOCKCHAIN, BITWISE, IDC_SUM, IDC_2030, ACEMOGLU, GOLDMAN, MCKINSEY)


@dataclass(frozen=True, slots=True)
class SumOfParts:
    """A target beside the parts that were published for it.

    Attributes:
        target: The target.
        parts: Sum of the published parts.
        unmodelled: What is left without a model.
        share_of_base: Target over the base.
        unmodelled_share: Unmodelled part over the published ones.
    """

    target: Amount
    parts: Amount
    unmodelled: Amount
    share_of_base: float
    unmodelled_share: float


def sum_of_parts(target_tn: float = 20.0) -> SumOfParts:
    """Bitwise's target against PwC's two figures, as printed by PwC."""
    target = Amount.level(target_tn)
    parts = PWC_AI.low + PWC_BLOCKCHAIN.low
    rest = target - parts
    return SumOfParts(target, parts, rest, target.share_of(BASE_2030), rest.share_of(parts))


def highest_modelled() -> Amount:
    """The highest published level of AI plus that of blockchain; Bitwise's own sum is the claim and no evidence."""
    best = {
        subject: max((e.high for e in ESTIMATES if e.is_level and e.subject == subject), key=lambda a: a.tn_usd)
        for subject in ("AI", "blockchain")
    }
    return best["AI"] + best["blockchain"]
