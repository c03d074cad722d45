"""The demo: three requests from check to determination, by the rules, by a reviewer, on appeal."""

from typing import Any

import httpx

from local.client import tls_context
from local.deployment import Deployment
from local.journey import backend
from local.journey.content import PATIENT, automatic_service, completed, service
from local.journey.errors import last_errors
from local.journey.steps import Journey
from local.journey.transcript import DeviationError, Transcript, answer, expect, to_the_minute
from local.users import FACILITY, NEWCOMER, PROVIDER, REVIEWER, SECOND_REVIEWER


def run_demo(deployment: Deployment) -> int:
    """Run the demo. Return 0, or 1 after printing the deviation and the functions' last errors."""
    transcript = Transcript(write=lambda line: print(line, flush=True))
    try:
        automatic_request(Journey(deployment, transcript))
        approved_request(Journey(deployment, transcript))
        appealed_request(Journey(deployment, transcript))
        refused_call(Journey(deployment, transcript))
    except DeviationError as deviation:
        print(f"\nThe demo failed: {deviation}")
        for line in last_errors(deployment.cloud.client("logs")):
            print(f"  {line}")
        print(f"Log of the local cloud: {deployment.cloud.log_file}")
        return 1
    print_table(transcript)
    return 0


def automatic_request(journey: Journey) -> str:
    """The rules approve a request without a reviewer, because its quantity is within a limit."""
    transcript = journey.transcript
    transcript.chapter("A request that the rules approve")
    journey.confirm_patient()
    content = completed(
        {
            "patient": PATIENT,
            "servicing_provider": journey.find_facility(),
            "services": [automatic_service(journey.free_days_ahead())],
        }
    )
    journey.check(content, {"91110": "REQUIRED"})
    request_id = journey.start_draft(content)
    journey.submit(request_id, content, version=1)
    details = journey.await_status(request_id, PROVIDER, "APPROVED")
    transcript.step(f"The rules allow one unit without review: the request is {details['status']}.")
    entered = backend.states(journey.deployment, request_id, 1)
    expect("the states of an execution that waits for a reviewer", entered, [])
    transcript.prove("the rules approve a request within their limits", "without a reviewer")
    return request_id


def approved_request(journey: Journey) -> str:
    """The reference guide's example: required documents are requested, and a reviewer approves."""
    transcript = journey.transcript
    transcript.chapter("A request that a reviewer approves")
    content: dict[str, Any] = {
        "patient": PATIENT,
        "servicing_provider": journey.find_facility(),
        "services": [service("44120", days_ahead=journey.free_days_ahead())],
    }
    journey.check(content, {"44120": "REQUIRED"})
    request_id = journey.start_draft(content)
    content = completed(content)
    journey.save(request_id, content)
    journey.resume(request_id, content)
    journey.attach(request_id, "OPERATIVE_PLAN")
    journey.submit(request_id, content, version=2)
    repeat(journey, content)
    journey.await_pending(request_id)
    send_required(journey, request_id)
    find_on_worklist(journey, request_id)
    status = journey.decide(request_id, REVIEWER, 1, [{"line_id": "1.1", "status": "APPROVED"}])
    expect("the status after the decision", status, "APPROVED")
    transcript.step(f"A reviewer approves: the request is {status}.")
    journey.await_execution_end(request_id, 1)
    journey.await_messages(request_id, "RequestDetermined", "APPROVED")
    details = journey.await_status(request_id, FACILITY, "APPROVED")
    expect("the allowed actions", details["allowed_actions"], ["DETAILS"])
    transcript.prove("an approved request is shown to both providers", details["number"])
    return request_id


def appealed_request(journey: Journey) -> str:
    """Two services, one approved and one denied; an appeal overturns the denial."""
    transcript = journey.transcript
    transcript.chapter("A request that is denied in part, and appealed")
    days = journey.free_days_ahead()
    content = completed(
        {
            "patient": PATIENT,
            "servicing_provider": journey.find_facility(),
            "services": [service(code, days_ahead=days) for code in ("44140", "47562")],
        }
    )
    journey.check(content, {"44140": "REQUIRED", "47562": "REQUIRED"})
    request_id = journey.start_draft(content)
    for document_type in ("OPERATIVE_PLAN", "CLINICAL_NOTES"):
        journey.attach(request_id, document_type)
    journey.submit(request_id, content, version=1)
    journey.await_pending(request_id)
    refuse_bare_denial(journey, request_id)
    denial = {
        "line_id": "2.1",
        "status": "DENIED",
        "reason_code": "0F",
        "rationale": "The notes show no symptoms that call for an inpatient stay.",
        "criterion": "Inpatient cholecystectomy, criterion 2",
    }
    approval = {"line_id": "1.1", "status": "APPROVED"}
    status = journey.decide(request_id, REVIEWER, 1, [approval, denial])
    expect("the status after the decision", status, "PARTIALLY_APPROVED")
    transcript.step(
        f"The reviewer approves one service and denies the other, with reasons: {status}."
    )
    journey.await_execution_end(request_id, 1)
    journey.await_messages(request_id, "RequestDetermined", "PARTIALLY_APPROVED")
    read_denial(journey, request_id)
    fetch_notices(journey, request_id)
    appeal(journey, request_id)
    return request_id


def repeat(journey: Journey, content: dict[str, Any]) -> None:
    """Enter the same request again, as a colleague of the provider does by mistake."""
    provider = journey.deployment.caller(PROVIDER)
    draft = answer(
        "starting a second draft", provider.call("POST", "/v1/drafts", {"content": content}), 201
    )
    response = provider.call(
        "POST",
        f"/v1/drafts/{draft['draft_id']}/submission",
        {"content": content},
        headers={"If-Match": '"1"'},
    )
    existing = answer("submitting a duplicate", response, 409)["existing"]
    journey.transcript.step(
        "A colleague enters the same request again. It is refused as a duplicate of "
        f"{existing['number']}."
    )
    journey.transcript.prove("a duplicate is refused with the number of the request", "409")


def send_required(journey: Journey, request_id: str) -> None:
    """Upload the required documents that were requested after the submission."""
    transcript = journey.transcript
    details = journey.await_status(request_id, PROVIDER, "PENDING")
    [information_request] = details["information_requests"]
    required = {
        document["code"]: document["label"] for document in information_request["documents"]
    }
    expect("the requested documents", list(required), ["CLINICAL_NOTES"])
    names = "; ".join(required.values())
    transcript.step(
        f"The provider reads which documents are still required: {names}. "
        "The payer's deadline is suspended."
    )
    for code in required:
        journey.attach(request_id, code)

    def resumed() -> str | None:
        details = journey.await_status(request_id, PROVIDER, "PENDING")
        return str(details["due_at"]) if details["waiting_on"] == "PAYER" else None

    due_at = transcript.until("waiting for the deadline to resume", resumed)
    transcript.step(f"The deadline resumes: waiting on PAYER, due {to_the_minute(due_at)}.")
    transcript.prove(
        "missing documents are requested immediately, and the deadline is suspended", names
    )


def find_on_worklist(journey: Journey, request_id: str) -> None:
    case = journey.deployment.caller(REVIEWER).call("GET", f"/v1/review/requests/{request_id}")
    plan_id = answer("reading the case", case, 200)["plan"]["plan_id"]
    cycles = answer(
        "reading the worklist",
        journey.deployment.caller(REVIEWER).call(
            "GET", "/v1/review/requests", query={"plan_id": plan_id, "limit": "100"}
        ),
        200,
    )["cycles"]
    listed = [r["request_id"] for r in cycles].count(request_id)
    expect("the number of the request's rows on the worklist", listed, 1)
    journey.transcript.step(
        f"A reviewer finds the request on the worklist of {plan_id} and reads the case."
    )


def refuse_bare_denial(journey: Journey, request_id: str) -> None:
    lines = [{"line_id": "1.1", "status": "APPROVED"}, {"line_id": "2.1", "status": "DENIED"}]
    response = journey.deployment.caller(REVIEWER).act(
        f"/v1/review/requests/{request_id}",
        "decisions",
        {"cycle": 1, "lines": lines},
    )
    errors = answer("a denial without a reason", response, 422)["errors"]
    pointers = [error["pointer"] for error in errors]
    missing = ["/lines/1/reason_code", "/lines/1/rationale", "/lines/1/criterion"]
    expect("the missing members of the denial", pointers, missing)
    journey.transcript.step("A denial without a reason code, rationale and criterion is refused.")
    journey.transcript.prove(
        "a denial without a specific reason cannot be recorded", "422, three errors"
    )


def read_denial(journey: Journey, request_id: str) -> None:
    details = journey.await_status(request_id, PROVIDER, "PARTIALLY_APPROVED")
    line = next(line for line in details["lines"] if line["line_id"] == "2.1")
    decision = line["decisions"][-1]
    expect("the denial's reason code", decision["reason_code"], "0F")
    journey.transcript.step(
        f"The provider reads why 47562 was denied: {decision['reason_code_label']}."
    )
    expect("whether an appeal is allowed", "APPEAL" in details["allowed_actions"], expected=True)


def fetch_notices(journey: Journey, request_id: str) -> None:
    """Download the provider's notice and the patient's notice."""
    provider = journey.deployment.caller(PROVIDER)

    def printed() -> list[dict[str, Any]] | None:
        response = provider.call("GET", f"/v1/requests/{request_id}")
        notices: list[dict[str, Any]] = answer("reading the notices", response, 200)[
            "determination_notices"
        ]
        return notices if len(notices) == 2 else None

    for notice in journey.transcript.until("waiting for the notices", printed):
        path = f"/v1/requests/{request_id}/notices/{notice['notice_id']}"
        link = answer("creating a link", provider.call("GET", path), 200)["url"]
        content = httpx.get(link, timeout=60, verify=tls_context()).content
        expect("the first bytes of the notice", content[:5], b"%PDF-")
        expect("its size", len(content), notice["size"])
        audience = notice["audience"].lower()
        journey.transcript.step(
            f"The provider downloads the notice for the {audience}: {len(content)} bytes of PDF."
        )
    journey.transcript.prove("determination notices are available", "two PDFs, presigned links")


def read_messages(journey: Journey) -> None:
    """Mark all messages of the provider's inbox as read."""
    provider = journey.deployment.caller(PROVIDER)
    unread = answer("reading the inbox", provider.call("GET", "/v1/messages"), 200)["unread"]
    left = answer("marking as read", provider.call("PUT", "/v1/messages/read"), 200)["unread"]
    expect("the number of unread messages", left, 0)
    journey.transcript.step(f"The provider marks the {unread} unread messages as read.")


def appeal(journey: Journey, request_id: str) -> None:
    transcript = journey.transcript
    filed = journey.deployment.caller(PROVIDER).call(
        "POST",
        f"/v1/requests/{request_id}/appeals",
        {
            "cycle": 1,
            "line_ids": ["2.1"],
            "reason": "Repeated admissions; records attached earlier.",
        },
    )
    cycle = answer("filing the appeal", filed, 202)["cycle"]
    transcript.step("The provider appeals the denied service line.")

    def pended() -> str | None:
        response = journey.deployment.caller(PROVIDER).call("GET", f"/v1/requests/{request_id}")
        last = answer("reading the appeal", response, 200)["appeals"][-1]
        return str(last["due_at"]) if last["status"] == "PENDED" else None

    due_at = transcript.until("waiting for the appeal to reach review", pended)
    transcript.effect(f"a second execution with its own deadline: due {to_the_minute(due_at)}")
    overturn = [{"line_id": "2.1", "status": "APPROVED", "rationale": "Criterion met on review."}]
    same = journey.deployment.caller(REVIEWER).act(
        f"/v1/review/requests/{request_id}",
        "decisions",
        {"cycle": cycle, "lines": overturn},
    )
    expect(
        "the error of the first reviewer", answer("deciding", same, 409)["code"], "same_reviewer"
    )
    transcript.step("The first reviewer may not decide the appeal.")
    status = journey.decide(request_id, SECOND_REVIEWER, cycle, overturn)
    expect("the status after the appeal", status, "APPROVED")
    transcript.step(f"Another reviewer overturns the denial: the request is {status}.")
    journey.await_execution_end(request_id, cycle)
    journey.await_messages(request_id, "AppealDetermined", "APPROVED")
    read_messages(journey)
    transcript.prove("an appeal is decided by another reviewer, who can overturn a denial", status)


def refused_call(journey: Journey) -> None:
    """Call the API as a user without the entitlement Patient Search, which is refused with 403."""
    transcript = journey.transcript
    transcript.chapter("A call that is refused")
    body = {"patient": PATIENT}
    response = journey.deployment.caller(NEWCOMER).call("POST", "/v1/patients/confirm", body)
    refused = answer("a colleague without Patient Search", response, 403)
    transcript.step(
        f"{NEWCOMER.title[0].upper()}{NEWCOMER.title[1:]} is refused: “{refused['detail']}”"
    )
    transcript.prove("a provider needs the entitlement Patient Search", "403")


def print_table(transcript: Transcript) -> None:
    """Write each verified statement once, with the evidence of its first verification."""
    rows: dict[str, str] = {}
    for what, how in transcript.proven:
        rows.setdefault(what, how)
    width = max(map(len, rows))
    transcript.write("\nVerified on the synthesized template, over HTTP")
    for what, how in rows.items():
        transcript.write(f"  ✓ {what:<{width}}  {how}")
