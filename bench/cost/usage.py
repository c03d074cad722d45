"""Usage of AWS, by what AWS charges for."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum


class Item(StrEnum):
    """One priced unit. Every unit has a price in ``prices.toml``."""

    API_CALLS = "api_calls"
    EDGE_CALLS = "edge_calls"
    EDGE_GB = "edge_gb"
    WAF_CALLS = "waf_calls"
    LAMBDA_CALLS = "lambda_calls"
    LAMBDA_GB_SECONDS = "lambda_gb_seconds"
    SNAPSHOT_GB_SECONDS = "snapshot_gb_seconds"
    RESTORED_GB = "restored_gb"
    WRITE_UNITS = "write_units"
    READ_UNITS = "read_units"
    TABLE_GB_MONTHS = "table_gb_months"
    BACKUP_GB_MONTHS = "backup_gb_months"
    TRANSITIONS = "transitions"
    EXPRESS_CALLS = "express_calls"
    EXPRESS_GB_SECONDS = "express_gb_seconds"
    EVENTS = "events"
    EVENT_ARCHIVE_GB = "event_archive_gb"
    QUEUE_CALLS = "queue_calls"
    OBJECT_WRITES = "object_writes"
    OBJECT_READS = "object_reads"
    OBJECT_GB_MONTHS = "object_gb_months"
    KEYS = "keys"
    KEY_CALLS = "key_calls"
    LOG_GB = "log_gb"
    LOG_GB_MONTHS = "log_gb_months"
    TRACES = "traces"
    METRICS = "metrics"
    ALARMS = "alarms"
    DASHBOARDS = "dashboards"
    SCANNED_OBJECTS = "scanned_objects"
    SCANNED_GB = "scanned_gb"
    WEB_ACLS = "web_acls"
    WEB_ACL_RULES = "web_acl_rules"
    PARTNER_CLIENTS = "partner_clients"


Amounts = defaultdict[Item, float]
"""Units by item, also parts of units."""


def no_amounts() -> Amounts:
    return defaultdict(float)


@dataclass
class Usage:
    """What was used. ``invocations`` are by function, with the AWS calls that they made."""

    items: Amounts = field(default_factory=no_amounts)
    invocations: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    """AWS calls by operation."""
    calls_by_function: dict[str, Counter[str]] = field(default_factory=dict)
    writes_by_key: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Write units by table or index and the value of its partition key."""
    metrics: set[tuple[str, ...]] = field(default_factory=set)
    """Name and dimension values of each custom metric."""
    stored_bytes: int = 0
    """Bytes of the tables' items that remain."""
    cpu_seconds: dict[str, list[float]] = field(default_factory=dict)
    """Measured, one for each invocation; no count depends on them."""
