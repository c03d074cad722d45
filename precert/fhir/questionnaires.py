"""The resources of a Da Vinci DTR package: Questionnaire, value sets and draft response."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, assert_never

from precert.domain.dates import instant_text
from precert.domain.orders import Order
from precert.domain.questionnaires import (
    Family,
    KnownAnswer,
    Question,
    QuestionKind,
    Questionnaires,
    Section,
)
from precert.domain.text import folded
from precert.fhir.bundles import Issue, UnprocessableBundleError, objects, text
from precert.fhir.elements import Json, concept, present
from precert.fhir.orders import CRD, reference_of

DTR: Final = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition"
SDC: Final = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
VARIABLE: Final = "http://hl7.org/fhir/StructureDefinition/variable"
_VERSIONS: Final = {
    "url": "http://hl7.org/fhir/StructureDefinition/artifact-versionAlgorithm",
    "valueCoding": {"system": "http://hl7.org/fhir/version-algorithm", "code": "natural"},
}
"""How versions of a questionnaire are compared. SDC requires it with each version."""
DOCUMENTATION_CODES: Final = f"{CRD}/CodeSystem/coverage-information-codes"
BY_SERVER: Final = "auto-server"
_VALUES: Final = {
    QuestionKind.ATTACHMENT: "valueAttachment",
    QuestionKind.BOOLEAN: "valueBoolean",
    QuestionKind.CHOICE: "valueCoding",
    QuestionKind.DATE: "valueDate",
    QuestionKind.DECIMAL: "valueDecimal",
    QuestionKind.INTEGER: "valueInteger",
    QuestionKind.STRING: "valueString",
    QuestionKind.TEXT: "valueString",
}


@dataclass(frozen=True)
class PackageRequest:
    """The input of ``$questionnaire-package``."""

    coverage: Json
    orders: tuple[Json, ...]
    canonicals: tuple[str, ...]
    """Canonical URLs of the requested questionnaires."""
    context: str | None
    """The ``questionnaire-context`` of a PAS Task."""
    changed_since: datetime | None


def read_package_request(document: Json) -> PackageRequest:
    """Read the Parameters of ``$questionnaire-package``.

    Raises:
        UnprocessableBundleError: the resource is not Parameters, or parameters are missing or not
            valid; all of them are listed.
    """
    parameters = parameters_of(document)
    coverages = [
        one for one in _resources(parameters, "coverage") if one.get("resourceType") == "Coverage"
    ]
    orders = tuple(
        one for one in _resources(parameters, "order") if isinstance(one.get("resourceType"), str)
    )
    canonicals = tuple(_texts(parameters, "questionnaire", "valueCanonical"))
    context = next(iter(_texts(parameters, "context", "valueString")), None)
    issues = []
    if len(coverages) != 1:
        message = f"There must be one Coverage, not {len(coverages)}."
        issues.append(Issue("required", "Parameters.parameter.where(name='coverage')", message))
    if not orders and not canonicals and context is None:
        message = "There must be an order, a questionnaire or a context."
        issues.append(Issue("required", "Parameters.parameter", message))
    since = next(iter(_texts(parameters, "changedsince", "valueInstant")), None)
    changed_since = _instant(since) if since else None
    if since and changed_since is None:
        message = "changedsince must be an instant with a time zone, as in 2026-07-01T09:00:00Z."
        place = "Parameters.parameter.where(name='changedsince')"
        issues.append(Issue("value", place, message))
    issues += _unread(parameters)
    if issues:
        raise UnprocessableBundleError(issues)
    return PackageRequest(coverages[0], orders, canonicals, context, changed_since)


_VALUE_OF: Final = {
    "questionnaire": "valueCanonical",
    "context": "valueString",
    "changedsince": "valueInstant",
}
"""Parameters of ``$questionnaire-package`` with the element of their value."""


def _unread(parameters: Sequence[Json]) -> Iterator[Issue]:
    """An issue for each parameter whose value was sent in another element, or not at all."""
    for one in parameters:
        name = str(one.get("name"))
        place = f"Parameters.parameter.where(name='{name}')"
        if name in _VALUE_OF and text(one, _VALUE_OF[name]) is None:
            yield Issue("value", place, f"{name} must have a {_VALUE_OF[name]}.")
        elif name == "order" and not list(_resources([one], name)):
            yield Issue("value", place, "order must have a resource.")


def parameters_of(document: Json) -> list[Json]:
    """The parameters of a Parameters resource.

    Raises:
        UnprocessableBundleError: the resource has another type.
    """
    if document.get("resourceType") != "Parameters":
        raise UnprocessableBundleError(
            [Issue("structure", "Parameters", "The body must be one resource of type Parameters.")]
        )
    return objects(document, "parameter")


def _resources(parameters: Sequence[Json], name: str) -> list[Json]:
    found = (one.get("resource") for one in parameters if one.get("name") == name)
    return [one for one in found if isinstance(one, dict)]


def _texts(parameters: Sequence[Json], name: str, value: str) -> list[str]:
    found = (text(one, value) for one in parameters if one.get("name") == name)
    return [one for one in found if one]


def _instant(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


# -- Resources ----------------------------------------------------------------------------------------


def questionnaire(family: Family, data: Questionnaires, publisher: str) -> Json:
    """The Questionnaire of a family: the rules that require the same documents."""
    sections = [("about", data.about), *data.sections_of(family)]
    launch = {
        "url": f"{SDC}/sdc-questionnaire-launchContext",
        "extension": [
            {
                "url": "name",
                "valueCoding": {
                    "system": "http://hl7.org/fhir/uv/sdc/CodeSystem/launchContext",
                    "code": "patient",
                },
            },
            {"url": "type", "valueCode": "Patient"},
        ],
    }
    return present(
        resourceType="Questionnaire",
        id=family.name,
        meta={"profile": [f"{DTR}/dtr-std-questionnaire"]},
        extension=[
            launch,
            {"url": f"{DTR}/questionnaireAudience", "valueCode": "clinical"},
            _VERSIONS,
            *(_variable(name, query) for name, query in data.queries_of(family).items()),
        ],
        url=data.address(family),
        version=data.version,
        title=family.title,
        status="active",
        subjectType=["Patient"],
        date=data.published_on.isoformat(),
        publisher=publisher,
        effectivePeriod=present(
            start=data.effective_from.isoformat(),
            end=data.effective_to.isoformat() if data.effective_to else None,
        ),
        item=[_group(code, section, data) for code, section in sections],
    )


def _variable(name: str, query: str) -> Json:
    """A query that the EHR runs on its data. Expressions that populate answers use the result."""
    expression = {"name": name, "language": "application/x-fhir-query", "expression": query}
    return {"url": VARIABLE, "valueExpression": expression}


def _group(code: str, section: Section, data: Questionnaires) -> Json:
    return {
        "linkId": code,
        "text": section.title,
        "type": "group",
        "item": [_item(one, data) for one in section.questions],
    }


def _item(question: Question, data: Questionnaires) -> Json:
    extensions = []
    if question.initial:
        expression = {"language": "text/fhirpath", "expression": question.initial}
        extensions.append(
            {"url": f"{SDC}/sdc-questionnaire-initialExpression", "valueExpression": expression}
        )
    choices = question.value_set
    return present(
        extension=extensions,
        linkId=question.link_id,
        text=question.text,
        type=question.kind.value,
        required=question.required,
        answerValueSet=f"{data.value_set_address(choices)}|{data.version}" if choices else None,
    )


def draft_response(
    family: Family,
    data: Questionnaires,
    request: PackageRequest,
    orders: Sequence[tuple[Json, Order]],
    *,
    at: datetime,
    new_uuid: Callable[[], str],
) -> Json:
    """A draft QuestionnaireResponse with the answers that are known from the orders."""
    about = present(
        linkId="about",
        text=data.about.title,
        item=[
            {"linkId": one.link_id, "text": one.text, "answer": [_answer(one, value)]}
            for one in data.about.questions
            if one.known and (value := _known(one.known, orders)) is not None
        ],
    )
    coverage = {"reference": reference_of(request.coverage)}
    contexts = [{"reference": reference_of(one)} for one, _ in orders]
    return present(
        resourceType="QuestionnaireResponse",
        id=new_uuid(),
        meta={"profile": [f"{DTR}/dtr-questionnaireresponse"]},
        extension=[
            {"url": f"{DTR}/qr-coverage", "valueReference": coverage},
            *({"url": f"{DTR}/qr-context", "valueReference": one} for one in contexts),
            {
                "url": f"{DTR}/intendedUse",
                "valueCodeableConcept": concept(DOCUMENTATION_CODES, "withpa"),
            },
        ],
        questionnaire=data.canonical(family),
        status="in-progress",
        subject=_subject(request),
        authored=instant_text(at, "seconds"),
        item=[about] if "item" in about else [],
    )


def _answer(question: Question, value: str) -> Json:
    origin = {
        "url": f"{DTR}/information-origin",
        "extension": [{"url": "source", "valueCode": BY_SERVER}],
    }
    return {"extension": [origin], _VALUES[question.kind]: value}


def _known(known: KnownAnswer, orders: Sequence[tuple[Json, Order]]) -> str | None:
    """The answer of the orders, if it is the same for all of them."""
    answers = {_known_of(known, order) for _, order in orders}
    return answers.pop() if len(answers) == 1 else None


def _known_of(known: KnownAnswer, order: Order) -> str | None:
    match known:
        case KnownAnswer.DIAGNOSIS:
            # Where a reason cannot be read, the first one that can be is not known to be the diagnosis.
            is_read = not any(one.startswith("reason") for one in order.unread)
            return order.diagnoses[0] if order.diagnoses and is_read else None
        case KnownAnswer.SERVICE:
            return ", ".join(one.code for one in order.codes) or None
        case KnownAnswer.SERVICE_DATE:
            return order.day.isoformat() if order.day and "date" not in order.unread else None
        case never:
            assert_never(never)


def _subject(request: PackageRequest) -> Json:
    """A reference to the client's Patient, from the coverage or an order."""
    for holder, name in (
        (request.coverage, "beneficiary"),
        *((one, name) for one in request.orders for name in ("subject", "patient")),
    ):
        if isinstance(holder.get(name), dict) and text(holder[name], "reference"):
            return {"reference": holder[name]["reference"]}
    return {"display": "The patient of the coverage"}


def value_set(name: str, data: Questionnaires, at: datetime, filter_: str | None = None) -> Json:
    """A ValueSet with its expansion, which has only the displays that contain ``filter_``."""
    choices = data.value_sets[name]
    systems: dict[str, list[Json]] = {}
    for one in choices.codes:
        systems.setdefault(one.system, []).append({"code": one.code, "display": one.display})
    searched = folded(filter_ or "")
    contained = [one for one in choices.codes if searched in folded(one.display)]
    return {
        "resourceType": "ValueSet",
        "id": name,
        "url": data.value_set_address(name),
        "version": data.version,
        "title": choices.title,
        "status": "active",
        "compose": {
            "include": [{"system": one, "concept": codes} for one, codes in systems.items()]
        },
        "expansion": present(
            timestamp=instant_text(at, "seconds"),
            contains=[one.model_dump() for one in contained],
        )
        | {"total": len(contained)},
    }


def package_bundle(resources: Sequence[tuple[str, Json]]) -> Json:
    """The package of one questionnaire; ``resources`` with full URLs, the Questionnaire first."""
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{DTR}/DTR-QPackageBundle"]},
        "type": "collection",
        "entry": [{"fullUrl": url, "resource": one} for url, one in resources],
    }


def package_of(
    family: Family,
    data: Questionnaires,
    request: PackageRequest,
    orders: Sequence[tuple[Json, Order]],
    *,
    publisher: str,
    at: datetime,
    new_uuid: Callable[[], str],
) -> Json:
    """The package of a family: the Questionnaire, a draft response and the value sets used."""
    draft = draft_response(family, data, request, orders, at=at, new_uuid=new_uuid)
    names = dict.fromkeys(one.value_set for one in data.questions_of(family) if one.value_set)
    return package_bundle(
        [
            (data.address(family), questionnaire(family, data, publisher)),
            (f"urn:uuid:{draft['id']}", draft),
            *((data.value_set_address(one), value_set(one, data, at)) for one in names),
        ]
    )


def package_parameters(packages: Sequence[Json], warnings: Sequence[str]) -> Json:
    """The output of ``$questionnaire-package``: the packages, and the warnings as an outcome."""
    parameters: list[Json] = [{"name": "packagebundle", "resource": one} for one in packages]
    if warnings:
        parameters.append({"name": "outcome", "resource": outcome(warnings)})
    return {
        "resourceType": "Parameters",
        "meta": {"profile": [f"{DTR}/dtr-qpackage-output-parameters"]},
        "parameter": parameters,
    }


def outcome(texts: Sequence[str], severity: str = "warning") -> Json:
    """An OperationOutcome with an issue for each text."""
    issues: list[dict[str, Any]] = [
        {"severity": severity, "code": "informational", "details": {"text": one}} for one in texts
    ]
    return {"resourceType": "OperationOutcome", "issue": issues}


def changed(data: Questionnaires, since: datetime | None) -> bool:
    """Whether the questionnaires were published on or after the day (UTC) of an instant."""
    return since is None or data.published_on >= since.astimezone(UTC).date()


def answered_links(response: Json) -> Collection[str]:
    """The ``linkId`` of each item at any depth that has an answer."""
    found: set[str] = set()
    waiting = objects(response, "item")
    while waiting:
        one = waiting.pop()
        answers = objects(one, "answer")
        if (link := text(one, "linkId")) and any(_has_value(each) for each in answers):
            found.add(link)
        waiting += objects(one, "item")
        for each in answers:
            waiting += objects(each, "item")
    return found


def _has_value(answer: Json) -> bool:
    return any(
        name.startswith("value") and value not in (None, "", {}, [])
        for name, value in answer.items()
    )
