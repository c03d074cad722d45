"""What the local cloud prints of connections that browsers end."""

import pytest

from local.front_door.server import Server


def printed(error: Exception, capsys: pytest.CaptureFixture[str]) -> str:
    """What is printed of an error while a response is sent."""
    server = object.__new__(Server)
    try:
        raise error
    except type(error):
        server.handle_error(None, ("127.0.0.1", 50000))
    return capsys.readouterr().err


@pytest.mark.parametrize("error", [BrokenPipeError(), ConnectionResetError(), TimeoutError()])
def test_nothing_is_printed_when_a_browser_ends_its_connection(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printed(error, capsys) == ""


def test_error_is_printed_when_a_response_cannot_be_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "KeyError: 'header'" in printed(KeyError("header"), capsys)
