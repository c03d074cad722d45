"""The local cloud reads a path's parameters as API Gateway does."""

import pytest

from local.cloud.gaps.route_matching import path_parameters


@pytest.mark.parametrize(
    ("route", "path", "expected"),
    [
        ("/v1/drafts", "/v1/drafts", {}),
        ("/v1/drafts", "/v1/drafts/", None),
        ("/v1/drafts", "/v2/drafts", None),
        ("/v1/drafts/{draft_id}", "/v1/drafts/r-1", {"draft_id": "r-1"}),
        ("/v1/drafts/{draft_id}", "/v1/drafts/r-1/documents", None),
        ("/v1/drafts/{draft_id}", "/v1/drafts/", None),
        ("/a/{one}/b/{two}", "/a/1/b/2", {"one": "1", "two": "2"}),
        ("/fhir/r4/Claim/$submit", "/fhir/r4/Claim/$submit", {}),
        ("/oauth/jwks.json", "/oauth/jwks-json", None),
        ("/{proxy+}", "/any/path", {"proxy": "any/path"}),
    ],
)
def test_parameters_are_those_of_the_route_when_the_path_is_its_own(
    route: str, path: str, expected: dict[str, str] | None
) -> None:
    assert path_parameters(route, path) == expected
