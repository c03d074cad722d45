"""The payer's configuration, shipped beside the code of a deployment."""

from importlib import resources
from pathlib import Path

from precert.domain.notices import NoticeWords
from precert.domain.payer import Payer


def shipped_payer() -> Payer:
    """The payer of this deployment (package ``payer_data``, made when it is packaged)."""
    text = resources.files("payer_data").joinpath("payer.json").read_text(encoding="utf-8")
    return Payer.model_validate_json(text)


def shipped_notice_words() -> NoticeWords:
    """The payer's words for notices."""
    text = resources.files("payer_data").joinpath("notices.json").read_text(encoding="utf-8")
    return NoticeWords.model_validate_json(text)


def shipped_templates() -> Path:
    """Where the payer's templates are, a file for each kind of document."""
    return Path(str(resources.files("payer_data").joinpath("templates")))
