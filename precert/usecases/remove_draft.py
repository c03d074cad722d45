"""Clean up behind a draft that is gone, by time or by hand (D5)."""

from precert.usecases.ports.documents import DocumentBytes
from precert.usecases.ports.drafts import DraftRemains
from precert.usecases.ports.requests import RequestStore


def remove_draft(
    request_id: str, *, requests: RequestStore, remains: DraftRemains, store: DocumentBytes
) -> None:
    """Remove what belonged to a draft that is gone: documents in every version, dashboard line.

    May be repeated. An id that names a request again is left alone. Events stay as the audit trail.
    """
    if requests.read(request_id) is not None:
        return
    store.remove_all(request_id)
    remains.remove(request_id)
