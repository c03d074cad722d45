"""Signing in to the portal in a browser, under the content security policy that it is served with."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from local.users import PASSWORD, PROVIDER


def test_user_stays_signed_in_until_signing_out_when_the_page_is_reloaded(
    page: Page, portal_url: str
) -> None:
    """Code and PKCE at the emulator's pages; tokens are in memory, so a reload gets new ones."""
    loaded: set[str] = set()
    page.on("request", lambda request: loaded.add(urlsplit(request.url).netloc))
    page.goto(portal_url)
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=username]").fill(PROVIDER.name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=60_000)
    assert page.evaluate("[...Object.values(localStorage), document.cookie].join('')") == ""
    stored = page.evaluate("Object.values(sessionStorage).join('')")
    assert not re.search(r"eyJ[\w-]{20,}", stored)

    page.reload()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=60_000)
    assert "code=" not in page.url

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("input[name=password]")).to_be_visible(timeout=60_000)
    assert {host.partition(":")[0] for host in loaded} <= {"localhost", "127.0.0.1"}


def test_nothing_runs_when_it_is_not_a_file_of_the_portal(
    page: Page, portal_url: str, problems: list[str]
) -> None:
    """Inline scripts, inline styles and other hosts are blocked, as CloudFront's policy does."""
    page.goto(portal_url)
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          const paragraph = document.createElement("p");
          paragraph.setAttribute("style", "color: rgb(1, 2, 3)");
          paragraph.id = "styled";
          document.body.append(paragraph);
        }"""
    )
    assert page.evaluate("window.ran === undefined")
    color = page.evaluate("getComputedStyle(document.getElementById('styled')).color")
    assert color != "rgb(1, 2, 3)"
    blocked = page.evaluate("fetch('http://127.0.0.2:9/').then(() => '', error => error.message)")
    assert blocked == "Failed to fetch"
    violated = page.evaluate(
        """() => new Promise(resolve => {
          document.addEventListener("securitypolicyviolation", e => resolve(e.effectiveDirective));
          fetch("http://127.0.0.2:9/").catch(() => null);
        })"""
    )
    assert violated == "connect-src"
    assert {"script-src-elem", "style-src-attr", "connect-src"} <= {
        one.split()[1] for one in problems if one.startswith("policy ")
    }
    problems.clear()
