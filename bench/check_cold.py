"""A fresh process to its first answer, with a list of 100,000 rules: ``python -m bench.check_cold``.

The real client calls a stub of DynamoDB and S3 on loopback: one BatchGetItem, then the list. The same
endpoint by FastAPI, Mangum and boto3 is measured in the same run, twice: with all that is ours but
what is around it, and with the list as JSON, as it is commonly kept.
"""

import json

from bench import stand
from bench.aws_stub import aws
from bench.check_warm import FASTAPI
from bench.counting import Counted, CountingError, instructions

OF_THE_INTERPRETER, OF_FASTAPI = 60.0, 0.7
EXPECTED_CALLS = ["DynamoDB_20120810.BatchGetItem", "GET"]


def counts() -> dict[str, Counted]:
    large, shipped = stand.large(), stand.shipped()
    with aws(large) as (url, calls):
        environment = {**stand.ENVIRONMENT, "AWS_ENDPOINT_URL": url}
        found = {
            "the interpreter alone": instructions("-c", "pass", path=shipped),
            "precert": instructions(
                "-m", "bench.workers.cold", path=shipped, environment=environment
            ),
        }
        if [call.split(" ")[0] for call in calls] != EXPECTED_CALLS * 2:
            raise CountingError(f"a first check is to make two calls, not {calls}")
        if FASTAPI.exists():
            for name, shape in (("same list", "sqlite"), ("list as JSON", "json")):
                found[f"FastAPI + Mangum + boto3, {name}"] = instructions(
                    *("-m", "bench.workers.fastapi_check", "1"),
                    path=stand.beside(FASTAPI),
                    environment={**environment, "RULES_AS": shape},
                )
    told = [_lasting(one.answer) for name, one in found.items() if "interpreter" not in name]
    if any(one != told[0] for one in told):
        raise CountingError(f"the answers differ: {told}")
    return found


def _lasting(answer: str) -> object:
    """The answer without what its moment makes of it; warnings of libraries come before it."""
    body = json.loads(answer[answer.index('{"requirement"') :])
    return {name: body[name] for name in body if name not in ("assertion_id", "checked_at")}


def main() -> None:
    found = counts()
    bare, ours = found["the interpreter alone"].instructions, found["precert"].instructions
    print(f"A fresh process to the first answer, one list of {stand.large().rules:,} rules\n")
    print("| process | instructions | times the interpreter | precert's share of it |")
    print("| --- | ---: | ---: | ---: |")
    for name, counted in found.items():
        count = counted.instructions
        share = "" if name == "the interpreter alone" else f"{ours / count:.2f}"
        print(f"| {name} | {count:,} | {count / bare:.1f} | {share} |")
    print(
        f"\nprecert is to need at most {OF_THE_INTERPRETER} times the interpreter's, "
        f"and at most {OF_FASTAPI} of the same endpoint by FastAPI."
    )


if __name__ == "__main__":
    main()
