"""Logs and metrics: ids and codes only, never what somebody entered.

Powertools reads service, namespace and level from the environment. Events are not logged.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from precert.domain.errors import PrecertError

# Messages here are words, never JSON to be tried as such; where a line is written says nothing, as
# all of them are written below.
logger = Logger(json_deserializer=str, location=None)
metrics = Metrics()


def note_answer(operation_id: str, status_code: int, code: str | None = None) -> None:
    """One line and one count for an answered call; ``code`` is the problem's, if it is one."""
    metrics.add_dimension("operation", operation_id)
    metrics.add_metric(name=f"{status_code // 100}xx", unit=MetricUnit.Count, value=1)
    logger.info(
        "answered",
        extra={"operation_id": operation_id, "status_code": status_code, "code": code},
    )


def note_work(work: str, **ids: str | int) -> None:
    """One line and one count for a piece of work that nobody waits for."""
    metrics.add_metric(name=work, unit=MetricUnit.Count, value=1)
    logger.info(work, extra=dict(ids))


def note_event(event_type: str, event_id: str) -> None:
    """One line and two counts for an event that was carried on: of all, and of its type.

    One that is delivered again counts again.
    """
    metrics.add_metric(name=event_type, unit=MetricUnit.Count, value=1)
    note_work("relayed", event_id=event_id, event_type=event_type)


def note_error(error: Exception) -> None:
    """A error of ours. Its message may hold what somebody entered, so only its kind is logged."""
    metrics.add_metric(name="errors", unit=MetricUnit.Count, value=1)
    code = error.code if isinstance(error, PrecertError) else "internal"
    logger.error(
        "error",
        extra={"code": code, "error_class": type(error).__name__, "at": _origin(error)},
    )


@contextmanager
def errors_noted() -> Iterator[None]:
    """Note an error on its way to whoever delivers again."""
    try:
        yield
    except Exception as error:
        note_error(error)
        raise


def _origin(error: Exception) -> list[str]:
    """Where it happened: files and lines of the traceback, without values."""
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return frames[-8:]
