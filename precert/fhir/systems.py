"""URLs of code systems, identifier systems, profiles and extensions, as their owners publish them.

PAS is Da Vinci Prior Authorization Support 2.2 (FHIR R4). Of X12's code lists, only the codes that are
sent are here, as the lists are licensed.

Confirm with a vendor before its first export: whether it expects PAS codes in ``PASTempCodes`` (2.2) or
in the code systems of 2.0 (``PASSupportingInfoType``); whether it expects revenue codes in NUBC's code
system or under the URL of the guide's value set; and the level of service codes ``E`` and ``03``
(X12 1338), which are not in the guide's examples.
"""

from typing import Final

from precert.domain.values import AuthorizationType, CodeType, ProviderKind, Urgency

PAS: Final = "http://hl7.org/fhir/us/davinci-pas"
X12: Final = "https://codesystem.x12.org/005010"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"

# -- Codes ------------------------------------------------------------------------------------------
ICD_10_CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
NDC: Final = "http://hl7.org/fhir/sid/ndc"
CPT: Final = "http://www.ama-assn.org/go/cpt"
HCPCS: Final = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
NUBC_REVENUE: Final = "https://www.nubc.org/CodeSystem/RevenueCodes"
MS_DRG: Final = (
    "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/"
    "MS-DRG-Classifications-and-Software"
)
CMS_PLACE_OF_SERVICE: Final = (
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
)
LOINC: Final = "http://loinc.org"
PAS_CODES: Final = f"{PAS}/CodeSystem/PASTempCodes"
DATA_ABSENT_REASON: Final = f"{TERMINOLOGY}/data-absent-reason"
DATA_ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

CODE_SYSTEMS: Final = {
    CodeType.CPT: CPT,
    CodeType.HCPCS: HCPCS,
    CodeType.REVENUE: NUBC_REVENUE,
    CodeType.DRG: MS_DRG,
}

ALIASES: Final = {
    "https://bluebutton.cms.gov/resources/codesystem/hcpcs": HCPCS,
    "urn:oid:2.16.840.1.113883.6.12": CPT,
    "urn:oid:2.16.840.1.113883.6.69": NDC,
    "urn:oid:2.16.840.1.113883.6.90": ICD_10_CM,
    "urn:oid:2.16.840.1.113883.6.285": HCPCS,
}
"""Code systems by other URLs that clients send: OIDs, and that of CMS's Blue Button."""

# -- Identifiers ------------------------------------------------------------------------------------
US_NPI: Final = "http://hl7.org/fhir/sid/us-npi"
US_TIN: Final = "http://terminology.hl7.org/NamingSystem/USEIN"
URI: Final = "urn:ietf:rfc:3986"
MEMBER_ID: Final = "urn:precert:member-id"
PAYER_ID: Final = "urn:precert:payer"
"""The system of the payer's name as identifier, if the claim has no identifier of the payer."""
REQUEST_NUMBER: Final = "urn:precert:number"
"""The system of precertification numbers."""
IDENTIFIER_TYPE: Final = f"{TERMINOLOGY}/v2-0203"

# -- X12 code lists, by data element ----------------------------------------------------------------
ENTITY: Final = f"{X12}/98"
PAYER: Final = "PR"
ENTITY_OF_KIND: Final = {ProviderKind.FACILITY: "FA", ProviderKind.INDIVIDUAL: "1P"}
SERVICE_PROVIDER: Final = "SJ"
ATTACHMENT_CATEGORY: Final = f"{X12}/755"
SUPPORT_FOR_VERIFICATION: Final = "77"
ACTION: Final = f"{X12}/306"
DECISION_REASON: Final = f"{X12}/886"
REJECT_REASON: Final = f"{X12}/901"
FOLLOW_UP: Final = f"{X12}/889"
RELATIONSHIP: Final = f"{X12}/1069"
SELF: Final = "18"
SERVICE_TYPE: Final = f"{X12}/1365"
CERTIFICATION_TYPE: Final = f"{X12}/1322"
INITIAL: Final = "I"
CANCEL: Final = "3"
REQUEST_TYPE: Final = f"{X12}/1525"
REQUEST_TYPE_OF: Final = {AuthorizationType.INPATIENT: "AR", AuthorizationType.OUTPATIENT: "HS"}
"""X12 1525: AR admission review, HS health services review."""
LEVEL_OF_SERVICE: Final = f"{X12}/1338"
LEVEL_OF: Final = {Urgency.STANDARD: "E", Urgency.EXPEDITED: "U", Urgency.EMERGENCY: "03"}


US_CORE_ORGANIZATION: Final = {
    "profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization"]
}


def profile(name: str) -> dict[str, list[str]]:
    """The ``meta`` of a resource with a PAS profile, such as ``claimresponse``."""
    return {"profile": [f"{PAS}/StructureDefinition/profile-{name}"]}


def extension_url(name: str) -> str:
    """The URL of a PAS extension, such as ``certificationType``."""
    return f"{PAS}/StructureDefinition/extension-{name}"
