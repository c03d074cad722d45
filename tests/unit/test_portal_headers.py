"""The headers of the portal's address, shared by CloudFront and the local cloud."""

import pytest

from infra.portal_headers import cache_control, is_page, security_headers

SIGN_IN = "https://login.example"
DOCUMENTS = "https://documents.example"


def directives() -> dict[str, list[str]]:
    policy = security_headers(sign_in=[SIGN_IN], documents=[DOCUMENTS])["Content-Security-Policy"]
    return {name: values for name, *values in (part.split() for part in policy.split("; "))}


def test_nothing_is_allowed_when_a_directive_does_not_name_it() -> None:
    found = directives()
    assert found["default-src"] == found["base-uri"] == found["frame-ancestors"] == ["'none'"]
    assert found["form-action"] == ["'self'"]


@pytest.mark.parametrize("name", ["script-src", "style-src", "font-src"])
def test_own_files_only_are_run_and_applied_when_a_page_loads(name: str) -> None:
    assert directives()[name] == ["'self'"]


def test_no_directive_allows_inline_code_or_every_host_when_a_page_loads() -> None:
    values = {value for allowed in directives().values() for value in allowed}
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"} & values


def test_identity_provider_and_documents_are_called_when_a_page_calls() -> None:
    found = directives()
    assert found["connect-src"] == ["'self'", SIGN_IN, DOCUMENTS]
    assert DOCUMENTS in found["img-src"]
    assert found["frame-src"] == ["blob:", DOCUMENTS]
    assert SIGN_IN not in found["img-src"] + found["frame-src"]


def test_each_origin_is_listed_once_when_it_has_both_purposes() -> None:
    both = ["http://127.0.0.1:4566"]
    policy = security_headers(sign_in=both, documents=both)["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:4566;" in policy


def test_browser_is_restricted_when_it_reads_the_other_headers() -> None:
    found = security_headers(sign_in=[], documents=[])
    assert found["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Referrer-Policy"] == "no-referrer"
    assert found["Cross-Origin-Opener-Policy"] == "same-origin"
    assert found["Cross-Origin-Resource-Policy"] == "same-origin"
    assert {"camera=()", "geolocation=()", "microphone=()"} <= set(
        found["Permissions-Policy"].split(", ")
    )


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("assets/index-D4HrB7wV.js", "public, max-age=31536000, immutable"),
        ("index.html", "no-cache"),
        ("config.json", "no-cache"),
        ("favicon.svg", "no-cache"),
        ("payer/logo.svg", "no-cache"),
    ],
)
def test_only_files_named_by_their_content_are_stored_when_browsers_cache(
    key: str, expected: str
) -> None:
    assert cache_control(key) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", True),
        ("/signed-in", True),
        ("/requests/01J1QZ8Y7N4W3V2T1S0R9Q8P7M", True),
        ("/a.b/page", True),
        ("/assets/index-D4HrB7wV.js", False),
        ("/favicon.svg", False),
    ],
)
def test_path_is_a_page_when_it_names_no_file(path: str, expected: bool) -> None:
    assert is_page(path) is expected
