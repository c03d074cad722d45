"""Audit records of operators' commands: who ran which command, and whose data it used (X1)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from pydantic import SecretStr

from precert.bootstrap import Dependencies
from precert.domain.audit import AccessOutcome, AuditRecord, member_key
from precert.domain.coverage import Member, Plan
from precert.domain.directory import DirectoryEntry, Place
from precert.domain.loading import ZipPlace
from precert.domain.loads import MemberChange, StoredMember, StoredRecord
from precert.usecases.ports.loading import LoadStore

AT_ONCE: Final = 100
"""Maximum number of ids in one record, which limits its size to a few KB."""


class CommandRecorder:
    """Appends audit records of one command. Each is stored before the access that it records.

    The subject is the operator's ARN. A command whose record cannot be stored does nothing.
    """

    def __init__(self, deps: Dependencies, command: str) -> None:
        self._deps = deps
        self._operation = f"command:{command}"

    def record(
        self,
        *,
        requests: Iterable[str] = (),
        members: Iterable[str] = (),
        objects: Iterable[str] = (),
    ) -> None:
        """Record ids of requests, ids of members, and other ids; at least one record.

        Raises:
            TransientError: a record was possibly not stored.
        """
        ids = iter(
            [
                *(("requests", one) for one in requests),
                *(("members", member_key(one)) for one in members),
                *(("objects", one) for one in objects),
            ]
        )
        while True:
            part = list(islice(ids, AT_ONCE))
            self._append(part)
            if len(part) < AT_ONCE:
                return

    def _append(self, ids: Sequence[tuple[str, str]]) -> None:
        deps = self._deps
        named: dict[str, list[str]] = {"requests": [], "members": [], "objects": []}
        for kind, one in ids:
            named[kind].append(one)
        deps.audit_log.append(
            AuditRecord(
                access_id=f"command-{deps.new_uuid()}",
                at=deps.now(),
                operation=self._operation,
                subject=deps.operator,
                requests=tuple(named["requests"]),
                members=tuple(named["members"]),
                objects=tuple(named["objects"]),
                outcome=AccessOutcome.ALLOWED,
            )
        )


@dataclass(frozen=True)
class RecordedLoads:
    """The store of a load, which records each read and write of members in the audit first."""

    loads: LoadStore
    recorder: CommandRecorder
    read: set[str] = field(default_factory=set)
    """The members that were read last, with their record."""

    def plans(self) -> tuple[Plan, ...]:
        return self.loads.plans()

    def members(self, member_ids: Collection[str]) -> Mapping[str, Member]:
        return self.loads.members(member_ids)

    def stored_members(self, member_ids: Collection[str]) -> Mapping[str, StoredMember]:
        if new := [one for one in member_ids if one.upper() not in self.read]:
            self.recorder.record(members=new)
        self.read.clear()
        self.read.update(one.upper() for one in member_ids)
        return self.loads.stored_members(member_ids)

    def all_members(self) -> Iterator[StoredMember]:
        self.recorder.record(objects=["all members"])
        return self.loads.all_members()

    def replace_members(self, changes: Sequence[MemberChange], as_of: datetime) -> list[bool]:
        if new := [one.member_id for one in changes if one.member_id.upper() not in self.read]:
            self.recorder.record(members=new)
        return self.loads.replace_members(changes, as_of)

    def stored_plans(self) -> Iterator[StoredRecord]:
        return self.loads.stored_plans()

    def remove_plans(self, plans: Sequence[StoredRecord]) -> list[bool]:
        return self.loads.remove_plans(plans)

    def stored_providers(self) -> Iterator[StoredRecord]:
        return self.loads.stored_providers()

    def remove_providers(self, providers: Sequence[StoredRecord]) -> list[bool]:
        return self.loads.remove_providers(providers)

    def put_plans(self, plans: Sequence[Plan], as_of: datetime) -> list[bool]:
        return self.loads.put_plans(plans, as_of)

    def put_members(self, members: Sequence[Member], as_of: datetime) -> list[bool]:
        self.recorder.record(members=(one.member_id for one in members))
        return self.loads.put_members(members, as_of)

    def put_ssns(self, ssns: Sequence[tuple[str, SecretStr]], as_of: datetime) -> list[bool]:
        if ssns:
            self.recorder.record(members=(member_id for member_id, _ in ssns))
        return self.loads.put_ssns(ssns, as_of)

    def put_entries(
        self, entries: Sequence[tuple[DirectoryEntry, Place]], as_of: datetime
    ) -> list[bool]:
        return self.loads.put_entries(entries, as_of)

    def put_zips(self, zips: Sequence[ZipPlace], as_of: datetime) -> list[bool]:
        return self.loads.put_zips(zips, as_of)
