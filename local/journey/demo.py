"""The demo: three requests from check to determination, by the rules, by a reviewer, on appeal."""

from typing import Any

import httpx

from local.client import trust
from local.deployment import Deployment
from local.journey import behind
from local.journey.content import PATIENT, automatic_service, completed, service
from local.journey.errors import last_errors
from local.journey.steps import Walk
from local.journey.transcript import DeviationError, Transcript, answer, expect, to_the_minute
from local.users import FACILITY, NEWCOMER, PROVIDER, REVIEWER, SECOND_REVIEWER


def run_demo(deployment: Deployment) -> int:
    """Run the demo; returns 0, or 1 after printing the deviation."""
    transcript = Transcript(write=lambda line: print(line, flush=True))
    try:
        automatic_request(Walk(deployment, transcript))
        approved_request(Walk(deployment, transcript))
        appealed_request(Walk(deployment, transcript))
        strangers(Walk(deployment, transcript))
    except DeviationError as deviation:
        print(f"\nNot as expected. {deviation}")
        for line in last_errors(deployment.cloud.client("logs")):
            print(f"  {line}")
        print(f"What happened inside: {deployment.cloud.log_file}")
        return 1
    print_table(transcript)
    return 0


def automatic_request(walk: Walk) -> str:
    """The rules approve a request up to a quantity without a reviewer."""
    transcript = walk.transcript
    transcript.chapter("A request that the rules approve")
    walk.confirm_patient()
    content = completed(
        {
            "patient": PATIENT,
            "servicing_provider": walk.find_facility(),
            "services": [automatic_service(walk.free_days_ahead())],
        }
    )
    walk.check(content, {"91110": "REQUIRED"})
    request_id = walk.start_draft(content)
    walk.submit(request_id, content, version=1)
    details = walk.await_status(request_id, PROVIDER, "APPROVED")
    transcript.step(f"The rules allow one unit without review: the request is {details['status']}.")
    waited = behind.states(walk.deployment, request_id, 1)
    expect("the states in which it waited for a reviewer", waited, [])
    transcript.prove("the rules approve by themselves what they allow", "no reviewer was involved")
    return request_id


def approved_request(walk: Walk) -> str:
    """The reference guide's example: documents are requested, and a reviewer approves it."""
    transcript = walk.transcript
    transcript.chapter("A request that a reviewer approves")
    content: dict[str, Any] = {
        "patient": PATIENT,
        "servicing_provider": walk.find_facility(),
        "services": [service("44120", days_ahead=walk.free_days_ahead())],
    }
    walk.check(content, {"44120": "REQUIRED"})
    request_id = walk.start_draft(content)
    content = completed(content)
    walk.save(request_id, content)
    walk.resume(request_id, content)
    walk.attach(request_id, "OPERATIVE_PLAN")
    walk.submit(request_id, content, version=2)
    repeat(walk, content)
    walk.await_pending(request_id)
    send_required(walk, request_id)
    find_on_worklist(walk, request_id)
    status = walk.decide(request_id, REVIEWER, 1, [{"line_id": "1.1", "status": "APPROVED"}])
    expect("the status after the decision", status, "APPROVED")
    transcript.step(f"A reviewer approves: the request is {status}.")
    walk.await_execution_end(request_id, 1)
    walk.await_messages(request_id, "RequestDetermined", "APPROVED")
    details = walk.await_status(request_id, FACILITY, "APPROVED")
    expect("what can be done with it", details["allowed_actions"], ["DETAILS"])
    transcript.prove("an approved request is shown to both providers", details["number"])
    return request_id


def appealed_request(walk: Walk) -> str:
    """Two services, one approved and one denied; an appeal overturns the denial."""
    transcript = walk.transcript
    transcript.chapter("A request that is denied in part, and appealed")
    days = walk.free_days_ahead()
    content = completed(
        {
            "patient": PATIENT,
            "servicing_provider": walk.find_facility(),
            "services": [service(code, days_ahead=days) for code in ("44140", "47562")],
        }
    )
    walk.check(content, {"44140": "REQUIRED", "47562": "REQUIRED"})
    request_id = walk.start_draft(content)
    for document_type in ("OPERATIVE_PLAN", "CLINICAL_NOTES"):
        walk.attach(request_id, document_type)
    walk.submit(request_id, content, version=1)
    walk.await_pending(request_id)
    refuse_bare_denial(walk, request_id)
    denial = {
        "line_id": "2.1",
        "status": "DENIED",
        "reason_code": "0F",
        "rationale": "The notes show no symptoms that call for an inpatient stay.",
        "criterion": "Inpatient cholecystectomy, criterion 2",
    }
    approval = {"line_id": "1.1", "status": "APPROVED"}
    status = walk.decide(request_id, REVIEWER, 1, [approval, denial])
    expect("the status after the decision", status, "PARTIALLY_APPROVED")
    transcript.step(f"The reviewer approves one and denies one, with reasons: {status}.")
    walk.await_execution_end(request_id, 1)
    walk.await_messages(request_id, "RequestDetermined", "PARTIALLY_APPROVED")
    read_denial(walk, request_id)
    fetch_notices(walk, request_id)
    appeal(walk, request_id)
    return request_id


def repeat(walk: Walk, content: dict[str, Any]) -> None:
    """Another user enters the same request again."""
    provider = walk.deployment.caller(PROVIDER)
    draft = answer(
        "starting a second draft", provider.call("POST", "/v1/drafts", {"content": content}), 201
    )
    response = provider.call(
        "POST",
        f"/v1/drafts/{draft['draft_id']}/submission",
        {"content": content},
        headers={"If-Match": '"1"'},
    )
    existing = answer("submitting the same again", response, 409)["existing"]
    walk.transcript.step(f"A colleague enters the same again and is shown {existing['number']}.")
    walk.transcript.prove("a duplicate is refused and names the existing request", "409")


def send_required(walk: Walk, request_id: str) -> None:
    """Upload the documents that the rule list requires and that were requested after the submission."""
    transcript = walk.transcript
    details = walk.await_status(request_id, PROVIDER, "PENDING")
    [information_request] = details["information_requests"]
    required = {
        document["code"]: document["label"] for document in information_request["documents"]
    }
    expect("the requested documents", list(required), ["CLINICAL_NOTES"])
    names = "; ".join(required.values())
    transcript.step(
        f"The provider reads what is still required: {names}. The payer's deadline is suspended."
    )
    for code in required:
        walk.attach(request_id, code)

    def resumed() -> str | None:
        now = walk.await_status(request_id, PROVIDER, "PENDING")
        return str(now["due_at"]) if now["waiting_on"] == "PAYER" else None

    due_at = transcript.until("waiting for the deadline to resume", resumed)
    transcript.step(f"The deadline resumes: waiting on PAYER, due {to_the_minute(due_at)}.")
    transcript.prove(
        "missing documents are requested at once, and the deadline is suspended", names
    )


def find_on_worklist(walk: Walk, request_id: str) -> None:
    case = walk.deployment.caller(REVIEWER).call("GET", f"/v1/review/requests/{request_id}")
    plan_id = answer("reading the case", case, 200)["plan"]["plan_id"]
    cycles = answer(
        "reading the worklist",
        walk.deployment.caller(REVIEWER).call(
            "GET", "/v1/review/requests", query={"plan_id": plan_id, "limit": "100"}
        ),
        200,
    )["cycles"]
    listed = [r["request_id"] for r in cycles].count(request_id)
    expect("how often the worklist names it", listed, 1)
    walk.transcript.step(f"A reviewer finds it on the worklist of {plan_id} and reads the case.")


def refuse_bare_denial(walk: Walk, request_id: str) -> None:
    lines = [{"line_id": "1.1", "status": "APPROVED"}, {"line_id": "2.1", "status": "DENIED"}]
    response = walk.deployment.caller(REVIEWER).act(
        f"/v1/review/requests/{request_id}",
        "decisions",
        {"cycle": 1, "lines": lines},
    )
    errors = answer("a denial without a reason", response, 422)["errors"]
    pointers = [error["pointer"] for error in errors]
    missing = ["/lines/1/reason_code", "/lines/1/rationale", "/lines/1/criterion"]
    expect("what the denial lacks", pointers, missing)
    walk.transcript.step("A denial without reason, rationale and criterion is refused.")
    walk.transcript.prove(
        "a denial without a specific reason cannot be recorded", "422, three errors"
    )


def read_denial(walk: Walk, request_id: str) -> None:
    details = walk.await_status(request_id, PROVIDER, "PARTIALLY_APPROVED")
    line = next(line for line in details["lines"] if line["line_id"] == "2.1")
    decision = line["decisions"][-1]
    expect("the denial's reason code", decision["reason_code"], "0F")
    walk.transcript.step(
        f"The provider reads why 47562 was denied: {decision['reason_code_label']}."
    )
    expect("the action offered", "APPEAL" in details["allowed_actions"], expected=True)


def fetch_notices(walk: Walk, request_id: str) -> None:
    """The provider downloads its notice and the patient's copy."""
    provider = walk.deployment.caller(PROVIDER)

    def printed() -> list[dict[str, Any]] | None:
        response = provider.call("GET", f"/v1/requests/{request_id}")
        notices: list[dict[str, Any]] = answer("reading the notices", response, 200)[
            "determination_notices"
        ]
        return notices if len(notices) == 2 else None

    for notice in walk.transcript.until("waiting for the notices", printed):
        path = f"/v1/requests/{request_id}/notices/{notice['notice_id']}"
        link = answer("asking for a link", provider.call("GET", path), 200)["url"]
        content = httpx.get(link, timeout=60, verify=trust()).content
        expect("the first bytes of the notice", content[:5], b"%PDF-")
        expect("its size", len(content), notice["size"])
        audience = notice["audience"].lower()
        walk.transcript.step(
            f"It downloads the notice for the {audience}: {len(content)} bytes of PDF."
        )
    walk.transcript.prove("determination notices are available", "two PDFs, by links that expire")


def read_messages(walk: Walk) -> None:
    """The provider reads its messages."""
    provider = walk.deployment.caller(PROVIDER)
    unread = answer("reading the inbox", provider.call("GET", "/v1/messages"), 200)["unread"]
    left = answer("marking", provider.call("PUT", "/v1/messages/read"), 200)["unread"]
    expect("what is left unread", left, 0)
    walk.transcript.step(f"It marks the {unread} messages of its inbox as read; {left} are left.")


def appeal(walk: Walk, request_id: str) -> None:
    transcript = walk.transcript
    filed = walk.deployment.caller(PROVIDER).call(
        "POST",
        f"/v1/requests/{request_id}/appeals",
        {
            "cycle": 1,
            "line_ids": ["2.1"],
            "reason": "Repeated admissions; records attached earlier.",
        },
    )
    cycle = answer("filing the appeal", filed, 202)["cycle"]
    transcript.step("The provider appeals the denied line.")

    def pended() -> str | None:
        response = walk.deployment.caller(PROVIDER).call("GET", f"/v1/requests/{request_id}")
        last = answer("reading the appeal", response, 200)["appeals"][-1]
        return str(last["due_at"]) if last["status"] == "PENDED" else None

    due_at = transcript.until("waiting for the appeal to reach review", pended)
    transcript.behind(f"a second execution, with its own clock: due {to_the_minute(due_at)}")
    overturn = [{"line_id": "2.1", "status": "APPROVED", "rationale": "Criterion met on review."}]
    same = walk.deployment.caller(REVIEWER).act(
        f"/v1/review/requests/{request_id}",
        "decisions",
        {"cycle": cycle, "lines": overturn},
    )
    expect(
        "the first reviewer deciding again", answer("deciding", same, 409)["code"], "same_reviewer"
    )
    transcript.step("The first reviewer may not decide the appeal.")
    status = walk.decide(request_id, SECOND_REVIEWER, cycle, overturn)
    expect("the status after the appeal", status, "APPROVED")
    transcript.step(f"Another reviewer overturns the denial: the request is {status}.")
    walk.await_execution_end(request_id, cycle)
    walk.await_messages(request_id, "AppealDetermined", "APPROVED")
    read_messages(walk)
    transcript.prove("an appeal is decided by another reviewer, and overturns", status)


def strangers(walk: Walk) -> None:
    """Other TINs get 404 for the request."""
    transcript = walk.transcript
    transcript.chapter("Refused calls")
    body = {"patient": PATIENT}
    response = walk.deployment.caller(NEWCOMER).call("POST", "/v1/patients/confirm", body)
    refused = answer("a colleague without Patient Search", response, 403)
    transcript.step(
        f"{NEWCOMER.title[0].upper()}{NEWCOMER.title[1:]} is refused: “{refused['detail']}”"
    )
    transcript.prove("every caller needs the entitlement Patient Search", "403")


def print_table(transcript: Transcript) -> None:
    """Print what was proven, each item once."""
    rows: dict[str, str] = {}
    for what, how in transcript.proven:
        rows.setdefault(what, how)
    width = max(map(len, rows))
    transcript.write("\nProven on the synthesized template, over HTTP")
    for what, how in rows.items():
        transcript.write(f"  ✓ {what:<{width}}  {how}")
