"""The verdict rule, case by case, on made-up findings."""

from importlib.resources import files

import pytest

from megawatt.core.errors import InputError
from megawatt.markets.claims import Finding, Verdict, claim_verdict, judge, parse_registry
from megawatt.markets.placebo import Placebo

TEXT = """
declared = "2024-06-01"
[[family]]
name = "f"
members = ["a", "b"]
correction = "Bonferroni"
level = 0.05
[[claim]]
name = "c"
text = "x soars because of y"
who = "someone"
role = "analyst"
source = "a paper"
known = "2024-06-20"
[[claim.hypothesis]]
name = "a"
statement = "x rose"
test = "markets.event_mean"
family = "f"
falsifier = "x did not rise"
parameters = {}
[[claim.hypothesis]]
name = "b"
statement = "y led"
test = "markets.lead"
family = "f"
falsifier = "y did not lead"
parameters = {}
"""
QUIET = Placebo(40, 1000, 0.073)
NOTHING = Finding(p_values={"120": 0.9, "43": 0.9}, p_opposite={"120": 0.1, "43": 0.1}, placebo=QUIET)


def verdict(p: float, p_other: float, **more: object) -> Verdict:
    """Verdict of ``a`` with one-sided p-values in two windows; the family has two members."""
    finding = Finding(
        p_values={"120": p, "43": p_other},
        p_opposite={"120": 1 - p, "43": 1 - p_other},
        **{"placebo": QUIET, **more},  # type: ignore[arg-type]
    )
    return judge(parse_registry(TEXT), {"a": finding, "b": NOTHING})["a"].verdict


def test_a_small_p_value_in_every_window_supports() -> None:
    assert verdict(0.01, 0.02) is Verdict.SUPPORTED


def test_the_family_counts() -> None:
    assert verdict(0.03, 0.03) is Verdict.NOT_SUPPORTED


def test_a_large_p_value_does_not_support() -> None:
    assert verdict(0.4, 0.6) is Verdict.NOT_SUPPORTED


def test_the_opposite_sign_contradicts() -> None:
    assert verdict(0.999, 0.995) is Verdict.CONTRADICTED


def test_windows_that_disagree_are_not_robust_and_said_so() -> None:
    assert verdict(0.001, 0.3) is Verdict.NOT_ROBUST
    finding = Finding(p_values={"120": 0.001, "43": 0.3}, p_opposite={"120": 1.0, "43": 0.7}, placebo=QUIET)
    because = judge(parse_registry(TEXT), {"a": finding, "b": NOTHING})["a"].because
    assert because == "the windows disagree (120: supported, 43: not supported)"


def test_a_known_event_in_the_window_confounds_what_would_be_supported() -> None:
    assert verdict(0.01, 0.01, confounders=("merger notice",)) is Verdict.CONFOUNDED
    assert verdict(0.4, 0.4, confounders=("merger notice",)) is Verdict.NOT_SUPPORTED


def test_a_test_that_cries_wolf_supports_nothing() -> None:
    assert verdict(0.01, 0.01, placebo=Placebo(74, 1000, 0.073)) is Verdict.NOT_ROBUST
    assert verdict(0.4, 0.4, placebo=Placebo(74, 1000, 0.073)) is Verdict.NOT_SUPPORTED


def test_what_the_data_cannot_answer_is_untestable() -> None:
    assert verdict(0.0, 0.0, untestable="no flows") is Verdict.UNTESTABLE


def test_a_claim_is_as_good_as_its_weakest_testable_hypothesis() -> None:
    registry = parse_registry(TEXT)
    good = Finding(p_values={"120": 0.001}, p_opposite={"120": 0.999}, placebo=QUIET)
    unknown = Finding(untestable="no flows")
    claim = registry.claims[0]
    assert claim_verdict(claim, judge(registry, {"a": good, "b": NOTHING})) is Verdict.NOT_SUPPORTED
    assert claim_verdict(claim, judge(registry, {"a": good, "b": unknown})) is Verdict.SUPPORTED
    assert claim_verdict(claim, judge(registry, {"a": unknown, "b": unknown})) is Verdict.UNTESTABLE
    assert claim_verdict(claim, {}) is None


def test_a_finding_nobody_declared_is_refused() -> None:
    with pytest.raises(InputError, match="every test was declared"):
        judge(parse_registry(TEXT), {"z": NOTHING})


def test_a_family_is_judged_only_when_it_is_complete() -> None:
    with pytest.raises(InputError, match="declared before looking"):
        judge(parse_registry(TEXT), {"a": NOTHING})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('members = ["a", "b"]', 'members = ["a"]'),
        ('name = "b"', 'name = "a"'),
        ('declared = "2024-06-01"', ""),
        ('falsifier = "x did not rise"', ""),
        ('falsifier = "x did not rise"', 'falsifier = "x"\nsurprise = 1'),
        ('correction = "Bonferroni"', 'correction = "none"'),
        ("[[claim]]", "[[claim"),
    ],
)
def test_a_registry_that_is_wrong_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError):
        parse_registry(TEXT.replace(old, new))


def test_the_shipped_registry_holds_the_articles_six_claims_each_with_falsifier_and_role() -> None:
    registry = parse_registry(files("megawatt.markets").joinpath("article.toml").read_text(encoding="utf-8"))
    names = [claim.name for claim in registry.claims]
    assert names == ["rotation", "reaction", "twenty-trillion", "bitwise-role", "halving", "deal-or-bid"]
    assert all(one.falsifier and one.statement for one in registry.hypotheses().values())
    assert all(claim.role and claim.source for claim in registry.claims)
