"""Access to every operation of the route table by every kind of caller."""

from dataclasses import dataclass, replace
from typing import Any, Final

import httpx
import pytest

from local.client import Caller
from local.deployment import Deployment
from local.journey.content import PATIENT
from local.users import (
    CLERK,
    FACILITY,
    NEWCOMER,
    OPERATOR,
    PASSWORD,
    PROVIDER,
    REVIEWER,
    VENDOR,
    User,
)
from precert.api.operation import Operation
from precert.names import Entitlement
from tests.depth import DEEP
from tests.fakes.sample_calls import ABSENT_ID, body_of, path_of
from tests.journeys.access import encoded, part, refusal
from tests.journeys.portal import (
    OTHER_QUEUE,
    STRANGER,
    Json,
    Portal,
    register_user,
    until,
    without_call,
)
from tools.operations import OPERATIONS, ROUTES

PROVIDERS: Final = [
    r for r in ROUTES if OPERATIONS[r.operation_id].entitlement is Entitlement.PATIENT_SEARCH
]
REVIEWERS: Final = [
    r for r in ROUTES if OPERATIONS[r.operation_id].entitlement is Entitlement.REVIEWER
]
OPERATORS: Final = [
    r for r in ROUTES if OPERATIONS[r.operation_id].entitlement is Entitlement.OPERATOR
]
CLERKS: Final = [r for r in ROUTES if OPERATIONS[r.operation_id].entitlement is Entitlement.INTAKE]
LEADS: Final = [
    r for r in ROUTES if OPERATIONS[r.operation_id].entitlement is Entitlement.REVIEW_LEAD
]
ANYONE: Final = [r for r in ROUTES if OPERATIONS[r.operation_id].entitlement is None]
VENDORS: Final = [r for r in ROUTES if OPERATIONS[r.operation_id].entitlement is Entitlement.VENDOR]
SEVERAL: Final = User(
    "several",
    "a provider of three TINs, one of them the provider's",
    (Entitlement.PATIENT_SEARCH,),
    ("690121430", *PROVIDER.tins, "690121429"),
)


def named(routes: list[Operation]) -> pytest.MarkDecorator:
    """Parametrize by route."""
    return pytest.mark.parametrize("route", routes, ids=[route.operation_id for route in routes])


@dataclass(frozen=True)
class Ids:
    """A draft and a pending request of the provider."""

    draft: str
    request: str
    content: Json

    def in_path(self, route: Operation) -> str:
        request_id = self.draft if "{draft_id}" in route.path else self.request
        return path_of(route, request_id)

    def call(self, route: Operation, caller: Caller) -> httpx.Response:
        """A valid call of the operation."""
        queries = {
            "searchProviders": {"zip_code": "44122", "kind": "FACILITY", "name": "cleve"},
            "listWorklist": {"plan_id": "OAP-COMPLETE"},
            "searchDiagnoses": {"q": "K55"},
            "searchProcedures": {"q": "44120"},
        }
        return caller.call(
            route.method,
            self.in_path(route),
            body_of(route, self.content),
            query=queries.get(route.operation_id),
            headers={"If-Match": '"1"'},
        )


@pytest.fixture(scope="module")
def ids(deployment: Deployment) -> Ids:
    portal = Portal.at(deployment)
    content = portal.content()
    return Ids(portal.draft(content), portal.pending(content), content)


def absent(ids: Ids) -> Ids:
    return replace(ids, draft=ABSENT_ID, request=ABSENT_ID)


def with_role(content: Json, tin: str) -> Json:
    return {**content, "requesting_provider": {**content["requesting_provider"], "tin": tin}}


# -- no token, and invalid tokens ---------------------------------------------------------------------


def forged(token: str) -> str:
    """The same signature with forged claims."""
    header, _, signature = token.split(".")
    claims = {**part(token, 1), "custom:tins": "690121431"}
    return ".".join((header, encoded(claims), signature))


def unsigned(token: str) -> str:
    return ".".join((encoded({"alg": "none", "typ": "JWT"}), token.split(".")[1], ""))


def of_another_pool(deployment: Deployment) -> str:
    """A valid token with the same user name and group from another pool."""
    cognito = deployment.cloud.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="elsewhere")["UserPool"]["Id"]
    cognito.create_group(UserPoolId=pool, GroupName=Entitlement.PATIENT_SEARCH.value)
    user = {"UserPoolId": pool, "Username": PROVIDER.name}
    cognito.admin_create_user(**user, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)
    cognito.admin_add_user_to_group(**user, GroupName=Entitlement.PATIENT_SEARCH.value)
    return token_of(deployment, pool, new_client(deployment, pool))


def new_client(deployment: Deployment, pool: str, **settings: Any) -> str:
    created = deployment.cloud.client("cognito-idp").create_user_pool_client(
        UserPoolId=pool,
        ClientName="another",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        **settings,
    )
    return str(created["UserPoolClient"]["ClientId"])


def token_of(deployment: Deployment, _pool: str, client: str) -> str:
    answered = deployment.cloud.client("cognito-idp").initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": PROVIDER.name, "PASSWORD": PASSWORD},
    )
    return str(answered["AuthenticationResult"]["AccessToken"])


@pytest.fixture(scope="module")
def expired(deployment: Deployment) -> str:
    """A token of the product's own client, one second after it was issued."""
    cognito = deployment.cloud.client("cognito-idp")
    named_client = {
        "UserPoolId": deployment.outputs["UserPoolId"],
        "ClientId": deployment.outputs["UserPoolClientId"],
    }
    before = cognito.describe_user_pool_client(**named_client)["UserPoolClient"]
    retained = {
        name: before[name]
        for name in (
            "ExplicitAuthFlows",
            "ReadAttributes",
            "WriteAttributes",
            "AccessTokenValidity",
        )
        if name in before
    }
    units = before.get("TokenValidityUnits", {})
    cognito.update_user_pool_client(
        **named_client,
        **{
            **retained,
            "AccessTokenValidity": 1,
            "TokenValidityUnits": {**units, "AccessToken": "seconds"},
        },
    )
    try:
        token = token_of(deployment, "", named_client["ClientId"])
    finally:
        cognito.update_user_pool_client(**named_client, **retained, TokenValidityUnits=units)
    caller = Caller(deployment.api_url, token)
    until(
        "waiting for the token to expire",
        lambda: caller.call("GET", "/v1/requests").status_code == 401 or None,
        10,
    )
    return token


@pytest.fixture(scope="module")
def worthless(deployment: Deployment, expired: str) -> dict[str, str | None]:
    token = deployment.caller(PROVIDER).token or ""
    pool = deployment.outputs["UserPoolId"]
    return {
        "none": None,
        "garbage": "not-a-token",
        "forged": forged(token),
        "unsigned": unsigned(token),
        "expired": expired,
        "another pool's": of_another_pool(deployment),
        "another client's": token_of(deployment, pool, new_client(deployment, pool)),
    }


KINDS: Final = (
    "none",
    "garbage",
    "forged",
    "unsigned",
    "expired",
    "another pool's",
    "another client's",
)
INVALID: Final = [
    pytest.param(kind, route, id=f"{kind}-{route.operation_id}")
    for position, route in enumerate(ROUTES)
    for kind in (KINDS if DEEP else dict.fromkeys((KINDS[0], KINDS[position % len(KINDS)])))
]
"""Each operation without a token and with another kind in turn; in a deep run with every kind. One
authorizer reads the tokens of all operations."""


@pytest.mark.parametrize(("kind", "route"), INVALID)
def test_caller_is_unauthenticated_when_the_token_is_invalid(
    deployment: Deployment, worthless: dict[str, str | None], ids: Ids, kind: str, route: Operation
) -> None:
    caller = Caller(deployment.api_url, worthless[kind])
    assert caller.call(route.method, ids.in_path(route)).status_code == 401


def test_token_is_accepted_when_it_is_the_callers_own(deployment: Deployment, ids: Ids) -> None:
    """The positive control for the refusals above."""
    assert deployment.caller(PROVIDER).call("GET", f"/v1/drafts/{ids.draft}").status_code == 200


# -- entitlements -------------------------------------------------------------------------------------


@pytest.mark.rule("A1")
@named(PROVIDERS)
def test_provider_operation_is_refused_when_patient_search_is_missing(
    deployment: Deployment, ids: Ids, route: Operation
) -> None:
    problem = refusal(ids.call(route, deployment.caller(NEWCOMER)), 403, "not_entitled")
    assert "website access manager" in problem["detail"]
    assert "Patient Search" in problem["detail"]


@named(ANYONE)
def test_operation_is_open_when_it_needs_no_entitlement(
    deployment: Deployment, ids: Ids, route: Operation
) -> None:
    assert ids.call(route, deployment.caller(NEWCOMER)).status_code == 200


def test_every_operation_has_an_entitlement_when_the_route_table_is_read() -> None:
    groups = (PROVIDERS, REVIEWERS, LEADS, OPERATORS, CLERKS, VENDORS, ANYONE)
    assert len(ROUTES) == sum(map(len, groups))


@named(PROVIDERS)
@pytest.mark.parametrize("user", [REVIEWER, OPERATOR, CLERK, VENDOR], ids=lambda user: user.name)
def test_provider_operation_is_refused_when_the_caller_is_not_a_provider(
    deployment: Deployment, ids: Ids, route: Operation, user: User
) -> None:
    response = ids.call(route, deployment.caller(user))
    if set(user.entitlements) & set(OPERATIONS[route.operation_id].also):
        assert response.status_code != 403
    else:
        refusal(response, 403, "not_entitled")


@named(LEADS)
@pytest.mark.parametrize("user", [PROVIDER, REVIEWER, OPERATOR], ids=lambda user: user.name)
def test_leads_operation_is_refused_when_the_caller_is_no_lead(
    deployment: Deployment, ids: Ids, route: Operation, user: User
) -> None:
    refusal(ids.call(route, deployment.caller(user)), 403, "not_entitled")


@named(REVIEWERS)
@pytest.mark.parametrize(
    "user", [PROVIDER, FACILITY, OPERATOR, CLERK, VENDOR, NEWCOMER], ids=lambda user: user.name
)
def test_review_is_refused_when_the_caller_is_not_a_reviewer(
    deployment: Deployment, ids: Ids, route: Operation, user: User
) -> None:
    refusal(ids.call(route, deployment.caller(user)), 403, "not_entitled")


@named(OPERATORS)
@pytest.mark.parametrize(
    "user", [PROVIDER, REVIEWER, CLERK, VENDOR, NEWCOMER], ids=lambda user: user.name
)
def test_operation_is_refused_when_the_caller_is_not_an_operator(
    deployment: Deployment, ids: Ids, route: Operation, user: User
) -> None:
    refusal(ids.call(route, deployment.caller(user)), 403, "not_entitled")


@named(CLERKS)
@pytest.mark.parametrize(
    "user", [PROVIDER, REVIEWER, OPERATOR, VENDOR, NEWCOMER], ids=lambda user: user.name
)
def test_registration_is_refused_when_the_caller_is_not_a_clerk(
    deployment: Deployment, ids: Ids, route: Operation, user: User
) -> None:
    refusal(ids.call(route, deployment.caller(user)), 403, "not_entitled")


@named(VENDORS)
@pytest.mark.parametrize(
    "user", [PROVIDER, REVIEWER, OPERATOR, CLERK, NEWCOMER], ids=lambda user: user.name
)
def test_report_is_refused_when_the_caller_is_not_a_vendor(
    deployment: Deployment, ids: Ids, route: Operation, user: User
) -> None:
    refusal(ids.call(route, deployment.caller(user)), 403, "not_entitled")


# -- resources of others ------------------------------------------------------------------------------


@pytest.mark.rule("A2")
@named([route for route in PROVIDERS if "{" in route.path])
def test_response_is_404_when_the_request_is_another_providers(
    deployment: Deployment, ids: Ids, route: Operation
) -> None:
    """A caller who writes their own TIN into the content gets it too."""
    stranger = deployment.caller(STRANGER)
    claimed = replace(ids, content=with_role(ids.content, STRANGER.tins[0]))
    theirs, nothing = claimed.call(route, stranger), absent(claimed).call(route, stranger)
    refusal(theirs, 404, "not_found")
    assert without_call(theirs) == without_call(nothing)
    assert _comparable(theirs) == _comparable(nothing)


@pytest.mark.rule("A2")
def test_request_and_draft_are_accessible_when_one_of_several_tins_matches(
    deployment: Deployment, ids: Ids
) -> None:
    register_user(deployment, SEVERAL)
    several = deployment.caller(SEVERAL)
    for path in (f"/v1/drafts/{ids.draft}", f"/v1/requests/{ids.request}"):
        assert several.call("GET", path).status_code == 200
    for tin in SEVERAL.tins:
        rows = several.call("GET", "/v1/requests", query={"tin": tin, "limit": "100"}).json()
        shown = {row["request_id"] for row in rows["requests"]}
        assert (ids.request in shown) == (tin in PROVIDER.tins)
    refusal(several.call("GET", "/v1/requests"), 422, "invalid_input")


@named([route for route in REVIEWERS if "{" in route.path])
def test_response_is_404_when_the_case_is_of_another_plan(
    deployment: Deployment, ids: Ids, route: Operation
) -> None:
    reviewer = deployment.caller(OTHER_QUEUE)
    theirs, nothing = ids.call(route, reviewer), absent(ids).call(route, reviewer)
    refusal(theirs, 404, "not_found")
    assert without_call(theirs) == without_call(nothing)
    assert _comparable(theirs) == _comparable(nothing)


def _comparable(response: httpx.Response) -> dict[str, str]:
    """Headers without those that differ between responses."""
    return {
        name: value
        for name, value in response.headers.items()
        if name not in ("date", "apigw-requestid", "x-amzn-requestid", "x-amz-request-id")
        and not name.startswith("x-amz")
    }


def test_draft_is_not_a_case_when_a_reviewer_reads_it(deployment: Deployment, ids: Ids) -> None:
    response = deployment.caller(REVIEWER).call("GET", f"/v1/review/requests/{ids.draft}")
    refusal(response, 404, "not_found")


@pytest.mark.parametrize("path", ["/v1/requests", "/v1/messages"])
def test_list_is_refused_when_the_tin_is_another_callers(deployment: Deployment, path: str) -> None:
    response = deployment.caller(STRANGER).call("GET", path, query={"tin": PROVIDER.tins[0]})
    refusal(response, 422, "invalid_input")


def test_worklist_is_refused_when_the_plan_is_another_reviewers(deployment: Deployment) -> None:
    query = {"plan_id": "OAP-COMPLETE"}
    response = deployment.caller(OTHER_QUEUE).call("GET", "/v1/review/requests", query=query)
    refusal(response, 422, "invalid_input")


def test_request_is_unchanged_when_every_other_caller_has_tried(portal: Portal, ids: Ids) -> None:
    """Runs after all of them, and finds the draft unsaved and the request undecided."""
    draft = portal.deployment.caller(PROVIDER).call("GET", f"/v1/drafts/{ids.draft}").json()
    assert (draft["version"], draft["documents"]) == (1, [])
    details = portal.details(ids.request)
    assert (details["status"], details["documents"]) == ("PENDING", [])


# -- contents of responses ----------------------------------------------------------------------------


@pytest.mark.rule("A3")
def test_user_names_are_in_no_response_when_their_actions_are_read(portal: Portal) -> None:
    request_id = portal.decided()
    subjects = [
        part(portal.deployment.caller(user).token or "", 1)["sub"] for user in (PROVIDER, REVIEWER)
    ]
    reads = [
        portal.deployment.caller(user).call("GET", path)
        for user in (PROVIDER, FACILITY)
        for path in (f"/v1/requests/{request_id}", "/v1/requests", "/v1/messages")
    ]
    reads.append(
        portal.deployment.caller(REVIEWER).call("GET", f"/v1/review/requests/{request_id}")
    )
    assert {response.status_code for response in reads} == {200}
    result = "".join(response.text for response in reads)
    assert [subject for subject in subjects if subject in result] == []
    assert '"actor"' not in result
    assert '"signed_by"' not in result


def test_url_has_opaque_ids_only_when_a_route_is_called() -> None:
    variables = {
        word.strip("{}") for r in ROUTES for word in r.path.split("/") if word.startswith("{")
    }
    queries = {
        name
        for operation in OPERATIONS.values()
        if operation.query
        for name in operation.query.model_fields
    }
    assert variables == {"document_id", "draft_id", "notice_id", "message_id", "request_id"}
    assert queries
    assert queries.isdisjoint({*PATIENT, "patient", "ssn", "primary_diagnosis", "diagnosis"})
