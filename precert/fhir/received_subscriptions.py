"""Read and validate received Subscriptions (R4 backport of topic-based subscriptions)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from precert.domain.subscriptions import (
    HEARTBEAT_SECONDS,
    MAX_ORGANIZATIONS,
    Organization,
    OrganizationKind,
    SubscriptionStatus,
)
from precert.domain.values import NPI_PREFIX, luhn_digit
from precert.fhir import systems
from precert.fhir.bundles import Issue, UnprocessableBundleError, objects, text, unknown_modifiers
from precert.fhir.elements import Json, present
from precert.fhir.subscriptions import BACKPORT, CONTENT, FHIR_JSON, FULL_RESOURCE, TOPIC

_FILTER: Final = f"{BACKPORT}/backport-filter-criteria"
_HEARTBEAT: Final = f"{BACKPORT}/backport-heartbeat-period"
_TIMEOUT: Final = f"{BACKPORT}/backport-timeout"
_MAX_COUNT: Final = f"{BACKPORT}/backport-max-count"
_CHANNEL_TYPE: Final = f"{BACKPORT}/backport-channel-type"
_MEDIA_TYPES: Final = (FHIR_JSON, "application/json")
_ORGANIZATION: Final = re.compile(
    r"(?:[A-Z][A-Za-z]*[?.])?(?:org-identifier|orgIdentifier)=(?P<values>\S+)"
)
_HEADER: Final = re.compile(
    r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100})[ \t]*:[ \t]*([\x20-\x7e]{0,4000})"
)
_MAX_HEADERS: Final = 10
_RESERVED_HEADERS: Final = frozenset(
    {
        *("accept-encoding", "connection", "content-encoding", "content-length", "content-type"),
        *("expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers that the server sets itself. Those that begin with ``proxy-`` are refused too."""
_NAME: Final = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*"
)
"""A host name with a domain. Its last label begins with a letter, which excludes IP addresses."""
_NOT_PUBLIC: Final = frozenset(
    {
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "private",
        "onion",
        "arpa",
    }
)
_MAX_URL: Final = 1000
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_ECHOED: Final = ("language", "text", "extension", "contact")


@dataclass(frozen=True)
class ReadSubscription:
    """The values of a received Subscription that is valid."""

    organizations: tuple[Organization, ...]
    endpoint: str
    media_type: str
    headers: Mapping[str, SecretStr] = field(repr=False)
    heartbeat_seconds: int | None
    timeout_seconds: int | None
    end: datetime | None
    turned_off: bool
    """Whether its status is ``off``."""
    resource: Json
    """The elements that responses return, without the headers."""


def read_subscription(document: Json, *, now: datetime, local: bool) -> ReadSubscription:
    """Read a Subscription; ``local`` if endpoints on this machine are accepted.

    Raises:
        UnprocessableBundleError: something is missing, wrong or not supported; all issues are listed.
    """
    reader = _Reader(document, now, local)
    read = reader.read()
    if reader.issues:
        raise UnprocessableBundleError(reader.issues)
    return read


class _Reader:
    """The values of one resource, and the issues found while reading it."""

    def __init__(self, document: Json, now: datetime, local: bool) -> None:
        self.document, self.now, self.local = document, now, local
        self.issues: list[Issue] = []

    def read(self) -> ReadSubscription:
        document = self.document
        if document.get("resourceType") != "Subscription":
            self.refuse("structure", "", "The body must be one resource of type Subscription.")
            raise UnprocessableBundleError(self.issues)
        self.issues += unknown_modifiers(document, "Subscription")
        channel = document.get("channel")
        if not isinstance(channel, dict):
            self.refuse("required", "channel", "There must be a channel of the type rest-hook.")
            channel = {}
        extensions = {
            str(one.get("url")): one for one in objects(channel, "extension") if "url" in one
        }
        read = ReadSubscription(
            organizations=self.organizations(),
            endpoint=self.endpoint(channel),
            media_type=self.media_type(channel),
            headers=self.headers(channel),
            heartbeat_seconds=self.seconds(
                extensions.get(_HEARTBEAT), "heartbeat period", HEARTBEAT_SECONDS
            ),
            timeout_seconds=self.seconds(extensions.get(_TIMEOUT), "timeout", range(1, 86401)),
            end=self.end(),
            turned_off=self.status() is SubscriptionStatus.OFF,
            resource=self.shown(extensions),
        )
        if not text(document, "reason"):
            self.refuse("required", "reason", "There must be a reason for the subscription.")
        return read

    def refuse(self, code: str, path: str, message: str) -> None:
        expression = f"Subscription.{path}" if path else "Subscription"
        self.issues.append(Issue(code, expression, message))

    def status(self) -> SubscriptionStatus | None:
        sent = self.document.get("status")
        accepted = (
            SubscriptionStatus.REQUESTED,
            SubscriptionStatus.ACTIVE,
            SubscriptionStatus.OFF,
        )
        found = next((one for one in accepted if one.value == sent), None)
        if found is None:
            self.refuse(
                "required" if sent is None else "value",
                "status",
                "The status must be requested, or off in an update that turns the subscription off.",
            )
        return found

    def organizations(self) -> tuple[Organization, ...]:
        criteria = self.document.get("criteria")
        if not isinstance(criteria, str) or criteria.partition("|")[0] != TOPIC:
            code = "required" if criteria is None else "not-supported"
            self.refuse(code, "criteria", f"The topic must be {TOPIC}.")
        filters = [
            one.get("valueString")
            for one in objects(self.document.get("_criteria"), "extension")
            if one.get("url") == _FILTER
        ]
        path = "criteria.extension"
        if len(set(map(str, filters))) != 1:
            message = (
                f"There must be one filter ({_FILTER}), as in org-identifier=123456789, with several "
                "organizations separated by commas."
            )
            self.refuse("not-supported" if filters else "required", path, message)
            return ()
        match = _ORGANIZATION.fullmatch(str(filters[0]))
        values = [unquote(one) for one in match["values"].split(",")] if match else []
        found = [_organization(one) for one in values]
        if not found or None in found or len(found) > MAX_ORGANIZATIONS:
            message = (
                f"The filter must be org-identifier= with at most {MAX_ORGANIZATIONS} TINs of nine "
                f"digits or NPIs, optionally with their system, as in {systems.US_NPI}|1234567893."
            )
            self.refuse("not-supported" if not match else "value", path, message)
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def endpoint(self, channel: Json) -> str:
        if channel.get("type") != "rest-hook" or any(
            one.get("url") == _CHANNEL_TYPE for one in objects(channel.get("_type"), "extension")
        ):
            self.refuse(
                "not-supported", "channel.type", "The type of the channel must be rest-hook."
            )
        url = channel.get("endpoint")
        if not isinstance(url, str) or not url:
            self.refuse("required", "channel.endpoint", "There must be a URL for notifications.")
            return ""
        if not is_endpoint(url, local=self.local):
            self.refuse(
                "value",
                "channel.endpoint",
                "The endpoint must be an https URL with a public host name, without user, password "
                f"and fragment, of at most {_MAX_URL} characters.",
            )
        return url

    def media_type(self, channel: Json) -> str:
        sent = channel.get("payload")
        if sent not in _MEDIA_TYPES:
            code = "required" if sent is None else "not-supported"
            self.refuse(code, "channel.payload", f"The payload must be {FHIR_JSON}.")
        contents = [
            one.get("valueCode")
            for one in objects(channel.get("_payload"), "extension")
            if one.get("url") == CONTENT
        ]
        if contents != [FULL_RESOURCE]:
            self.refuse(
                "not-supported" if contents else "required",
                "channel.payload.extension",
                f"The extension {CONTENT} must be {FULL_RESOURCE}.",
            )
        return str(sent)

    def headers(self, channel: Json) -> dict[str, SecretStr]:
        sent = channel.get("header", [])
        found: dict[str, SecretStr] = {}
        if not isinstance(sent, list) or len(sent) > _MAX_HEADERS:
            self.refuse("value", "channel.header", f"There must be at most {_MAX_HEADERS} headers.")
            return found
        for index, one in enumerate(sent):
            match = _HEADER.fullmatch(one) if isinstance(one, str) else None
            name = match[1].lower() if match else ""
            path = f"channel.header[{index}]"
            if match is None:
                message = (
                    "A header must be a name, a colon and a value of printable ASCII characters."
                )
                self.refuse("value", path, message)
            elif name in _RESERVED_HEADERS or name.startswith("proxy-"):
                self.refuse(
                    "not-supported", path, "This header must be absent: the server sets it."
                )
            elif name in map(str.lower, found):
                self.refuse("duplicate", path, "Each header must be sent once.")
            else:
                found[match[1]] = SecretStr(match[2].rstrip())
        return found

    def seconds(self, extension: Json | None, what: str, bounds: range) -> int | None:
        if extension is None:
            return None
        value = extension.get("valueUnsignedInt")
        if isinstance(value, bool) or not isinstance(value, int) or value not in bounds:
            message = f"The {what} must be from {bounds.start} to {bounds[-1]} seconds."
            self.refuse("value", "channel.extension", message)
            return None
        return value

    def end(self) -> datetime | None:
        sent = self.document.get("end")
        if sent is None:
            return None
        message = "The end must be an instant with a time zone, as in 2027-12-31T12:00:00Z."
        try:
            found = datetime.fromisoformat(sent) if _INSTANT.fullmatch(str(sent)) else None
        except ValueError:
            found = None
        if found is None:
            self.refuse("value", "end", message)
        elif found <= self.now:
            message = "The end must be in the future, or absent."
            self.refuse("business-rule", "end", message)
        return found

    def shown(self, extensions: Mapping[str, Json]) -> Json:
        """The elements that responses return, including those that the server does not use."""
        retained = {
            name: self.document[name]
            for name in _ECHOED
            if isinstance(self.document.get(name), str if name == "language" else dict | list)
        }
        urls = {
            _HEARTBEAT: "valueUnsignedInt",
            _TIMEOUT: "valueUnsignedInt",
            _MAX_COUNT: "valuePositiveInt",
        }
        settings = [
            {"url": url, value: extensions[url][value]}
            for url, value in urls.items()
            if isinstance(extensions.get(url, {}).get(value), int)
        ]
        filters = [
            {"url": _FILTER, "valueString": one.get("valueString")}
            for one in objects(self.document.get("_criteria"), "extension")
            if one.get("url") == _FILTER
        ]
        return present(
            **retained,
            end=self.document.get("end"),
            reason=self.document.get("reason"),
            filters=filters[:1],
            settings=settings,
        )


def _organization(value: str) -> Organization | None:
    """The organization of an identifier, ``system|value`` or ``value``; ``None`` if it is not valid."""
    system, _, number = value.rpartition("|")
    digits = number.replace("-", "") if system != systems.US_NPI else number
    npi = len(digits) == 10 and digits.isascii() and digits.isdecimal()
    if npi and system in ("", systems.US_NPI):
        valid = luhn_digit(NPI_PREFIX + digits[:-1]) == int(digits[-1])
        return Organization(kind=OrganizationKind.NPI, number=digits) if valid else None
    tin = re.fullmatch(r"[0-9]{2}-?[0-9]{7}", number) is not None
    if tin and system in ("", systems.US_TIN):
        return Organization(kind=OrganizationKind.TIN, number=digits)
    return None


def is_endpoint(url: str, *, local: bool) -> bool:
    """Whether a URL has the form of an endpoint. Its host name is resolved when it is called.

    ``local`` permits endpoints on this machine.
    """
    if len(url) > _MAX_URL or not url.isascii() or re.search(r"[\x00-\x20\x7f\\]", url):
        return False
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or "#" in url or port == 0:
        return False
    if local and parts.scheme in ("http", "https") and host in ("localhost", "127.0.0.1"):
        return True
    public = _NAME.fullmatch(host) is not None and host.rpartition(".")[2] not in _NOT_PUBLIC
    return parts.scheme == "https" and public
