"""Where history goes when its time is over, and what it leaves behind in the tables (T4)."""

from typing import Protocol

from precert.domain.request import Request
from precert.usecases.ports.requests import RequestFile


class Archive(Protocol):
    def store(self, file: RequestFile) -> None:
        """Store a request with its history as one object, and its documents and letters beside it.

        What is stored stays as it is: the first to be stored is whole, later ones may not be.
        """


class HistoryRemains(Protocol):
    def file_of(self, request: Request) -> RequestFile:
        """What is still there of a request that is gone. One call for up to 1 MB."""

    def remove_request(self, request: Request) -> None:
        """Remove everything of a request that is gone: lines, flags, records, rounds, events last.

        What it was compared by goes too; its number stays, so that none is given twice.
        """


class FileRemains(Protocol):
    def remove_files(self, request_id: str) -> None:
        """Remove every version of all documents and letters of a request."""
