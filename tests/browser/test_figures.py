"""``make figures`` measures and writes every part; here a few of them, once."""

from math import inf
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bench import portal as figures
from local.deployment import Deployment
from tests.browser.places import SCREENS

MAX_CALLS = 7


@pytest.mark.deep
def test_page_has_each_figure_when_the_parts_are_measured(
    browser: Browser, deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = SCREENS[:2]
    walk = "reviewer: assign, read, approve, next case"
    monkeypatch.setattr(figures, "TIMES", 3)
    monkeypatch.setattr(figures, "SCREENS", places)
    monkeypatch.setattr(figures, "WALKS", {walk: figures.WALKS[walk]})
    monkeypatch.setattr(figures, "STORED", tmp_path / "figures.json")
    measured = figures.Figures.opened(resume=False)
    figures.run(measured, browser, deployment, inf)
    again = figures.Figures.opened(resume=True)
    assert (again, again.missing) == (measured, [])
    page = figures.page(measured)
    for name in (walk, *(place.name for place in places)):
        assert f"\n| {name} | " in page
    home = measured.screens["home"]
    assert home["axe"] == 0
    assert 0 < home["calls by address"] <= MAX_CALLS
    assert home["content"] < home["address"]
