"""Requests as items and back.

Attributes that conditions or indexes read stand alone; the rest is compressed JSON, so that a realistic
draft stays within two kilobytes and opening the console shows nobody's illness at a glance. The content
is a map of its parts, each compressed by itself, so that one part is saved without reading the others.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from precert.adapters.dynamodb.codec import Item
from precert.adapters.dynamodb.keys import instant
from precert.domain.content import RequestContent
from precert.domain.coverage import Plan
from precert.domain.request import Request
from precert.domain.review import Review

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
Model = TypeVar("Model", bound=BaseModel)


def packed(model: BaseModel) -> bytes:
    """A model as compressed JSON."""
    return _deflated(model.model_dump_json(exclude_defaults=True))


def unpacked(kind: type[Model], data: Any) -> Model:
    """The model of :func:`packed`; ``data`` as the deserializer gives it."""
    return kind.model_validate_json(zlib.decompress(bytes(data)))


def packed_parts(content: RequestContent) -> dict[str, bytes]:
    """The parts of a content that were entered, each as compressed JSON."""
    entered = content.model_dump(mode="json", exclude_defaults=True)
    return {name: _deflated(_JSON.encode(part)) for name, part in entered.items()}


def unpacked_parts(parts: Mapping[str, Any]) -> RequestContent:
    """The content of :func:`packed_parts`."""
    texts = (f'"{name}":{zlib.decompress(bytes(part)).decode()}' for name, part in parts.items())
    return RequestContent.model_validate_json(f"{{{','.join(texts)}}}")


def _deflated(text: str) -> bytes:
    return zlib.compress(text.encode(), level=9)


def request_item(request: Request) -> Item:
    """The request's own attributes, without keys and index attributes."""
    patient = request.content.patient
    return {
        "request_id": request.request_id,
        "version": request.version,
        "status": request.status.value,
        "tins": set(request.tins),
        "member_id": patient.member_id if patient else None,
        "plan": request.plan.model_dump_json(),
        "content": packed_parts(request.content),
        "part_versions": dict(request.part_versions),
        "review": packed(request.review) if request.review else None,
        "round": request.review.round if request.review else None,
        "created_at": instant(request.created_at),
        "updated_at": instant(request.updated_at),
        "expires_at": instant(request.expires_at) if request.expires_at else None,
        "document_slots": request.document_slots,
        "started_with": request.started_with,
    }


def request_of(item: Item) -> Request:
    return Request(
        request_id=item["request_id"],
        version=int(item["version"]),
        status=item["status"],
        tins=frozenset(item["tins"]),
        plan=Plan.model_validate_json(item["plan"]),
        content=unpacked_parts(item["content"]),
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        expires_at=item.get("expires_at"),
        document_slots=int(item["document_slots"]),
        part_versions={name: int(one) for name, one in item.get("part_versions", {}).items()},
        started_with=item.get("started_with"),
        review=unpacked(Review, item["review"]) if "review" in item else None,
    )
