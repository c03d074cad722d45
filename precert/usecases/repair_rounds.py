"""Start again the executions of open rounds that no execution runs for."""

from precert.usecases.ports.listings import Listings
from precert.usecases.ports.requests import RequestStore
from precert.usecases.ports.workflow import Workflow


def repair_rounds(
    *, listings: Listings, requests: RequestStore, workflow: Workflow
) -> tuple[str, ...]:
    """Mend what a failed, aborted or restarted workflow left behind.

    The table knows which rounds are open; an execution that starts there looks at what stands and
    goes on from it. Answers the ids of the requests whose execution was started again.
    """
    mended = []
    for request_id in listings.open_rounds():
        request = requests.read(request_id)
        if request is None or request.review is None or not request.round_is_open:
            continue
        number = request.review.round
        if workflow.start_again(request_id, number):
            mended.append(request_id)
    return tuple(mended)
