"""Storing the data that a payer loads, and the progress of each load."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

from precert.domain.coverage import Member, Plan
from precert.domain.directory import DirectoryEntry, Place
from precert.domain.loading import ZipPlace
from precert.domain.loads import (
    Checkpoint,
    LoadKind,
    MemberChange,
    RejectedRow,
    StoredMember,
    StoredRecord,
)


class LoadStore(Protocol):
    """The reference table. Data of an older file never replaces newer data.

    Each write returns, for each record, whether it was stored. Writes are made concurrently, at a rate
    that adapts to throttling, and are retried.

    Raises:
        TransientError: the table did not respond in many attempts; the same load continues later.
    """

    def plans(self) -> tuple[Plan, ...]:
        """All plans."""

    def members(self, member_ids: Collection[str]) -> Mapping[str, Member]:
        """Members by id in upper case, without those that are not loaded."""

    def stored_members(self, member_ids: Collection[str]) -> Mapping[str, StoredMember]:
        """Members by id in upper case, with the dates of their files."""

    def all_members(self) -> Iterator[StoredMember]:
        """Every member, in no order."""

    def replace_members(self, changes: Sequence[MemberChange], as_of: datetime) -> list[bool]:
        """Store changes of members; one that was changed since it was read is not stored."""

    def stored_plans(self) -> Iterator[StoredRecord]:
        """Every plan, including plans that cannot be read."""

    def remove_plans(self, plans: Sequence[StoredRecord]) -> list[bool]:
        """Remove plans, except those that were changed since they were read."""

    def stored_providers(self) -> Iterator[StoredRecord]:
        """Every directory entry, in no order."""

    def remove_providers(self, providers: Sequence[StoredRecord]) -> list[bool]:
        """Remove directory entries with their search keys.

        Entries that were changed since they were read, or that cannot be read, are not removed.
        """

    def put_plans(self, plans: Sequence[Plan], as_of: datetime) -> list[bool]: ...

    def put_members(self, members: Sequence[Member], as_of: datetime) -> list[bool]:
        """Store members with their spans, replacing all earlier spans of each."""

    def put_ssns(self, ssns: Sequence[tuple[str, SecretStr]], as_of: datetime) -> list[bool]:
        """Store the keyed hash of each text for a member id; it replaces an earlier one."""

    def put_entries(
        self, entries: Sequence[tuple[DirectoryEntry, Place]], as_of: datetime
    ) -> list[bool]:
        """Store entries under their search keys, and remove outdated keys of changed entries."""

    def put_zips(self, zips: Sequence[ZipPlace], as_of: datetime) -> list[bool]: ...


class LoadRecords(Protocol):
    """The progress of each load of a file."""

    def checkpoint(self, kind: LoadKind, load_id: str) -> Checkpoint | None: ...

    def save(self, kind: LoadKind, load_id: str, checkpoint: Checkpoint) -> None: ...


class LoadMonitor(Protocol):
    """Receives the progress of a load, for display to the operator."""

    def begins(self, checkpoint: Checkpoint) -> None:
        """The load begins, or continues after the checkpoint; not called if it is complete."""

    def rejected(self, row: RejectedRow) -> None:
        """A row is not loaded."""

    def advanced(self, checkpoint: Checkpoint) -> None:
        """All rows up to the checkpoint's line are stored or rejected."""
