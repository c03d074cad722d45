"""Move a request whose history is over from the tables into the archive (T4)."""

from precert.domain.request import Request
from precert.usecases.ports.history import Archive, FileRemains, HistoryRemains
from precert.usecases.ports.requests import RequestStore


def archive_request(
    request: Request,
    *,
    requests: RequestStore,
    remains: HistoryRemains,
    archive: Archive,
    files: FileRemains,
) -> bool:
    """Archive a request that time has removed, and clean up behind it; answers whether it did.

    ``request`` is what was removed. May be repeated from any point: nothing is removed before all of
    it is stored, and what is stored first stays. An id that names a request again is left alone.
    """
    if requests.read(request.request_id) is not None:
        return False
    archive.store(remains.file_of(request))
    files.remove_files(request.request_id)
    remains.remove_request(request)
    return True
