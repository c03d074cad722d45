"""The payer's configuration, deployed with the code."""

from importlib import resources
from pathlib import Path

from precert.domain.notices import NoticeWords
from precert.domain.payer import Payer
from precert.domain.questionnaires import QUESTIONNAIRES, Questionnaires


def shipped_payer() -> Payer:
    """The payer of this deployment, from package ``payer_data`` of its layer."""
    text = resources.files("payer_data").joinpath("payer.json").read_text(encoding="utf-8")
    return Payer.model_validate_json(text)


def shipped_notice_words() -> NoticeWords:
    """The payer's texts for notices."""
    text = resources.files("payer_data").joinpath("notices.json").read_text(encoding="utf-8")
    return NoticeWords.model_validate_json(text)


def shipped_questionnaires() -> Questionnaires:
    """The payer's questionnaires about required documentation."""
    text = resources.files("payer_data").joinpath(QUESTIONNAIRES).read_text(encoding="utf-8")
    return Questionnaires.model_validate_json(text)


def shipped_templates() -> Path:
    """The folder of the payer's templates, one file for each kind of document."""
    return Path(str(resources.files("payer_data").joinpath("templates")))
