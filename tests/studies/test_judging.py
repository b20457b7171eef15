"""From findings to claims: all words reachable, controls, Holm, the order of severity."""

import pytest

from studies.harness import Criteria, Criterion, Outcome, Verdict
from studies.harness.judging import claim_verdict, settle, wants_more_seeds
from studies.harness.statistics import along_axis
from studies.harness.verdict import worst

pytestmark = pytest.mark.once


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


def axis(*p_values, verdict=Verdict.CONFIRMED):
    return along_axis(range(len(p_values)), [Outcome(verdict, p_value=p) for p in p_values])


def test_the_points_of_an_axis_belong_to_the_studys_family():
    criteria = declare(a={}, b={})
    # among themselves both points would survive: 2 * 0.02 = 0.04; in the family of three they do not
    found = judge(criteria, a=axis(0.02, 0.02), b=Outcome(Verdict.CONFIRMED, p_value=0.03))
    assert [p.p_adjusted for p in found["a"].points] == pytest.approx([0.06, 0.06])
    assert [p.verdict for p in found["a"].points] == ["inconclusive", "inconclusive"]
    assert (found["a"].verdict, found["a"].unguarded, found["a"].estimate) == ("inconclusive", "confirmed", 0)
    assert found["a"].note == (
        "holds at no point; fails at no point; undecided at 0, 1; confirmed before Holm's correction"
    )
    # and the points make the family larger for the others
    assert (found["b"].p_adjusted, found["b"].verdict) == (pytest.approx(0.06), "inconclusive")


def test_each_point_of_an_axis_is_decided_by_its_own_corrected_p():
    criteria = declare(a={}, b={})
    mixed = along_axis(
        ["x", "y", "z"],
        [Outcome(Verdict(v), p_value=p) for v, p in (("confirmed", 1e-4), ("refuted", 2e-4), ("confirmed", 0.02))],
    )
    made = criteria.finding("a", mixed, note="own note")
    found = {f.name: f for f in settle([made, criteria.finding("b", axis(0.03, 0.04))], criteria)}
    assert [(p.at, p.verdict) for p in found["a"].points] == [
        ("x", "confirmed"),
        ("y", "refuted"),
        ("z", "inconclusive"),
    ]
    assert found["a"].verdict == "qualified"  # as before: two points still decide
    assert found["a"].note == "holds at x; fails at y; undecided at z; own note"
    assert (found["a"].unguarded, found["a"].estimate) == (None, pytest.approx(1 / 3))
    assert [p.p_adjusted for p in found["b"].points] == pytest.approx([0.06, 0.06])


def test_descriptive_axes_are_corrected_over_their_own_points():
    criteria = declare(a={}, s={"role": "secondary"}, k={"role": "break", "guards": "a"})
    found = judge(criteria, a=Outcome(Verdict.CONFIRMED, p_value=0.03), s=axis(0.02, 0.02), k=axis(0.03, 0.03))
    assert (found["a"].p_adjusted, found["a"].verdict) == (0.03, "confirmed")
    assert [p.p_adjusted for p in found["s"].points] == [0.04, 0.04]
    assert (found["s"].verdict, found["k"].verdict) == ("confirmed", "inconclusive")


def test_a_declared_tolerance_is_that_of_the_points_too():
    criteria = declare(a={"tolerance": 0.3}, b={})
    found = judge(criteria, a=axis(0.001), b=along_axis([1], [Outcome(Verdict.EXACT, tolerance=1.0)]))
    assert {found["a"].tolerance, found["a"].points[0].tolerance} == {0.3}
    assert (found["b"].tolerance, found["b"].points[0].tolerance) == (0.0, 1.0)


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
        ({"volatile": True}, "'a' is primary: only a secondary finding is volatile"),
        ({"role": "break", "guards": "b", "volatile": True}, "only a secondary"),
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
