"""The composition root: the only module that creates clients and reads settings.

A dependency is created when it is first used, once per process.
"""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property, partial
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.config import Config

from precert.adapters.client_servers import FhirClientServers
from precert.adapters.code_sets import SqliteCodeSets, shipped_code_sets
from precert.adapters.cognito import CognitoUsers
from precert.adapters.dynamodb.bulk import Bulk, LoadSpeed, Pacer
from precert.adapters.dynamodb.clients import DynamoDBAcceptedTokenIds
from precert.adapters.dynamodb.loading import DynamoDBLoads
from precert.adapters.dynamodb.rate_limits import DynamoDBCallCounts
from precert.adapters.dynamodb.reference import LoadedPlaces
from precert.adapters.dynamodb.restored_tables import DynamoDBRestoredTables
from precert.adapters.dynamodb.rule_lists import DynamoDBRuleListVersions
from precert.adapters.inspection.content_types import inspect_content
from precert.adapters.kms import KmsDigests, MacClient
from precert.adapters.payer_file import (
    shipped_notice_words,
    shipped_questionnaires,
    shipped_templates,
)
from precert.adapters.public_https import PublicHttps, read_endpoint_json
from precert.adapters.rest_hooks import RestHooks
from precert.api.claims import Callers
from precert.api.edge import Edge
from precert.clients import client_config
from precert.clock_and_ids import (
    id_of_received,
    random_id,
    random_key,
    random_password,
    random_serial,
    random_share,
    random_uuid,
    seed_again,
    utc_now,
)
from precert.domain.audit import AuditRecord
from precert.domain.caller import Caller
from precert.domain.clocks import local_date
from precert.domain.code_lists import code_lists_of
from precert.domain.documents import Refusal
from precert.domain.errors import PrecertError
from precert.domain.form import prepare_forms
from precert.domain.notices import NoticeWords
from precert.domain.questionnaires import Questionnaires
from precert.names import STACK_OUTPUTS, Env
from precert.observability import logger
from precert.resources import Resources
from precert.settings import Settings, SettingsError
from precert.snapshot import on_snapshot
from precert.usecases.access import RetainedRequests, retained
from precert.usecases.audit import AuditLog
from precert.usecases.checks import Check, check_requirements
from precert.usecases.grants import CachedGrants
from precert.usecases.ownership import EvaluateCase, LineOwners, evaluate_case, ownership_of
from precert.usecases.rate_limits import CallCounts, RateLimit
from precert.usecases.smart import HookCaller, hook_caller
from precert.usecases.subscriptions import ClientRights

if TYPE_CHECKING:
    from precert.adapters.tokens.access_tokens import KmsAccessTokens
    from precert.adapters.tokens.signatures import FetchedKeySets, JwtSignatures
    from precert.adapters.tokens.user_tokens import IssuerTokens
    from precert.adapters.typst_printer import TypstPrinter


_NO_MEMBER: Final = "0"
_NO_ZIP_CODE: Final = "0"
_NO_REQUEST: Final = "00000000000000000000000000"
"""Ids that do not exist."""


Result = TypeVar("Result")


@dataclass
class Dependencies(Resources):
    """The dependencies of use cases; each is created when it is first read."""

    now: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = random_id
    serial: Callable[[], int] = random_serial
    document_id_of: Callable[[str], str] = id_of_received
    new_key: Callable[[], bytes] = random_key
    new_uuid: Callable[[], str] = random_uuid
    inspect: Callable[[bytes, str], Refusal | None] = inspect_content
    load_speed: LoadSpeed = field(default_factory=LoadSpeed)

    def call(
        self, function: Callable[..., Result], /, *arguments: object, **named: object
    ) -> Result:
        """Call a use case, or a model's ``of``, with dependencies for its keyword-only parameters.

        A parameter receives the dependency with its name, and ``now`` the current time. Explicit
        arguments take precedence.
        """
        for name in _injected(function):
            if name not in named:
                named[name] = self.now() if name == "now" else getattr(self, name)
        return function(*arguments, **named)

    @property
    def check(self) -> Check:
        """The use case of a check, for use cases that include one."""
        return partial(self.call, check_requirements)

    @property
    def line_owners(self) -> LineOwners:
        """Determines who decides each service line, for use cases that need it."""
        return partial(self.call, ownership_of)

    @property
    def evaluate_case(self) -> EvaluateCase:
        """Evaluates a case that a vendor reports, by the rule list."""
        return partial(self.call, evaluate_case)

    @cached_property
    def zip_codes(self) -> LoadedPlaces:
        """The shipped ZIP codes, then those that the payer loaded (one AWS call)."""
        return LoadedPlaces(self.code_sets, self.reference.loaded_place)

    @cached_property
    def code_sets(self) -> SqliteCodeSets:
        return shipped_code_sets()

    @cached_property
    def requests(self) -> RetainedRequests:
        return RetainedRequests(
            self.stored_requests, lambda request: retained(request, self.payer, self.now())
        )

    @cached_property
    def restored_tables(self) -> DynamoDBRestoredTables:
        return DynamoDBRestoredTables(self.dynamodb, pause=time.sleep)

    @cached_property
    def loads(self) -> DynamoDBLoads:
        """Writes of the reference table, by commands only."""
        speed = self.load_speed
        # One attempt, because the load itself retries, at a lower rate after throttling.
        config = client_config().merge(
            Config(
                max_pool_connections=speed.workers,
                retries={"mode": "standard", "total_max_attempts": 1},
            )
        )
        dynamodb = self.session.client("dynamodb", config=config, endpoint_url=self.endpoint_url)
        kms: MacClient = self.session.client("kms", config=config, endpoint_url=self.endpoint_url)
        return DynamoDBLoads(
            dynamodb,
            reference_table=self.settings[Env.REFERENCE_TABLE],
            digests=lambda: KmsDigests(kms, key_id=self.settings[Env.SSN_KEY]),
            bulk=Bulk(workers=speed.workers, chance=random_share),
            writes=Pacer(speed.writes_per_second),
            macs=Pacer(speed.macs_per_second),
        )

    @cached_property
    def notice_words(self) -> NoticeWords:
        return shipped_notice_words()

    @cached_property
    def questionnaires(self) -> Questionnaires:
        return shipped_questionnaires()

    @cached_property
    def audit_log(self) -> AuditLog:
        return self.stored_audit

    @cached_property
    def accepted_token_ids(self) -> DynamoDBAcceptedTokenIds:
        return DynamoDBAcceptedTokenIds(
            self.dynamodb, limits_table=self.settings[Env.LIMITS_TABLE], new_id=self.new_id
        )

    @cached_property
    def public_https(self) -> PublicHttps:
        return PublicHttps(local=self.settings.notifies_locally)

    @cached_property
    def client_servers(self) -> FhirClientServers:
        return FhirClientServers(self.public_https)

    @cached_property
    def key_sets(self) -> "FetchedKeySets":
        # PyJWT ships in the signing layer, which only the functions that verify tokens have.
        from precert.adapters.tokens.signatures import FetchedKeySets  # noqa: PLC0415

        return FetchedKeySets(self.public_https.read_json)

    @cached_property
    def signatures(self) -> "JwtSignatures":
        from precert.adapters.tokens.signatures import JwtSignatures  # noqa: PLC0415

        return JwtSignatures()

    @cached_property
    def hook_caller(self) -> HookCaller:
        """Identifies the caller of a CDS Hooks service."""
        return partial(self.call, hook_caller)

    @cached_property
    def access_tokens(self) -> "KmsAccessTokens":
        from precert.adapters.tokens.access_tokens import KmsAccessTokens  # noqa: PLC0415

        kms: Any = self.kms
        return KmsAccessTokens(kms, key_id=self.settings[Env.SIGNING_KEY])

    @cached_property
    def user_tokens(self) -> "IssuerTokens":
        from precert.adapters.tokens.user_tokens import IssuerTokens  # noqa: PLC0415

        keys_url = self.settings.local_jwks_url
        return IssuerTokens(
            self.settings[Env.ISSUER],
            audiences=self.settings[Env.AUDIENCES].split(),
            scopes=self.settings[Env.SCOPES].split(),
            read=read_endpoint_json if keys_url else self.public_https.read_json,
            keys_url=keys_url,
        )

    @cached_property
    def rate_limit(self) -> RateLimit | None:
        limit = self.settings.calls_per_minute
        return RateLimit(self.call_counts, limit) if limit is not None else None

    @cached_property
    def call_counts(self) -> CallCounts:
        return DynamoDBCallCounts(self.dynamodb, limits_table=self.settings[Env.LIMITS_TABLE])

    @cached_property
    def edge(self) -> Edge:
        return Edge(self.settings.origin_secrets, self.settings.partners_domain)

    @cached_property
    def callers(self) -> Callers:
        return Callers(self.settings.claims, self.user_grants, self.rate_limit, self.now)

    @cached_property
    def user_grants(self) -> CachedGrants | None:
        """The cached grants; ``None`` if all rights are stated in tokens."""
        return CachedGrants(self.grants) if self.settings.grants_in_table else None

    @cached_property
    def client_rights(self) -> ClientRights:
        return ClientRights(self.user_grants)

    @cached_property
    def endpoints(self) -> RestHooks:
        return RestHooks(self.public_https)

    @cached_property
    def users(self) -> CognitoUsers:
        return CognitoUsers(
            self.cognito, pool_id=self.settings[Env.USER_POOL_ID], new_password=random_password
        )

    @cached_property
    def rule_list_versions(self) -> DynamoDBRuleListVersions:
        return DynamoDBRuleListVersions(
            self.dynamodb,
            reference_table=self.settings[Env.REFERENCE_TABLE],
            new_key=self.new_key,
        )

    @cached_property
    def printer(self) -> "TypstPrinter":
        # typst ships in the printing layer, which only the functions that print documents have.
        from precert.adapters.typst_printer import TypstPrinter  # noqa: PLC0415

        return TypstPrinter(shipped_templates())


def load_speed() -> LoadSpeed:
    """Return the default bounds of a load."""
    return LoadSpeed()


def code_sets_in(file: Path) -> SqliteCodeSets:
    """Return the code sets in a compiled file. Commands have no layer with them.

    Raises:
        SettingsError: the file does not exist.
    """
    if not file.exists():
        raise SettingsError(f"{file} is missing; run python -m infra.code_sets")
    return SqliteCodeSets(lambda: file)


def stack_dependencies(stack: str | None) -> Dependencies:
    """Return the dependencies of a command, with the names of a deployed stack's resources.

    If ``stack`` is ``None``, the names are in environment variables. boto3 determines credentials,
    region and endpoint as usual: profile, ``AWS_DEFAULT_REGION``, ``AWS_ENDPOINT_URL``.

    Raises:
        SettingsError: the stack does not exist, or AWS cannot be reached.
    """
    deps = Dependencies()
    if deps.session.region_name is None:
        raise SettingsError("no AWS region is set; set AWS_DEFAULT_REGION or a profile")
    if stack is None:
        return deps
    outputs = deps.stack_outputs(stack)
    known = {
        name.value: outputs[output] for name, output in STACK_OUTPUTS.items() if output in outputs
    }
    deps.settings = Settings({**deps.settings.environ, **known})
    return deps


@cache
def _injected(function: Callable[..., object]) -> tuple[str, ...]:
    """Return the keyword-only parameters into which dependencies are injected."""
    parameters = signature(function).parameters.values()
    names = [one.name for one in parameters if one.kind is Parameter.KEYWORD_ONLY]
    return tuple(name for name in names if name in INJECTABLE)


INJECTABLE: Final = frozenset(
    {
        *Dependencies.__dataclass_fields__,
        *(
            name
            for kind in (Resources, Dependencies)
            for name, value in vars(kind).items()
            if isinstance(value, cached_property)
        ),
        "check",
        "evaluate_case",
        "leftover_files",
        "archived_requests",
        "line_owners",
    }
)
"""Names of parameters that :meth:`Dependencies.call` provides."""


@cache
def dependencies() -> Dependencies:
    """Return the dependencies of this process."""
    return Dependencies()


def prepared(*names: str) -> Dependencies:
    """Return the dependencies of this process after creating those with ``names``.

    Handlers of batches call it first, so that an error of the deployment fails the whole batch, and not
    one of its records.
    """
    deps = dependencies()
    for name in names:
        getattr(deps, name)
    return deps


def call(function: Callable[..., Result], /, *arguments: object, **named: object) -> Result:
    """Call a function with the dependencies of this process; see :meth:`Dependencies.call`."""
    return dependencies().call(function, *arguments, **named)


def audit(record: Callable[[datetime], AuditRecord]) -> None:
    """Store the audit record of an API call, before its response is sent."""
    deps = dependencies()
    deps.audit_log.append(record(deps.now()))


def retain_hook_call(access_id: str, content: dict[str, Any]) -> None:
    """Store a call of a CDS Hooks service with its response, before the response is sent."""
    deps = dependencies()
    deps.hook_calls.store(access_id, {"at": deps.now().isoformat(), **content})


def edge() -> Edge:
    """Return the settings by which API calls are admitted."""
    return dependencies().edge


def identify(claims: Mapping[str, Any], token: Mapping[str, Any] | None) -> Caller:
    """Return the caller of an API call, with the granted rights."""
    return dependencies().callers.identify(claims, token)


def prepare_snapshot() -> None:
    """Do the work of the first call: create clients, read the tables, open the rule list in effect.

    A failed read is ignored, because a version can be published before its tables have data.
    """
    deps = dependencies()
    configured = {name for name in Env if deps.settings.environ.get(name.value)}
    deps.payer.zone, deps.settings.claims  # noqa: B018 - cached properties
    code_lists_of(deps.payer)
    prepare_forms(deps.payer, local_date(deps.now(), deps.payer.zone))
    deps.code_sets.place(_NO_ZIP_CODE)
    deps.create_clients(configured, deps.settings.environ.get("AWS_CA_BUNDLE"))
    try:
        if Env.REFERENCE_TABLE in configured:
            rule_list = deps.reference.check_facts(_NO_MEMBER).rule_list
            if rule_list and Env.RULE_LISTS_BUCKET in configured:
                deps.rule_lists.rules(rule_list, ())
        if Env.REQUESTS_TABLE in configured:
            deps.stored_requests.read(_NO_REQUEST)
    except PrecertError as error:
        logger.warning("not_read_before_snapshot", extra={"code": error.code})
    # Exclude the objects that exist now from later garbage collections.
    gc.collect()
    gc.freeze()


def renew_after_restore() -> None:
    """Close the connections of the snapshot and seed the pseudo-random generator again.

    Credentials need no renewal: functions with SnapStart read them from the container endpoint, which
    botocore queries again when they have expired.
    """
    dependencies().close_connections()
    # botocore uses this generator for the delays between retries. Ids, keys and serials use the
    # operating system's generator.
    seed_again()


on_snapshot(before=prepare_snapshot, after_restore=renew_after_restore)
