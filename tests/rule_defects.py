"""Changes of one place that break a rule: the tests that prove the rule must fail with each.

Those of the portal's rules (V1 to V15) are in `tests/portal_defects.py`. Here are those of the API that
break one of them.
"""

from typing import Final, NamedTuple


class Defect(NamedTuple):
    """A part of a file that occurs once in it, and the code that replaces it."""

    rule_id: str
    file: str
    code: str
    broken: str


DEFECTS: Final = (
    Defect(
        "A1",
        "precert/domain/caller.py",
        "if self.entitlements.isdisjoint({entitlement, *others}):",
        "if not entitlement:",
    ),
    Defect(
        "A2",
        "precert/usecases/access.py",
        "not (own := request.tins.intersection(callers_tins)):",
        "not (own := request.tins or callers_tins):",
    ),
    Defect(
        "A3",
        "precert/domain/request.py",
        'model_copy(update={"void_reason": reason}),',
        'model_copy(update={"void_reason": f"{reason} {by}"}),',
    ),
    Defect(
        "A3",
        "precert/domain/statuses.py",
        "        return cls.YOU if subject == caller else cls.ANOTHER",
        "        return cls.YOU",
    ),
    Defect(
        "A4",
        "precert/usecases/members.py",
        "if coverage.plan.management_level in payer.supported_management_levels:",
        "if coverage.plan.management_level:",
    ),
    Defect(
        "A5",
        "precert/usecases/code_rules.py",
        "payer.behavioral_service(query.code, query.code_type)",
        'payer.behavioral_service("", query.code_type)',
    ),
    Defect(
        "A6",
        "precert/usecases/members.py",
        "payer).coverage_on(local_date(now, payer.zone))",
        "payer).coverage_near(local_date(now, payer.zone))",
    ),
    Defect(
        "A7",
        "precert/usecases/drafts.py",
        "if content.tins and not caller.tins.intersection(content.tins):",
        "if content.tins and not caller.tins.intersection(content.tins[:1]):",
    ),
    Defect(
        "P1",
        "precert/domain/coverage.py",
        ("\n            and folded(self.first_name) == folded(first_name)"),
        "",
    ),
    Defect(
        "P2",
        "precert/usecases/members.py",
        "if active and coverage.plan.referral_needed:",
        "if not active and coverage.plan.referral_needed:",
    ),
    Defect(
        "C1",
        "precert/usecases/directory.py",
        ":= miles_between(here, place)) <= SEARCH_RADIUS_MILES",
        ":= miles_between(here, place)) >= 0",
    ),
    Defect(
        "C2",
        "precert/domain/directory.py",
        "one.selected_at), reverse=True)",
        "one.selected_at), reverse=False)",
    ),
    Defect(
        "C3",
        "precert/domain/next_steps.py",
        'NextStep(NextAction.START_DRAFT, payer.notices["stay_without_codes"])',
        'NextStep(NextAction.CALL, payer.notices["stay_without_codes"])',
    ),
    Defect(
        "C4",
        "precert/domain/completeness.py",
        "elif field.choices and value not in field.codes:",
        "elif field.choices and not value:",
    ),
    Defect(
        "C5",
        "precert/domain/code_sets.py",
        ('    if listed is None:\n        return "unknown_code"'),
        ('    if listed is None and on is None:\n        return "unknown_code"'),
    ),
    Defect(
        "C6",
        "precert/domain/rules.py",
        "return CodeResult(code, query.code_type, Requirement.UNABLE_TO_DETERMINE)",
        "return CodeResult(code, query.code_type, Requirement.NOT_REQUIRED)",
    ),
    Defect(
        "C7",
        "precert/usecases/confirmation.py",
        ("if answer.requirement is not Requirement.NOT_REQUIRED:\n        raise"),
        ("if answer.requirement is Requirement.REQUIRED:\n        raise"),
    ),
    Defect(
        "C8",
        "precert/domain/rules.py",
        ("        vendor_id=rule.vendor_id,\n        effective_from"),
        ("        vendor_id=None,\n        effective_from"),
    ),
    Defect(
        "C9",
        "precert/domain/completeness.py",
        "not field.earliest <= day <= field.latest:",
        "not field.earliest <= day:",
    ),
    Defect(
        "C10",
        "precert/usecases/code_rules.py",
        "if service.urgency is Urgency.EMERGENCY and known:",
        "if service.urgency is Urgency.EXPEDITED and known:",
    ),
    Defect(
        "C11", "precert/domain/form.py", "        return bool(drug)\n", "        return False\n"
    ),
    Defect(
        "C12",
        "precert/usecases/code_rules.py",
        "    return answer._replace(requirement=Requirement.REQUIRED, vendor_id=None, guidance=notice)",
        "    return answer",
    ),
    Defect(
        "C13",
        "precert/usecases/ownership.py",
        "if is_delegated and answer.vendor_id == vendor_id:",
        "if is_delegated:",
    ),
    Defect(
        "C14",
        "precert/domain/next_steps.py",
        (
            "    if not without and all(service.procedures for service in content.services):\n"
            "        return None"
        ),
        ("    if without or content.services:\n        return None"),
    ),
    Defect(
        "C15", "precert/domain/next_steps.py", '    yield "no_guarantee"\n', "    yield from ()\n"
    ),
    Defect(
        "C16",
        "functions/check/lookup_models.py",
        '            own=payer.notices["directory_own"],',
        '            own=payer.notices["directory_other"],',
    ),
    Defect(
        "D1",
        "precert/usecases/drafts.py",
        "    if not needs_draft(answer, payer):\n",
        "    if answer is None:\n",
    ),
    Defect(
        "D2",
        "precert/adapters/dynamodb/request_items.py",
        ("for name, part in entered.items()}\n\n\ndef unpacked_parts"),
        (
            'for name, part in entered.items() if name != "requesting_provider"}\n'
            "\n"
            "\n"
            "def unpacked_parts"
        ),
    ),
    Defect(
        "D3",
        "precert/domain/clocks.py",
        ("        if moment.weekday() not in clock.resting_weekdays:\n            left_today"),
        ("        if moment is not None:\n            left_today"),
    ),
    Defect(
        "D4",
        "precert/adapters/dynamodb/drafts.py",
        "transact([*before, *count_selection(self._table, request), row])",
        "transact([*before, *count_selection(self._table, request)])",
    ),
    Defect(
        "D5",
        "precert/usecases/access.py",
        "return draft.expires_at is not None and now >= draft.expires_at",
        "return draft.expires_at is None",
    ),
    Defect(
        "D6",
        "precert/usecases/drafts.py",
        'return [error.under("/content") for error in errors]',
        'return [error.under("/content") for error in errors[:1]]',
    ),
    Defect(
        "D7",
        "precert/adapters/dynamodb/drafts.py",
        '"ConditionExpression": f"{_LIVE} AND {condition}",',
        "\"ConditionExpression\": f\"{_LIVE.replace('version', ':based_on')} AND {condition}\",",
    ),
    Defect(
        "U1",
        "precert/usecases/documents.py",
        "    return inspect(arrived.body, document.content_type)",
        "    return None",
    ),
    Defect(
        "U2",
        "precert/adapters/s3/documents.py",
        '                ["content-length-range", 1, max_bytes],',
        '                ["content-length-range", 1, max_bytes * 2],',
    ),
    Defect(
        "U3",
        "precert/usecases/assessment.py",
        "slots = payer.documents.max_while_pending",
        "slots = payer.documents.max_while_pending + 1",
    ),
    Defect(
        "U4",
        "precert/domain/request_state.py",
        "return self.cycle_is_open and self.status is not Status.PROCESSING",
        "return self.status is not Status.PROCESSING",
    ),
    Defect(
        "U5",
        "precert/usecases/documents.py",
        "type=EventType.DOCUMENT_ATTACHED if attached else EventType.DOCUMENT_REFUSED",
        "type=EventType.DOCUMENT_REFUSED",
    ),
    Defect(
        "U5",
        "precert/domain/documents.py",
        "status=DocumentStatus.CHECKING if scanned else DocumentStatus.ATTACHED,",
        "status=DocumentStatus.ATTACHED,",
    ),
    Defect(
        "U5",
        "precert/domain/documents.py",
        "return self.changed(status=DocumentStatus.ATTACHED, settled_at=now, scan=result)",
        "return self.changed(settled_at=now, scan=result)",
    ),
    Defect(
        "U6",
        "precert/usecases/documents.py",
        (
            "    if document.status is not DocumentStatus.ATTACHED:\n"
            "        raise DocumentNotAvailableError("
        ),
        (
            "    if document.status is DocumentStatus.ATTACHED:\n"
            "        raise DocumentNotAvailableError("
        ),
    ),
    Defect(
        "U7",
        "precert/adapters/inspection/budget.py",
        "        if self.left < 0:",
        "        if self.left is None:",
    ),
    Defect(
        "S1",
        "precert/usecases/submission.py",
        "or current.review.submitted_version != based_on\n",
        "or current.review.submitted_version == based_on\n",
    ),
    Defect(
        "S2",
        "precert/domain/duplicates.py",
        "existing.request_id != self.request_id\n",
        "existing.request_id == self.request_id\n",
    ),
    Defect(
        "S3",
        "precert/domain/matching.py",
        "if reason_codes := mismatches(provider, entries.get(provider.provider_id)):",
        "if reason_codes := mismatches(provider, None)[1:]:",
    ),
    Defect(
        "S4",
        "precert/api/details.py",
        '        return payer.notices["processing"]',
        "        return None",
    ),
    Defect(
        "S5",
        "precert/domain/rows.py",
        "channel=review.channel if review else Channel.PORTAL",
        "channel=Channel.PORTAL",
    ),
    Defect(
        "W1",
        "precert/domain/assessing.py",
        "        and not assessment.required_documentation\n",
        "",
    ),
    Defect(
        "W2",
        "precert/domain/request.py",
        "due = next((due for due in self._due_events() if now >= due.at), None)",
        "due = next((due for due in self._due_events()[1:] if now >= due.at), None)",
    ),
    Defect(
        "W3",
        "precert/domain/statuses.py",
        (
            "    if not any(status.rule.adverse for status in statuses):\n"
            "        return Status.APPROVED"
        ),
        (
            "    if any(status.rule.approves for status in statuses):\n"
            "        return Status.APPROVED"
        ),
    ),
    Defect(
        "W4",
        "precert/usecases/notices.py",
        ("        for audience in Audience:\n            facts"),
        ("        for audience in [Audience.PROVIDER]:\n            facts"),
    ),
    Defect(
        "W5",
        "precert/domain/request.py",
        "        if not allows(self.status, transition):\n",
        "        if not self.status:\n",
    ),
    Defect(
        "W6",
        "precert/domain/request.py",
        (
            "status=Status.VOID,\n"
            '            review=closed_cycle(review, now).model_copy(update={"void_reason"'
        ),
        (
            "status=self.status,\n"
            '            review=closed_cycle(review, now).model_copy(update={"void_reason"'
        ),
    ),
    Defect(
        "W7",
        "precert/domain/disputing.py",
        "    end = max(end, extended or end)\n",
        "    end = min(end, extended or end)\n",
    ),
    Defect(
        "W7",
        "precert/domain/disputing.py",
        "    if level > levels:\n",
        "    if level > levels + 1:\n",
    ),
    Defect(
        "W8",
        "precert/domain/request_state.py",
        "return any(line.decisions for line in self.submitted.lines)",
        "return True",
    ),
    Defect(
        "W9",
        "precert/domain/decisions.py",
        "        return next(adjudicated, None)",
        "        return next(adjudicated, None) and None",
    ),
    Defect(
        "W10",
        "precert/usecases/decisions.py",
        "awaits_physician = adverse and settings.physician_decides_adverse and not physician",
        "awaits_physician = False",
    ),
    Defect(
        "W11",
        "precert/domain/request_state.py",
        "return deadline.clock.extension if now < deadline.due_at else None",
        "return None",
    ),
    Defect(
        "W12",
        "precert/domain/disputing.py",
        "appeals = disputes.count(DisputeKind.APPEAL)",
        "appeals = len(disputes)",
    ),
    Defect(
        "T1",
        "precert/domain/statuses.py",
        ("    if not appeal_open:\n        if disputes is None"),
        ("    if True:\n        if disputes is None"),
    ),
    Defect(
        "T2",
        "precert/domain/rows.py",
        "requesting_tin=requesting.tin if requesting else None",
        "requesting_tin=servicing.tin if servicing else None",
    ),
    Defect(
        "T3",
        "precert/adapters/dynamodb/flags.py",
        'OR size({_IDS}) < :most"',
        'OR size({_IDS}) <= :most"',
    ),
    Defect(
        "T4",
        "precert/usecases/access.py",
        "    return request if now < end else None",
        "    return request",
    ),
    Defect(
        "T5", "precert/usecases/messages.py", "    for tin in tins:\n", "    for tin in tins[:1]:\n"
    ),
    Defect(
        "T6",
        "precert/api/labels.py",
        "        return self.descriptions.get((CodeSet.ICD_10_CM, code)) if code else None",
        "        return None",
    ),
    Defect(
        "V1",
        "precert/usecases/members.py",
        "Readable((member,) if member else ())",
        "Readable(())",
    ),
    Defect("V9", "functions/check/requirement_models.py", "url=vendor.url", 'url=""'),
    Defect(
        "V9",
        "functions/check/requirement_models.py",
        "confirmation_available=answer.requirement is Requirement.NOT_REQUIRED",
        "confirmation_available=False",
    ),
    Defect(
        "V15",
        "precert/domain/rows.py",
        "actions = request.provider_actions(request.updated_at)",
        "actions: tuple[Action, ...] = ()",
    ),
    Defect(
        "V15",
        "precert/domain/rows.py",
        "tuple(action for action in actions if action not in _DISPUTES)",
        "actions[:1]",
    ),
    Defect("X1", "precert/api/accesses.py", "    _note_ids(call.response, found)\n", ""),
    Defect(
        "X2",
        "precert/usecases/repairs.py",
        "    return workflow.start_again(request_id, cycle, now=now)",
        "    return False",
    ),
    Defect(
        "X2", "precert/usecases/cleanup.py", "    archive.store(cleanup.file_of(request))\n", ""
    ),
    Defect(
        "X2",
        "precert/usecases/repairs.py",
        "        if following != position:\n",
        "        if following == position:\n",
    ),
    Defect(
        "X2",
        "precert/adapters/eventbridge.py",
        'if response["FailedEntryCount"]:',
        'if response["FailedEntryCount"] > 1:',
    ),
    Defect(
        "X2",
        "precert/adapters/sqs.py",
        "elif self._accepts(receiver.function, event):",
        "elif self._accepts(receiver.function, event) or event:",
    ),
    Defect(
        "X2",
        "precert/queues.py",
        "    return dict(process_partial_response(event, handle, processor, context))",
        (
            "    process_partial_response(event, handle, processor, context)\n"
            '    return {"batchItemFailures": []}'
        ),
    ),
    Defect(
        "X2",
        "precert/streams.py",
        "if is_poison(error) and _set_aside(record, error, dead_letters):",
        "if is_poison(error):",
    ),
    Defect(
        "X2",
        "precert/streams.py",
        "        note_error(refused)\n        return False",
        "        note_error(refused)\n        return True",
    ),
)
