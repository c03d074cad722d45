"""A document from upload to its final status, and the switch for malware scans."""

from datetime import timedelta

import pytest

from precert.domain.documents import Document, DocumentStatus, Refusal, ScanResult
from precert.names import Env
from precert.settings import Settings, SettingsError
from tests.fakes.clock import START
from tests.fakes.samples import PROVIDER_TIN

AWAITED = Document(
    document_id="01J1QZ8Y7N4W3V2T1S0R9Q8P7X",
    file_name="note.pdf",
    content_type="application/pdf",
    status=DocumentStatus.AWAITING_UPLOAD,
    sent_by_tin=PROVIDER_TIN,
    offered_at=START,
    upload_until=START + timedelta(minutes=15),
)


def verified(*, scanned: bool) -> Document:
    return AWAITED.verified(size=9, sha256="0" * 64, version_id="1", scanned=scanned, now=START)


def test_document_needs_no_further_step_when_it_is_verified_and_scanning_is_off() -> None:
    attached = verified(scanned=False)
    assert (attached.status, attached.settled_at) == (DocumentStatus.ATTACHED, START)
    assert attached.revision == AWAITED.revision + 1


@pytest.mark.parametrize(
    ("result", "status", "refusal"),
    [
        (ScanResult.NO_THREATS_FOUND, DocumentStatus.ATTACHED, None),
        (ScanResult.THREATS_FOUND, DocumentStatus.REFUSED, Refusal.THREAT),
    ],
)
def test_document_reaches_its_final_status_when_its_scan_completed(
    result: ScanResult, status: DocumentStatus, refusal: Refusal | None
) -> None:
    checking = verified(scanned=True)
    assert (checking.status, checking.settled_at) == (DocumentStatus.CHECKING, None)
    settled = checking.scanned(result, START)
    assert settled is not None
    assert (settled.status, settled.refusal, settled.scan) == (status, refusal, result)
    assert (settled.settled_at, settled.revision) == (START, checking.revision + 1)
    assert (settled.version_id is None) == (refusal is not None)


@pytest.mark.parametrize("result", [ScanResult.ACCESS_DENIED, ScanResult.FAILED])
def test_document_status_does_not_change_when_its_scan_failed(result: ScanResult) -> None:
    assert verified(scanned=True).scanned(result, START) is None


@pytest.mark.parametrize("value", ["", "true", "ON", "1"])
def test_function_fails_to_start_when_the_scan_switch_is_neither_on_nor_off(value: str) -> None:
    with pytest.raises(SettingsError, match="SCAN_DOCUMENTS"):
        _ = Settings({Env.SCAN_DOCUMENTS.value: value}).scans_documents
    assert Settings({Env.SCAN_DOCUMENTS.value: "on"}).scans_documents is True
    assert Settings({Env.SCAN_DOCUMENTS.value: "off"}).scans_documents is False
