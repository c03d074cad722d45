"""Text in binary attributes: JSON compressed with a dictionary of its member names and codes.

The parts of a request are small and have few repetitions, so compression alone does not help. With the
dictionary, a typical request is at most 1 KB, and each of its writes takes half as many write units.
The first byte of a stored text is its format; texts without a dictionary can be read as well. Never
change a dictionary that stored texts use: add another format instead.
"""

import zlib
from typing import Final

DICTIONARY: Final = (
    '"suffix":"","country":"US","line_2":"Suite ","extension":"","email":"'
    '"evidence":"","questions":[{"link_id":"","answer":[{"value":"true","false"'
    '"information_requests":[{"requested_at":"20","requested_by":"precert","types":["'
    '"clinical_question":"","days":15,"information":{"amount":45,"unit":"CALENDAR_DAYS"},'
    '"extension":{"source":"42 CFR 29 CFR 2560.503-1(f)(2)(iii)(A)","days":14,"requested_by":'
    '["PAYER"]},"clock":{"source":"","limit":{"amount":72,"unit":"HOURS","BUSINESS_DAYS"},'
    '"pause":false,"pause":true,"appeals":[{"cycle":2,"status":"PENDED","status":"FILED",'
    '"status":"DETERMINED","line_ids":["1.1"],"expedited":false,"reason":"","filed_at":"20",'
    '"filed_by":"","rights":{"levels":2,"peer_to_peer_until":"20","reconsideration_until":"20",'
    '"appeal_until":"20","external_review_until":"20","due_at":"20","warn_at":"20",'
    '"assignment":{"assigned_to":"","until":"20"},"assignments":1,"notes":[{"at":"20","by":"",'
    '"text":"","channel":"API","channel":"FAX","channel":"PHONE","delegations":[{"vendor_id":"",'
    '"requirement":"NOT_REQUIRED","requirement":"DELEGATED","temporary_providers":{'
    '"SERVICING_PROVIDER":"REQUESTING_PROVIDER":{"reason_codes":["MANUALLY_ENTERED"],"'
    '{"decisions":[{"reason_code":"","rationale":"","criterion":"","status":"DENIED","cycle":1,'
    '"decided_as":"PHYSICIAN","decided_as":"REVIEWER","decisions":[{"criterion":"","status":'
    '"APPROVED","cycle":1,"decided_at":"20","decided_by":"precert","decided_as":"RULES",'
    '"approved":{"code":"","units":1,"unit_type":"UNITS","from_date":"20","to_date":"20'
    '"assessment":{"rule_list":"20","assessed_at":"20","lines":[{"line_id":"1.1","requirement":'
    '"REQUIRED","rule_id":"","label":"","automatic":true}],"required_documentation":["'
    '{"number":"PC0","submitted_at":"20","submitted_version":4,"lines":[{"line_id":"1.1",'
    '"code":"","code_type":"CPT","code_type":"HCPCS","code_type":"DRG"}],"ownership":[],'
    '"determined_at":"20","submitted_by":"","submitter_tins":["'
    '"additional_diagnoses":["Z","purpose":"PREDETERMINATION","attending_physician":{'
    '[{"authorization_type":"INPATIENT","type_of_service":"SURGICAL_INPATIENT","MEDICAL_INPATIENT"'
    '"place_of_service":"OUTPATIENT_HOSPITAL","SURGICAL","OFFICE","HOME","admission_date":"20",'
    '"requested_days":3,"[{"authorization_type":"OUTPATIENT","type_of_service":"DIAGNOSTIC",'
    '"IMAGING","place_of_service":"OFFICE","urgency":"EXPEDITED","EMERGENCY","urgency":"STANDARD",'
    '"service_date":"2026-0","primary_diagnosis":"K","procedures":[{"code":"","start_date":"2026-0'
    '","units":1,"unit_type":"UNITS"}]}]'
    '{"request_id":"01","number":"PC0","submitted_at":"20","tins":["","member_id":"","npi":"",'
    '"tin":"","provider_id":"P0","entered_provider_id":"P0","services":[{"code_type":"CPT","code":'
    '"","units":1,"unit_type":"UNITS","place":"","first_day":"2026-0","last_day":"2026-0"}]}'
    '{"plan_id":"","name":"","plan_type":"PPO","HMO","OAP","line_of_business":"MEDICAID",'
    '"MEDICARE_ADVANTAGE","EXCHANGE","COMMERCIAL","management_level":"Complete","state":"'
    '{"member_id":"","date_of_birth":"19","last_name":"","first_name":"","middle_name":"'
    '{"provider_id":"P0","kind":"FACILITY","kind":"INDIVIDUAL","name":" Center for  Hospital of '
    ' Health  Medical Group LLC Inc, MD","npi":"1","tin":"","address":{"line_1":" Street Avenue '
    'Drive Road","city":"","state":"OH","zip_code":"4"},"phone":"","fax":"","contact":{"name":"'
)
_WORDS: Final = DICTIONARY.encode()
_LEVEL: Final = 9
_RAW: Final = -15
"""Raw deflate, without zlib's header and checksum, which would add ten bytes to each part."""
_FORM: Final = b"\x01"
"""The first byte of a text with this dictionary. Texts without one begin with zlib's header, 0x78."""


def pack(text: str) -> bytes:
    """Compress a text for storage."""
    packer = zlib.compressobj(_LEVEL, wbits=_RAW, zdict=_WORDS)
    return _FORM + packer.compress(text.encode()) + packer.flush()


def unpack(data: bytes) -> str:
    """The text of :func:`pack`, or one that was stored without the dictionary.

    Raises:
        zlib.error, UnicodeDecodeError: the data is damaged.
    """
    if not data.startswith(_FORM):
        return zlib.decompress(data).decode()
    unpacker = zlib.decompressobj(wbits=_RAW, zdict=_WORDS)
    text = unpacker.decompress(data[len(_FORM) :])
    if not unpacker.eof:
        raise zlib.error("the data ends before the text")
    return text.decode()
