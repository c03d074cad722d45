"""The same endpoint by FastAPI, Mangum and eager boto3 clients: ``CALLS``, or ``FOLDER CALLS``.

It is given the product's own models, use case and compiled list, so that only what is around them
differs. With ``FOLDER`` no call is made: the facts are at hand, as they are for the product's worker.
``RULES_AS=json`` reads the list as the JSON it is commonly kept as.
"""

import json
import logging
import os
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from mangum import Mangum

from bench.workers import given
from precert.adapters.code_sets import shipped_code_sets
from precert.adapters.dynamodb.reference import DynamoDBReference
from precert.adapters.payer_file import shipped_payer
from precert.adapters.s3.rule_lists import S3RuleLists
from precert.api.answers.check import RequirementsAnswer
from precert.api.bodies import CheckBody
from precert.api.claims import caller_of
from precert.domain.caller import ClaimNames
from precert.domain.errors import PrecertError
from precert.domain.rules import Requirement, Rule, RuleListVersion
from precert.domain.values import AuthorizationType, CodeType
from precert.usecases.check_requirements import check_requirements

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 2 else None
CLAIMS = ClaimNames(
    entitlements="cognito:groups",
    tins="custom:tins",
    plans="custom:plans",
    delegates="custom:delegates",
)
log = logging.getLogger("check")
log.addHandler(logging.StreamHandler(sys.stdout))
log.setLevel(logging.INFO)


class JsonRules:
    """The list as JSON, read whole when it is first asked for."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket
        self._by_code: dict[tuple[str, str], list[Any]] = {}
        self._ranges: list[Any] = []

    def rules(self, version: RuleListVersion, codes: Any) -> dict[Any, Any]:
        if not self._by_code:
            key = version.object_key.replace(".sqlite.zlib", ".json")
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            for row in json.loads(body):
                if row["code_from"] == row["code_to"]:
                    self._by_code.setdefault((row["code_type"], row["code_from"]), []).append(row)
                else:
                    self._ranges.append(row)
        return {code: tuple(map(_rule, self._of(code))) for code in codes}

    def _of(self, code: tuple[str, str]) -> list[Any]:
        within = [row for row in self._ranges if row["code_from"] <= code[1] <= row["code_to"]]
        return self._by_code.get(code, []) + [row for row in within if row["code_type"] == code[0]]

    def delegates(self, version: RuleListVersion, ids: Any) -> dict[str, Any]:
        return {}


def _rule(row: dict[str, Any]) -> Rule:
    known = {name: value for name, value in row.items() if name != "order"}
    known["code_type"] = CodeType(known["code_type"])
    known["requirement"] = Requirement(known["requirement"])
    known["effective_from"] = date.fromisoformat(known["effective_from"])
    if "authorization_type" in known:
        known["authorization_type"] = AuthorizationType(known["authorization_type"])
    return Rule(**known)


if FOLDER is None:
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    reference: Any = DynamoDBReference(dynamodb, reference_table=os.environ["REFERENCE_TABLE"])
    rule_lists: Any = (
        JsonRules(s3, os.environ["RULE_LISTS_BUCKET"])
        if os.environ.get("RULES_AS") == "json"
        else S3RuleLists(s3, bucket=os.environ["RULE_LISTS_BUCKET"])
    )
    now = datetime.now
else:
    from bench.workers.facts import Facts

    reference = Facts(FOLDER)
    rule_lists = S3RuleLists(given.NO_CLIENT, bucket="rules", folder=FOLDER)

    def now(_zone: Any) -> datetime:  # type: ignore[misc]  # the clock that all workers share
        return given.NOW


payer, code_sets = shipped_payer(), shipped_code_sets()
app = FastAPI()


@app.exception_handler(PrecertError)  # type: ignore[untyped-decorator]
def refuse(request: Request, error: PrecertError) -> JSONResponse:
    return JSONResponse({"code": error.code}, status_code=422)


@app.post("/v1/checks")  # type: ignore[untyped-decorator]
async def check(body: CheckBody, request: Request) -> RequirementsAnswer:
    claims = request.scope["aws.event"]["requestContext"]["authorizer"]["jwt"]["claims"]
    if not claims:
        raise HTTPException(401)
    started = time.time()
    answer = check_requirements(
        body.content,
        caller_of(claims, CLAIMS),
        reference=reference,
        rule_lists=rule_lists,
        versions=None,  # type: ignore[arg-type]  # the list in force comes with the facts
        code_sets=code_sets,
        payer=payer,
        now=now(UTC),
    )
    line = {"message": "answered", "operation_id": "check", "status_code": 200, "at": started}
    log.info(json.dumps(line))
    return RequirementsAnswer.of(answer, payer)


handle = Mangum(app, lifespan="off")

if __name__ == "__main__":
    given.serve(handle, int(sys.argv[-1]))
