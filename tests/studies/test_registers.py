"""The real registers and the real studies keep the contract with one another."""

import collections

import pytest

from studies.harness import study
from studies.harness.registry import registry

pytestmark = pytest.mark.once
STUDIES = study.discover()


def test_the_registers_are_complete_and_consistent():
    known = registry()
    assert (len(known.lectures), len(known.claims), len(known.errata)) == (5, 168, 60)
    assert known.problems() == []
    for id, claim in known.claims.items():
        assert claim["claim"].strip(), id
        assert known.sources(id), id


def test_each_claim_has_at_most_one_study_and_is_registered():
    counts = collections.Counter(c for s in STUDIES.values() for c in s.claims)
    assert [c for c, n in counts.items() if n > 1] == []
    assert [c for c in counts if c not in registry().claims] == []


def test_errata_that_findings_show_are_registered():
    named = {e for s in STUDIES.values() for e in s.errata}
    assert named <= set(registry().errata)


@pytest.mark.parametrize("id", list(STUDIES))
def test_real_studies_keep_the_contract(id):
    loaded = study.load(id)
    assert STUDIES[id].claims == loaded.CLAIMS
    assert loaded.EXPECTED_SECONDS["quick"] <= loaded.EXPECTED_SECONDS["full"]
