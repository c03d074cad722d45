"""What a client sends to the operations of DTR beside FHIR resources."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from precert.domain.errors import NotFoundError
from precert.domain.questionnaires import Family, Questionnaires
from precert.fhir.bundles import Issue, UnprocessableBundleError, objects, text
from precert.fhir.elements import Json
from precert.fhir.questionnaires import parameters_of

NOT_REQUIRED = "The orders require no documentation: no questionnaire has to be completed."
NO_MEMBER = (
    "No member has the member ID of the coverage. Compare Coverage.subscriberId, or the identifier of "
    "type MB, with the member ID card."
)
UNCHANGED = "No questionnaire has changed since the instant that was sent."
NO_FORM = "No questionnaire covers the required documentation: attach the documents to the request."


class ExpandQuery(BaseModel):
    """``url`` and ``filter`` of ``$expand``; other parameters are ignored."""

    model_config = ConfigDict(extra="ignore")

    url: str | None = None
    filter: str | None = None


def expansion_of(document: Json) -> ExpandQuery:
    """The parameters of ``$expand`` as a resource."""
    values = {text(one, "name"): one for one in parameters_of(document)}
    url = values.get("url", {})
    return ExpandQuery(
        url=text(url, "valueUri") or text(url, "valueUrl") or text(url, "valueCanonical"),
        filter=text(values.get("filter", {}), "valueString"),
    )


def value_set_name(query: ExpandQuery, questionnaires: Questionnaires) -> str:
    """The value set of a query.

    Raises:
        UnprocessableBundleError: the query names none.
        NotFoundError: there is no such value set.
    """
    if not query.url:
        message = "url must be the canonical URL of the value set."
        raise UnprocessableBundleError([Issue("required", "url", message)])
    name = questionnaires.value_set_at(query.url)
    if name is None:
        raise NotFoundError(
            "There is no such value set: url must be an answerValueSet of a Questionnaire."
        )
    return name


def named_families(
    canonicals: Sequence[str], questionnaires: Questionnaires
) -> tuple[list[Family], list[str]]:
    """The families of these questionnaires, and a warning for each address that is unknown."""
    families, warnings = list[Family](), list[str]()
    for one in canonicals:
        family = questionnaires.family_at(one)
        if family is None:
            warnings.append(f"The questionnaire {one[:200]} is not found.")
        elif family not in families:
            families.append(family)
    return families, warnings


def reported_errors(document: Json, questionnaires: Questionnaires) -> list[tuple[str, list[str]]]:
    """The questionnaires of an error report, each with the codes of its issues.

    Texts are left out: they may contain what was answered.

    Raises:
        UnprocessableBundleError: a questionnaire or an outcome is missing.
    """
    parameters = parameters_of(document)
    named = [
        text(one, "valueCanonical") for one in parameters if one.get("name") == "questionnaire"
    ]
    outcomes = [one.get("resource") for one in parameters if one.get("name") == "operationOutcome"]
    issues = [
        Issue(
            "required",
            f"Parameters.parameter.where(name='{name}')",
            f"There must be a parameter {name}.",
        )
        for name, sent in (("questionnaire", any(named)), ("operationOutcome", any(outcomes)))
        if not sent
    ]
    if issues:
        raise UnprocessableBundleError(issues)
    codes = [
        code
        for outcome in outcomes
        for issue in objects(outcome, "issue")
        if (code := text(issue, "code")) in ISSUE_CODES
    ]
    families = (questionnaires.family_at(one) for one in named if one)
    return [(family.name if family else "unknown", codes) for family in families]


ISSUE_CODES = frozenset(
    {
        "business-rule",
        "code-invalid",
        "conflict",
        "exception",
        "extension",
        "incomplete",
        "informational",
        "invalid",
        "invariant",
        "not-found",
        "not-supported",
        "processing",
        "required",
        "structure",
        "timeout",
        "too-costly",
        "too-long",
        "transient",
        "unknown",
        "value",
    }
)
"""Codes of FHIR's issue-type that are logged; others are not, as they could be anything."""
