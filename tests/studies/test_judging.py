"""From findings to claims: all words reachable, controls, Holm, the order of severity."""

import pytest

from studies.harness import Criteria, Criterion, Outcome, Verdict
from studies.harness.judging import claim_verdict, settle, wants_more_seeds
from studies.harness.verdict import worst


def declare(*roles, **names):
    texts = {"claim": "c", "statement": "s", "criterion": "k"}
    return Criteria(*(Criterion(name=n, **(texts | fields)) for n, fields in names.items()))


def judge(criteria, **outcomes):
    made = [
        criteria.finding(n, o if isinstance(o, Outcome) else Outcome(verdict=Verdict(o))) for n, o in outcomes.items()
    ]
    return {f.name: f for f in settle(made, criteria)}


def test_order_of_severity():
    words = ["void", "refuted", "inconclusive", "not-regenerable", "qualified", "null", "confirmed", "exact"]
    assert [str(v) for v in Verdict] == words
    assert worst(["exact", "null", "qualified"]) == "qualified"


@pytest.mark.parametrize("word", [v for v in Verdict if v not in ("void", "not-regenerable")])
def test_a_claim_can_get_every_word_of_its_findings(word):
    criteria = declare(a={}, b={})
    found = judge(criteria, a=word, b="exact")
    assert claim_verdict("c", found.values()) == word


def test_a_claim_out_of_reach_is_at_best_not_regenerable():
    criteria = declare(a={})
    found = judge(criteria, a="confirmed").values()
    assert claim_verdict("c", found, regenerable=False) == "not-regenerable"
    assert claim_verdict("c", judge(criteria, a="refuted").values(), regenerable=False) == "refuted"


@pytest.mark.parametrize(
    ("role", "control", "void"),
    [
        ("break", "confirmed", True),
        ("break", "exact", True),
        ("break", "qualified", True),
        ("break", "refuted", False),
        ("break", "null", False),
        ("break", "inconclusive", False),
        ("null", "confirmed", False),
        ("null", "exact", False),
        ("null", "null", False),
        ("null", "refuted", True),
        ("null", "inconclusive", True),
    ],
)
def test_a_control_that_went_wrong_makes_its_finding_void(role, control, void):
    criteria = declare(a={}, b={}, k={"role": role, "guards": "a"})
    found = judge(criteria, a="confirmed", b="exact", k=control)
    assert (found["a"].verdict == "void") is void
    assert found["b"].verdict == "exact"
    assert claim_verdict("c", found.values()) == ("void" if void else "confirmed")
    if void:
        assert found["a"].unguarded == "confirmed"
        assert "control went wrong: k" in found["a"].note


def test_as_printed_and_secondary_findings_do_not_count():
    criteria = declare(a={}, p={"role": "as-printed", "erratum": "E01"}, s={"role": "secondary"})
    found = judge(criteria, a="exact", p="refuted", s="refuted")
    assert claim_verdict("c", found.values()) == "exact"


def test_holm_takes_back_a_decision_over_the_studys_primary_endpoints():
    criteria = declare(a={}, b={}, s={"role": "secondary"})
    strong, weak = Outcome(Verdict.CONFIRMED, p_value=0.001), Outcome(Verdict.CONFIRMED, p_value=0.03)
    found = judge(criteria, a=strong, b=weak, s=weak)
    assert {n: str(f.verdict) for n, f in found.items()} == dict.fromkeys("abs", "confirmed")
    found = judge(criteria, a=weak, b=Outcome(Verdict.NULL, p_value=0.6), s=weak)
    assert (found["a"].verdict, found["a"].p_adjusted) == ("inconclusive", 0.06)
    assert found["a"].unguarded == "confirmed"
    assert found["b"].verdict == "null"
    assert found["s"].verdict == "confirmed"  # descriptive: no member of the family
    assert judge(criteria, a=Outcome(Verdict.REFUTED, p_value=0.03), b=weak, s=weak)["a"].verdict == "inconclusive"


def test_judge_must_return_what_was_declared():
    criteria = declare(a={}, b={})
    with pytest.raises(ValueError, match=r"missing \['b'\]"):
        judge(criteria, a="exact")
    with pytest.raises(ValueError, match="no criterion 'z' was declared"):
        criteria.finding("z", Outcome(Verdict.EXACT))


def test_only_extendable_primaries_ask_for_seeds():
    criteria = declare(a={"extendable": True}, b={})
    assert wants_more_seeds(judge(criteria, a="inconclusive", b="exact").values())
    assert not wants_more_seeds(judge(criteria, a="exact", b="inconclusive").values())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "Not A Slug"}, "slug"),
        ({"role": "break"}, "must name the finding"),
        ({"guards": "x"}, "only break and null"),
        ({"role": "as-printed"}, "must name its erratum"),
        ({"role": "secondary", "extendable": True}, "only a primary"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_declarations_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Criterion(**({"claim": "c", "name": "a", "statement": "s", "criterion": "k"} | fields))


def test_controls_must_guard_a_finding_of_the_study():
    with pytest.raises(ValueError, match="guards 'zz'"):
        declare(a={}, k={"role": "null", "guards": "zz"})
    with pytest.raises(ValueError, match="twice"):
        Criteria(*[Criterion(claim="c", name="a", statement="s", criterion="k")] * 2)


def test_findings_are_frozen_and_hold_no_infinity():
    finding = declare(a={}).finding("a", Outcome(Verdict.REFUTED, estimate=float("inf"), low=float("nan")))
    assert (finding.estimate, finding.low) == (None, None)
    with pytest.raises(ValueError, match="frozen"):
        finding.verdict = Verdict.EXACT
