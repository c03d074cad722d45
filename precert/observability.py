"""Logs and metrics. They contain only ids and codes, never data that a user entered.

Powertools reads service, namespace and level from the environment. Events are not logged.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from precert.domain.damage import LOGGER as DAMAGE_LOGGER
from precert.domain.errors import PrecertError
from precert.names import DAMAGED_RECORD, ERRORS, SERVER_ERROR, UNAVAILABLE

_OF_THE_FUNCTION: Final = frozenset(
    {"service", "function_arn", "function_name", "function_memory_size"}
)
"""Left out: each function has its own log group, and each version its own log stream."""


class _Lines(LambdaPowertoolsFormatter):
    """Log lines without the fields that are the same in a whole log group, a third of each line.

    ``cold_start`` is only in the lines of the first invocation of an environment.
    """

    def serialize(self, log: Any) -> str:
        return super().serialize(
            {
                name: value
                for name, value in log.items()
                if name not in _OF_THE_FUNCTION and (name != "cold_start" or value)
            }
        )


# Messages are plain text, so the logger need not try to parse them as JSON. The location is omitted
# because it would always be this module.
logger = Logger(logger_formatter=_Lines(json_deserializer=str, location=None))


class _Provider(AmazonCloudWatchEMFProvider):
    """Writes nothing, and no warning, for an invocation without metrics."""

    def flush_metrics(self, raise_on_empty_metrics: bool = False) -> None:
        if self.metric_set:
            super().flush_metrics(raise_on_empty_metrics)


metrics = Metrics(provider=_Provider())


_CLIENT_ERRORS: Final = 400
_SERVER_ERRORS: Final = 500
_UNAVAILABLE: Final = 503


class _DamageHandler(logging.Handler):
    """Logs and counts each damaged record that is reported to :mod:`precert.domain.damage`.

    The metric is sent at once, so that it is not lost if the call fails before its metrics are sent.
    """

    def emit(self, record: logging.LogRecord) -> None:
        ids = {name: getattr(record, name) for name in ("kind", "record_id", "error_class")}
        logger.error("damaged_record", extra=ids)
        count(DAMAGED_RECORD)


def count(name: str) -> None:
    """Send a metric immediately, separately from those of the invocation."""
    with single_metric(
        name=name,
        unit=MetricUnit.Count,
        value=1,
        namespace=metrics.namespace or "precert",
        default_dimensions={"service": metrics.service or "precert"},
    ):
        pass


logging.getLogger(DAMAGE_LOGGER).handlers = [_DamageHandler()]
logging.getLogger(DAMAGE_LOGGER).propagate = False


def note_response(operation_id: str, status_code: int, code: str | None = None) -> None:
    """Log and count a response to an API call; ``code`` is the problem's code, if it is a problem.

    Handlers respond to every error, so that Lambda counts no errors; they are counted here. The
    operation is only in the log: as a dimension, each of a hundred operations would be three more
    custom metrics, for each of which CloudWatch charges monthly.
    """
    if status_code >= _SERVER_ERRORS:
        error = UNAVAILABLE if status_code == _UNAVAILABLE else SERVER_ERROR
        metrics.add_metric(name=error, unit=MetricUnit.Count, value=1)
    if status_code >= _CLIENT_ERRORS:
        # API Gateway counts the calls; only errors are counted here.
        metrics.add_metric(name=f"{status_code // 100}xx", unit=MetricUnit.Count, value=1)
    logger.info(
        "responded",
        extra={"operation_id": operation_id, "status_code": status_code, "code": code},
    )


def note_age(name: str, seconds: float) -> None:
    """Record the age of the oldest entry of a queue, in seconds."""
    metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=max(0.0, seconds))


def note_count(work: str) -> None:
    """Count completed work that another log line states, such as the save of a draft."""
    metrics.add_metric(name=work, unit=MetricUnit.Count, value=1)


def note_work(work: str, **ids: str | int) -> None:
    """Log and count completed background work."""
    metrics.add_metric(name=work, unit=MetricUnit.Count, value=1)
    logger.info(work, extra=dict(ids))


def note_event(event_type: str, event_id: str) -> None:
    """Log and count a relayed event, in total and by type. A repeated delivery is counted again."""
    metrics.add_metric(name=event_type, unit=MetricUnit.Count, value=1)
    note_work("relayed", event_id=event_id, event_type=event_type)


def note_error(error: Exception) -> None:
    """Log and count an error. Its message may contain user input, so only its class is logged."""
    metrics.add_metric(name=ERRORS, unit=MetricUnit.Count, value=1)
    code = error.code if isinstance(error, PrecertError) else "internal"
    logger.error(
        "error",
        extra={"code": code, "error_class": type(error).__name__, "at": _origin(error)},
    )


@contextmanager
def work_on(**ids: str) -> Iterator[None]:
    """Add the ids of the processed record to every log line in the block, including errors."""
    with logger.append_context_keys(**ids):
        yield


@contextmanager
def errors_noted() -> Iterator[None]:
    """Log an error and raise it again, so that the event is delivered again."""
    try:
        yield
    except Exception as error:
        note_error(error)
        raise


def _origin(error: Exception) -> list[str]:
    """Return the files and line numbers of the traceback, without values."""
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return frames[-8:]
