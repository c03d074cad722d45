"""The same check as a bare handler on dicts, no framework, no models, no log: ``FOLDER CALLS``.

It looks for every error that the product looks for, in the least that does it, and answers the same
body; an error is one code.
"""

import hmac
import json
import pickle
import re
import sqlite3
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from bench.workers import harness

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FORMS: Final = {
    "CPT": re.compile(r"[0-9]{4}[0-9FTUM]"),
    "HCPCS": re.compile(r"[A-V][0-9]{4}"),
    "REVENUE": re.compile(r"[0-9]{3,4}"),
    "DRG": re.compile(r"[0-9]{3}"),
}
DIAGNOSIS: Final = re.compile(r"[A-Z][0-9A-Z]{2}[0-9A-Z]{0,4}")
NINE: Final = re.compile(r"[0-9]{9}")
TEN: Final = re.compile(r"[0-9]{10}")
ZIP: Final = re.compile(r"[0-9]{5}")
MEMBER_ID: Final = re.compile(r"[A-Z0-9]{5,20}")
ADDRESS: Final = ("line_1", "city", "state", "zip_code")
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
STEPS: Final = {
    "REQUIRED": ("START_DRAFT", "required"),
    "NOT_REQUIRED": ("NONE", "not_required"),
    "DELEGATED_VENDOR": ("GO_TO_VENDOR", "vendor"),
    "UNABLE_TO_DETERMINE": ("CALL", "unable_to_determine"),
}
LABELS: Final = {
    "REQUIRED": "Precertification required",
    "NOT_REQUIRED": "No precertification required",
    "DELEGATED_VENDOR": "Precertification required by a delegated vendor",
    "UNABLE_TO_DETERMINE": "Unable to determine",
    "START_DRAFT": "Start the request",
    "NONE": "None",
    "GO_TO_VENDOR": "Go to the delegated vendor",
    "CALL": "Call Provider Services",
}
DECIDERS = {"REQUIRED": "PAYER", "DELEGATED_VENDOR": "VENDOR"}
DECIDER_LABELS = {"REQUIRED": "The payer", "DELEGATED_VENDOR": "A delegated vendor"}
CHOICES: Final = {
    "authorization_type": "authorization_types",
    "urgency": "urgencies",
    "type_of_service": "types_of_service",
    "place_of_service": "places_of_service",
}


class Bare:
    """The data of the process: the payer's data, the facts, the rules by code."""

    def __init__(self, folder: Path, payer: Path, code_sets: Path) -> None:
        self.payer = json.loads(payer.read_text())
        self.facts = json.loads((folder / "facts.json").read_text())
        self.by_code = pickle.loads((folder / "by_code.pickle").read_bytes())
        self.zone = ZoneInfo(self.payer["time_zone"])
        self.diagnoses = sqlite3.connect(f"file:{code_sets}?mode=ro&immutable=1", uri=True)
        self.types = {
            (kind["authorization_type"], kind["code"]): kind
            for kind in self.payer["form"]["types_of_service"]
        }
        self.names = {
            name: {one["code"]: one["name"] for one in choices}
            for name, choices in self.payer["form"].items()
            if name != "fields"
        }

    def handle(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        if not claims.get("sub") or "PatientSearch" not in claims.get("cognito:groups", ""):
            return refused(403, "not_entitled")
        if len(event["body"]) > 256 * 1024:
            return refused(413, "too_large")
        try:
            content = json.loads(event["body"])["content"]
        except (ValueError, KeyError):
            return refused(400, "malformed")
        today = harness.NOW.astimezone(self.zone).date()
        if error := self.error(content, today):
            return refused(422, error)
        member = self.facts["member"]
        span = next(
            (
                span
                for span in member["spans"]
                if span["active_from"] <= today.isoformat() <= (span["active_to"] or "9999-12-31")
            ),
            None,
        )
        if span is None or not same(content["patient"], member):
            return refused(404, "no_patient")
        if span["plan"]["management_level"] not in self.payer["supported_management_levels"]:
            return refused(409, "not_available")
        return {
            "statusCode": 200,
            "headers": {"Content-Type": "application/json", "Cache-Control": "no-store"},
            "body": json.dumps(self.answer(content, span["plan"]), separators=(",", ":")),
            "isBase64Encoded": False,
        }

    def error(self, content: dict[str, Any], today: date) -> str | None:
        """Return the first error."""
        patient, provider = content.get("patient"), content.get("servicing_provider")
        if not patient or not provider or not content.get("services"):
            return "missing"
        names = [patient["last_name"], patient["first_name"], provider["name"]]
        if not all(text and len(text) <= 120 and text.isprintable() for text in names):
            return "text"
        if not MEMBER_ID.fullmatch(patient["member_id"]) or not is_day(patient["date_of_birth"]):
            return "patient"
        if not NINE.fullmatch(provider["tin"]) or not is_npi(provider["npi"]):
            return "provider"
        address = provider["address"]
        if not all(address[name] for name in ADDRESS) or not ZIP.fullmatch(address["zip_code"]):
            return "address"
        days = self.payer["service_dates"]
        first = (today - timedelta(days=days["days_back"])).isoformat()
        last = (today + timedelta(days=days["days_ahead"])).isoformat()
        return next(
            (error for one in content["services"] if (error := self.wrong(one, first, last))), None
        )

    def wrong(self, service: dict[str, Any], first: str, last: str) -> str | None:
        kind = self.types.get((service["authorization_type"], service["type_of_service"]))
        day = service.get("admission_date") or service.get("service_date")
        if kind is None or service["place_of_service"] not in kind["places_of_service"]:
            return "choice"
        if not day or not is_day(day) or not first <= day <= last:
            return "day"
        if service["urgency"] not in ("STANDARD", "EXPEDITED", "EMERGENCY"):
            return "urgency"
        diagnosis = service["primary_diagnosis"]
        if not DIAGNOSIS.fullmatch(diagnosis):
            return "diagnosis"
        found = self.diagnoses.execute(
            "SELECT valid_from, valid_to FROM codes WHERE code_set = 'ICD-10-CM' AND code = ?",
            (diagnosis,),
        ).fetchone()
        if found is None or (found[0] or "") > day or (found[1] or "9999") < day:
            return "diagnosis"
        seen = set()
        for procedure in service["procedures"]:
            if procedure["code"] in seen or len(types_of(procedure["code"])) != 1:
                return "code"
            seen.add(procedure["code"])
        return None

    def answer(self, content: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
        services: list[dict[str, Any]] = []
        notices = ["no_guarantee"]
        found: set[str] = set()
        for number, service in enumerate(content["services"], start=1):
            codes = [self.code(procedure, service, plan) for procedure in service["procedures"]]
            found.update(code["requirement"] for code in codes)
            services.append({"service": number, "codes": codes, "next_step": None})
        whole = next(
            (
                one
                for one in ("REQUIRED", "DELEGATED_VENDOR", "UNABLE_TO_DETERMINE")
                if one in found
            ),
            "NOT_REQUIRED",
        )
        notices += [
            STEPS[one][1] for one in ("UNABLE_TO_DETERMINE", "DELEGATED_VENDOR") if one in found
        ]
        version = self.facts["rule_list"]
        offered = any(code["predetermination"] for one in services for code in one["codes"])
        return {
            "requirement": whole,
            "content_labels": self.labels(content, services),
            "services": services,
            "vendors": [],
            "rule_list": {
                "payer": self.payer["name"],
                "version": version["version"],
                "effective_from": version["effective_from"],
                "published_at": version["published_at"].replace("+00:00", "Z"),
            },
            "assertion_id": assertion_id(content, version["version"]),
            "assertion_valid": None,
            "confirmation_available": whole == "NOT_REQUIRED",
            "referral_needed": plan["plan_type"] in ("HMO", "IFP", "EPO"),
            "predetermination_available": offered,
            "checked_at": harness.NOW.isoformat().replace("+00:00", "Z"),
            "as_of": None,
            "notices": [self.payer["notices"][name] for name in notices],
            "intake_exceptions": [],
            "requirement_label": LABELS[whole],
            "intake_exceptions_labels": [],
        }

    def labels(self, content: dict[str, Any], answers: list[dict[str, Any]]) -> dict[str, str]:
        names = self.names
        kind = content["servicing_provider"]["kind"]
        labels = {
            "/purpose": names["purposes"]["PRECERTIFICATION"],
            "/servicing_provider/kind": names["provider_kinds"][kind],
        }
        for number, (service, answer) in enumerate(zip(content["services"], answers, strict=True)):
            here = f"/services/{number}"
            for field, choices in CHOICES.items():
                labels[f"{here}/{field}"] = names[choices][service[field]]
            [description] = self.diagnoses.execute(
                "SELECT description FROM codes WHERE code_set = 'ICD-10-CM' AND code = ?",
                (service["primary_diagnosis"],),
            ).fetchone()
            labels[f"{here}/primary_diagnosis"] = description
            for at, code in enumerate(answer["codes"]):
                if code["code_label"]:
                    labels[f"{here}/procedures/{at}/code"] = code["code_label"]
        return labels

    def code(
        self, procedure: dict[str, Any], service: dict[str, Any], plan: dict[str, Any]
    ) -> dict[str, Any]:
        code, [kind] = procedure["code"], types_of(procedure["code"])
        day = service.get("admission_date") or service["service_date"]
        fitting = [
            rule
            for rule in self.by_code.get(f"{kind} {code}", ())
            if rule["effective_from"] <= day <= rule.get("effective_to", "9999-12-31")
            and rule.get("authorization_type") in (None, service["authorization_type"])
            and plan["plan_type"] in rule.get("plan_types", (plan["plan_type"],))
            and plan["line_of_business"]
            in rule.get("lines_of_business", (plan["line_of_business"],))
            and service["type_of_service"]
            in rule.get("types_of_service", (service["type_of_service"],))
            and service["place_of_service"]
            in rule.get("places_of_service", (service["place_of_service"],))
        ]
        rule = max(fitting, key=lambda one: one["order"]) if fitting else {}
        requirement = rule.get("requirement", "UNABLE_TO_DETERMINE")
        action, notice = STEPS[requirement]
        return {
            "code": code,
            "code_label": rule.get("label"),
            "code_type": kind,
            "code_type_label": self.names["code_types"][kind],
            "verified": False,
            "requirement": requirement,
            "rule_id": rule.get("rule_id"),
            "effective_from": rule.get("effective_from"),
            "vendor_id": rule.get("vendor_id"),
            "decided_by": DECIDERS.get(requirement),
            "retrospective": False,
            "predetermination": rule.get("predetermination", False),
            "next_step": {
                "action": action,
                "text": self.payer["notices"][notice],
                "action_label": LABELS[action],
            },
            "requirement_label": LABELS[requirement],
            "decided_by_label": DECIDER_LABELS.get(requirement),
        }


def types_of(code: str) -> list[str]:
    return [name for name, form in FORMS.items() if form.fullmatch(code)]


def same(patient: dict[str, Any], member: dict[str, Any]) -> bool:
    return patient["date_of_birth"] == member["date_of_birth"] and all(
        patient[name].casefold() == member[name].casefold()
        for name in ("member_id", "last_name", "first_name")
    )


def is_day(text: str) -> bool:
    return DAY.fullmatch(text) is not None and date.fromisoformat(text) is not None


def is_npi(text: str) -> bool:
    if not TEN.fullmatch(text):
        return False
    total = 24
    for at, character in enumerate(text):
        digit = int(character) * (2 if at % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def assertion_id(content: dict[str, Any], version: str) -> str:
    stamp = harness.NOW.strftime("%y%m%d%H%M%S")
    parts = {
        "member_id": content["patient"]["member_id"],
        "servicing_provider": content["servicing_provider"],
        "services": content["services"],
    }
    text = json.dumps([parts, version, stamp], sort_keys=True, separators=(",", ":"))
    number = int.from_bytes(hmac.digest(harness.KEY, text.encode(), "sha256")[:10], "big")
    return f"CHK-{stamp}-" + "".join(CROCKFORD[number >> 5 * at & 31] for at in range(15, -1, -1))


def refused(status: int, code: str) -> dict[str, Any]:
    return {"statusCode": status, "headers": {}, "body": json.dumps({"code": code})}


def main() -> None:
    root = harness.ROOT
    bare = Bare(
        Path(sys.argv[1]),
        root / "data" / "payer" / "payer.json",
        root / "build" / "code_sets" / "code_sets.sqlite",
    )
    harness.serve(bare.handle, int(sys.argv[2]))


if __name__ == "__main__":
    main()
