"""What every answer model shares."""

from typing import Final

from pydantic import BaseModel, ConfigDict

FHIR_JSON: Final = "application/fhir+json"


class AnswerModel(BaseModel):
    """Base of all answers; a cold start builds those that its first call gives."""

    model_config = ConfigDict(defer_build=True)
