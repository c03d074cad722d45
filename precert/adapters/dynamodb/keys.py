"""The keys of all tables. No other module builds keys.

Requests table, one item collection per request::

    pk REQUEST#<request_id>   sk REQUEST             the request (a draft until submitted)
                              sk DOCUMENT#<id>       a document
                              sk EVENT#<id>          an event: history, and the stream's outbox
                              sk PARTY#<tin>         its entry in the lists of that TIN
                              sk NOTICE#<id>         a determination notice
                              sk CYCLE#<n>           the task token of a waiting execution
                              sk OVERDUE             its entry in the queue of overdue requests
                              sk DEEMED_DENIAL       its entry in the queue of deemed denials
                              sk VENDOR#<id>         its row in a delegated vendor's list
                              sk BACKLOG#<id>        its row in the backlog of delegated vendors
                              sk UNMATCHED#<role>    a provider that waits to be reconciled
                              sk INTAKE              its entry in the queue of intake exceptions
                              sk REGISTERED          its entry in the list of registered requests
                              sk REGISTERED_BY       its entry in the list of the user who registered it
                              sk NOTICES             its entry until its notices are issued
                              sk ORIGINAL            the claim as it was sent, without its documents
                              sk ORIGINAL#<version>  an update of it as it was sent
    pk NUMBER#<number>        sk NUMBER              a precertification number, assigned once
    pk NUMBER#<claim id>      sk NUMBER              an update, by the id of its claim
    pk DUPLICATE#<SHA-256>    sk LOCK                requests with the same signature, and their days
    pk MEMBER#<SHA-256>       sk REQUEST#<id>        the duplicate fingerprint of a member's request
                              sk LAST_APPROVAL       the member's last automatic approval
    pk INBOX#<tin>            sk <at>#<message_id>   a message
                              sk UNREAD              the number of unread messages
    pk EXPIRED_UNREAD#<tin>   sk <at>#<message_id>   expired unread: decremented once
    pk FLAGS#<tin>            sk FLAGS               the requests that the TIN has flagged
    pk FREQUENT#<tin>         sk <provider>          how many times the TIN has selected it
    pk SWEEP                  sk <queue>             the position where a sweep continues
    pk MIGRATION              sk <name>              the progress of a migration
    pk SUBSCRIPTION#<id>      sk SUBSCRIPTION        a subscription and the state of its delivery
                              sk HEADERS             the headers of its notifications
                              sk NOTIFICATION#<n>    an event of the subscription
                              sk NUMBERED#<event_id>  an event that has a number: it gets only one
    pk SUBSCRIBER#<SHA-256>   sk SUBSCRIPTIONS       the subscriptions of a client
    pk SUBSCRIBERS#<kind>#<number>  sk <subscription id>  a subscription to an organization

Reference table::

    pk MEMBER#<member_id>     sk COVERAGE            the member, and every coverage span
                              sk SSN                 the keyed hash of the SSN
    pk SSN#<keyed hash>       sk <member_id>
    pk RULE_LIST              sk IN_EFFECT           the pointer to the list in effect
                              sk AT#<instant>        a published list, by time of publication
                              sk VERSION#<version>   makes each version unique
    pk KEY                    sk ASSERTIONS          the HMAC key of assertion ids
    pk GRANT#<issuer>#<subject>  sk GRANT            the rights of a user or a partner's system
                              sk REVIEWERS           without a subject: the reviewers of the issuer
    pk GRANTS                 sk <issuer>#<subject>  the list of grants
    pk CLIENT#<client_id>     sk CLIENT              a partner's system that authenticates with a key
    pk CLIENT#CDS#<issuer>    sk CLIENT              the same, by the issuer of its CDS Hooks calls
    pk CLIENTS                sk <client_id>         the list of clients
    pk PROVIDER#<id>          sk ENTRY               a directory entry
    pk CELL#<kind>#<cell>#<first letters of a word>  sk <word>#<provider_id>
    pk AT#<kind>#<zip>        sk <name>#<provider_id>
    pk TIN#<tin>              sk <kind>#<name>#<provider_id>
    pk PLANS                  sk <plan_id>           a plan, for loads of members
    pk ZIP#<zip>              sk PLACE               the center of a ZIP code that was loaded
    pk LOAD#<kind>            sk <SHA-256>#<mode>    the progress of the load of a file

Limits table::

    pk <issuer>#<subject>     sk <minute>            the number of calls of a client
    pk ASSERTION#<SHA-256>    sk ASSERTION           an accepted assertion, by issuer and jti

Audit table::

    pk <day>#<shard>          sk <instant>#<access_id>   one access to health information
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Final

from precert.domain.audit import member_key
from precert.domain.directory import MIN_WORD_LENGTH
from precert.domain.matching import ProviderRole
from precert.domain.statuses import Status
from precert.domain.subscriptions import Organization
from precert.domain.values import ProviderKind, Urgency
from precert.names import (
    CLIENT_PK_PREFIX,
    DOCUMENT_SK_PREFIX,
    EVENT_SK_PREFIX,
    GRANT_PK_PREFIX,
    INBOX_PK_PREFIX,
    PK,
    REQUEST_PK_PREFIX,
    SK,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

NOTICE_SK_PREFIX: Final = "NOTICE#"
PARTY_SK_PREFIX: Final = "PARTY#"
DRAFT_PARTY_SK: Final = "PARTY#DRAFT"
"""The dashboard entry of a draft; a submission replaces it without reading its TIN."""
ORIGINAL_SK: Final = "ORIGINAL"
"""The claim as the submitter sent it."""
OVERDUE_SK: Final = "OVERDUE"
DEEMED_DENIAL_SK: Final = "DEEMED_DENIAL"
DEEMED_DENIAL_QUEUE: Final = "DEEMED_DENIAL"
"""Worklist partition of overdue cycles whose line of business counts that as a denial."""
OVERDUE_QUEUE: Final = "OVERDUE"
"""Worklist partition of cycles whose deadline has passed, of all plans."""
INTAKE_SK: Final = "INTAKE"
INTAKE_QUEUE: Final = "INTAKE"
"""Worklist partition of registered requests that wait for an operator's confirmation."""
REGISTERED_SK: Final = "REGISTERED"
REGISTERED_BY_SK: Final = "REGISTERED_BY"
REGISTERED_LIST: Final = "REGISTERED"
"""Partition with all registered requests in the member index, whose other partitions are hashes."""
UNMATCHED_QUEUE: Final = "UNMATCHED"
"""Worklist partition of providers that do not match the directory, by time of submission."""
UPLOADS_QUEUE: Final = "UPLOADS"
"""Worklist partition of documents that wait for their upload or scan, by the time of the offer."""
DRAFTS_QUEUE: Final = "DRAFTS"
"""Worklist partition of drafts, by the time when their expiry warning is due."""
UNREAD_SK: Final = "UNREAD"
"""Sorts after every instant, so that a page read in reverse begins with it."""
NOTICES_SK: Final = "NOTICES"


def instant(at: datetime) -> str:
    """A time as text that sorts chronologically: UTC, always with microseconds."""
    if at.tzinfo is None:
        raise ValueError("instants are zone-aware")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def microseconds(at: datetime) -> int:
    """A time in microseconds since 1970; as a number it takes nine bytes of a key."""
    if at.tzinfo is None:
        raise ValueError("instants are zone-aware")
    return (at - _EPOCH) // timedelta(microseconds=1)


def instant_of(microseconds_: Decimal | int) -> datetime:
    """The time of a number of microseconds since 1970; see :func:`microseconds`."""
    return _EPOCH + timedelta(microseconds=int(microseconds_))


def request_pk(request_id: str) -> str:
    return f"{REQUEST_PK_PREFIX}{request_id}"


def event_sk(request_id: str, event_id: str) -> str:
    """The sort key of an event: its id without the request's id, which the partition key has."""
    return f"{EVENT_SK_PREFIX}{event_id.removeprefix(request_id + '.')}"


def document_sk(document_id: str) -> str:
    return f"{DOCUMENT_SK_PREFIX}{document_id}"


def notice_sk(notice_id: str) -> str:
    return f"{NOTICE_SK_PREFIX}{notice_id}"


def party_sk(tin: str) -> str:
    return f"{PARTY_SK_PREFIX}{tin}"


def cycle_sk(number: int) -> str:
    return f"CYCLE#{number}"


def flags_key(tin: str) -> tuple[str, str]:
    """Partition and sort key of a TIN's set of flagged requests."""
    return f"FLAGS#{tin}", "FLAGS"


def number_pk(number: str) -> str:
    return f"NUMBER#{number}"


LOCK_SK: Final = "LOCK"


def duplicate_pk(signature: str) -> str:
    return f"DUPLICATE#{signature}"


def fingerprints_pk(member_id: str) -> str:
    """The partition of a member. Keys can be in metrics and logs, so they contain no member id."""
    return f"MEMBER#{member_hash(member_id)}"


def member_hash(member_id: str) -> str:
    """The partition of a member in the member index."""
    return member_key(member_id)


def registered_list_pk(subject: str) -> str:
    """Partition with the requests that one user registered, in the member index."""
    return f"REGISTERED_BY#{subject}"


LAST_APPROVAL_SK: Final = "LAST_APPROVAL"


def fingerprint_sk(request_id: str) -> str:
    return f"REQUEST#{request_id}"


def inbox_pk(tin: str) -> str:
    return f"{INBOX_PK_PREFIX}{tin}"


def expired_unread_pk(tin: str) -> str:
    return f"EXPIRED_UNREAD#{tin}"


def inbox_sk(at: datetime, message_id: str) -> str:
    return f"{instant(at)}#{message_id}"


def tin_status(tin: str, status: Status) -> str:
    return f"{tin}#{status.rule.index_letter}"


def tin_member(tin: str, member_id: str) -> str:
    return f"{tin}#{member_id.upper()}"


def worklist_pk(plan_id: str) -> str:
    return f"PLAN#{plan_id}"


def worklist_sk(urgency: Urgency, due_at: datetime, request_id: str) -> str:
    """Expedited and emergency cases sort before standard ones, then by due date."""
    rank = 1 if urgency is Urgency.STANDARD else 0
    return f"{rank}#{instant(due_at)}#{request_id}"


SUBSCRIPTION_SK: Final = "SUBSCRIPTION"
HEADERS_SK: Final = "HEADERS"
SUBSCRIPTIONS_QUEUE: Final = "SUBSCRIPTIONS"
"""Worklist partition of subscriptions, by the time when their next attempt is due."""


def subscription_pk(subscription_id: str) -> str:
    return f"SUBSCRIPTION#{subscription_id}"


def notification_sk(number: int) -> str:
    return f"NOTIFICATION#{number:010d}"


def numbered_sk(event_id: str) -> str:
    return f"NUMBERED#{event_id}"


def owner_key(issuer: str | None, subject: str) -> tuple[str, str]:
    """Partition and sort key of the set of a client's subscriptions."""
    digest = sha256(f"{issuer or ''}\x1f{subject}".encode()).hexdigest()
    return f"SUBSCRIBER#{digest}", "SUBSCRIPTIONS"


def subscribers_pk(organization: Organization) -> str:
    return f"SUBSCRIBERS#{organization.key}"


SWEEP_PK: Final = "SWEEP"
"""Partition of the positions at which sweeps continue."""
MIGRATION_PK: Final = "MIGRATION"
"""Partition of the progress of migrations."""


def checks_sk(check_at: datetime, request_id: str) -> str:
    """Sorts open cycles by the next check of their clock, or by the time when they were opened."""
    return f"{instant(check_at)}#{request_id}"


def overdue_sk(due_at: datetime, request_id: str) -> str:
    return f"{instant(due_at)}#{request_id}"


VENDOR_BACKLOG: Final = "VENDOR_BACKLOG"
"""Worklist partition of open delegations of all vendors, overdue first."""


def vendor_sk(vendor_id: str) -> str:
    return f"VENDOR#{vendor_id}"


def backlog_sk(vendor_id: str) -> str:
    return f"BACKLOG#{vendor_id}"


def vendor_list_pk(vendor_id: str, *, is_open: bool) -> str:
    """Worklist partition of a vendor's open or closed delegations."""
    return f"VENDOR#{vendor_id}#{'OPEN' if is_open else 'CLOSED'}"


def vendor_list_sk(at: datetime, request_id: str) -> str:
    return f"{instant(at)}#{request_id}"


def backlog_worklist_sk(at: datetime, request_id: str, *, overdue: bool) -> str:
    """Sorts overdue delegations first, by due date, then others by the next check of their clock."""
    return f"{0 if overdue else 1}#{instant(at)}#{request_id}"


def checked_until(now: datetime) -> tuple[str, str]:
    """Bounds of the sort keys of delegations whose next clock check is due."""
    return "1#", f"1#{instant(now)}~"


def unmatched_sk(role: ProviderRole) -> str:
    return f"UNMATCHED#{role.value}"


def unmatched_worklist_sk(submitted_at: datetime, request_id: str, role: ProviderRole) -> str:
    return f"{instant(submitted_at)}#{request_id}#{role.value}"


def member_pk(member_id: str) -> str:
    return f"MEMBER#{member_id.upper()}"


PLANS_PK: Final = "PLANS"
RULE_LIST_PK: Final = "RULE_LIST"
GRANT_SK: Final = "GRANT"
GRANTS_PK: Final = "GRANTS"
REVIEWERS_SK: Final = "REVIEWERS"


CLIENT_SK: Final = "CLIENT"
CLIENTS_PK: Final = "CLIENTS"
ASSERTION_SK: Final = "ASSERTION"


def client_pk(client_id: str) -> str:
    return f"{CLIENT_PK_PREFIX}{client_id}"


def cds_client_pk(issuer: str) -> str:
    """The key by the issuer of CDS Hooks calls. It is not a client's key: ids have no number sign."""
    return f"{CLIENT_PK_PREFIX}CDS#{issuer}"


def assertion_pk(token_id: str) -> str:
    return f"ASSERTION#{token_id}"


def grant_pk(issuer: str, subject: str) -> str:
    return f"{GRANT_PK_PREFIX}{issuer}#{subject}"


def reviewers_pk(issuer: str) -> str:
    """The list of reviewers, under a prefix that every API function is permitted to read."""
    return grant_pk(issuer, "")


ASSERTION_KEY: Final = {PK: "KEY", SK: "ASSERTIONS"}


def rule_list_at_sk(published_at: datetime | None) -> str:
    """The position of a list in the history; for ``None``, the position after all lists."""
    return f"AT#{instant(published_at) if published_at else '~'}"


def rule_list_version_sk(version: str) -> str:
    return f"VERSION#{version}"


def ssn_pk(digest: str) -> str:
    return f"SSN#{digest}"


def provider_pk(provider_id: str) -> str:
    return f"PROVIDER#{provider_id}"


def cell_pk(kind: ProviderKind, cell: str, word: str) -> str:
    """The partition of a cell's entries with a word; ``word`` can be only its beginning."""
    return f"CELL#{kind.value}#{cell}#{word[:MIN_WORD_LENGTH]}"


def tin_entries_pk(tin: str) -> str:
    return f"TIN#{tin}"


def zip_entries_pk(kind: ProviderKind, zip_code: str) -> str:
    return f"AT#{kind.value}#{zip_code}"


def entry_sk(words: str, provider_id: str) -> str:
    return f"{words}#{provider_id}"


def zip_key(zip_code: str) -> tuple[str, str]:
    """Partition and sort key of a loaded ZIP code."""
    return f"ZIP#{zip_code}", "PLACE"


def load_key(kind: str, load_id: str) -> tuple[str, str]:
    """Partition and sort key of the checkpoint of a load."""
    return f"LOAD#{kind}", load_id


def frequent_pk(tin: str) -> str:
    return f"FREQUENT#{tin}"


def audit_pk(day: date, shard: int) -> str:
    return f"{day.isoformat()}#{shard}"


def audit_sk(at: datetime, access_id: str = "") -> str:
    """The sort key of a record; without an id, it sorts before every record at this time."""
    instant = at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return f"{instant}Z#{access_id}"
