"""What every answer model shares."""

from precert.api.models import ResponseModel as AnswerModel

__all__ = ["AnswerModel"]
