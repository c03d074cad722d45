"""Properties of a member's coverage after any X12 834 loop."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from precert.domain.coverage import Member
from precert.domain.enrollment import CoverageChange, Enrollment, FilePurpose
from precert.domain.loads import Refused
from tests.fakes.samples import PATIENT, PLAN

DAYS = st.integers(0, 60).map(lambda days: date(2026, 1, 1) + timedelta(days=days))
PLANS = st.sampled_from([PLAN, PLAN.model_copy(update={"plan_id": "HMO-1"})])
CHANGES = st.builds(
    CoverageChange,
    segment=st.just(1),
    plan=PLANS,
    ends=st.booleans(),
    account=st.just("3211"),
    active_from=st.none() | DAYS,
    active_to=st.none() | DAYS,
)
LOOPS = st.builds(
    Enrollment,
    member_id=st.just("849382930"),
    account=st.just("3211"),
    account_name=st.just("Account"),
    terminates=st.booleans(),
    purpose=st.just(FilePurpose.UPDATE),
    person=st.just({name: one for name, one in PATIENT.items() if name != "member_id"}),
    coverages=st.lists(CHANGES, max_size=4).map(tuple),
    eligible_to=st.none() | DAYS,
)


@given(st.lists(LOOPS, min_size=1, max_size=4))
def test_coverage_never_overlaps_when_loops_of_one_member_follow_one_another(
    loops: list[Enrollment],
) -> None:
    member: Member | None = None
    for loop in loops:
        result = loop.changed(member)
        if isinstance(result, Refused):
            assert result.message != "must be valid and complete" or "HD" in result.column
            continue
        member = result
        spans = member.spans if member else ()
        assert all(before.last_day < after.active_from for before, after in pairwise(spans))
