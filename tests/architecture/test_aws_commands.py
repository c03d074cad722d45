"""Commands of AWS's command line on the pages are those that botocore's models describe."""

from pathlib import Path
from typing import Final

import pytest

from tests.architecture.aws_commands import AwsCommand, commands_of, errors_of
from tests.architecture.test_pages import PAGES

VAULT: Final = "aws cloudformation deploy --stack-name S --template-file infra/vault.template.json"
TABLE: Final = "--table-name T"
RESTORE: Final = "aws dynamodb restore-table-to-point-in-time --target-table-name RESTORED"


RESTORE_METADATA: Final[tuple[dict[str, str | None], ...]] = (
    {"targetTableName": None, "encryptionType": "KMS", "kmsMasterKeyArn": None},
    {
        "DestinationBucketName": None,
        "NewBucket": "false",
        "EncryptionType": "SSE-KMS",
        "KMSKey": None,
    },
)
"""What AWS's guide lists for a table and a bucket, with the values that the product needs."""

WITH_COMMANDS: Final = [page for page in PAGES if commands_of(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_command_is_accepted_by_the_command_line_when_a_page_has_it(page: Path) -> None:
    found = {
        " ".join(command.words): errors
        for command in commands_of(page.read_text("utf-8"))
        if (errors := errors_of(command))
    }
    assert found == {}


def test_metadata_are_those_of_the_resource_when_a_backup_is_restored() -> None:
    """The service model has no list of them; a wrong name fails only when the data is lost."""
    found = [
        {name: value for name, _, value in (one.partition("=") for one in given.split(","))}
        for page in WITH_COMMANDS
        for command in commands_of(page.read_text("utf-8"))
        if command.words[:2] == ("backup", "start-restore-job")
        for given in command.words[command.words.index("--metadata") + 1 :][:1]
    ]
    assert [sorted(one) for one in found] == [sorted(one) for one in RESTORE_METADATA]
    for one, expected in zip(found, RESTORE_METADATA, strict=True):
        assert {name: one[name] for name, value in expected.items() if value} == {
            name: value for name, value in expected.items() if value
        }


def test_commands_are_found_when_pages_have_them() -> None:
    assert {page.stem for page in WITH_COMMANDS} >= {"disaster-recovery", "operations"}
    assert sum(len(commands_of(page.read_text("utf-8"))) for page in WITH_COMMANDS) > 30


@pytest.mark.parametrize(
    "command",
    [
        f"aws dynamodb describe-table {TABLE} --query Table.TableStatus --output text",
        "aws dynamodb wait table-exists --table-name $TABLE",
        "aws dynamodb scan --table-name T --max-items 5 --no-paginate",
        "aws lambda invoke --function-name F:live /dev/null",
        "aws s3 cp file s3://bucket/key",
        f"{RESTORE} --source-table-name TABLE --restore-date-time 2026-11-26T08:00:00Z",
        f"{RESTORE} --use-latest-restorable-time",
        f"{RESTORE} --no-use-latest-restorable-time",
        "aws dynamodb tag-resource --resource-arn arn:aws --tags Key=a,Value=b Key=c,Value=d",
        'aws dynamodb delete-item --table-name T --key \'{"pk": {"S": "1"}}\'',
        "aws sqs list-queues --query \"QueueUrls[?contains(@, 'Relay')] | [0]\"",
        "aws logs tail G --since 1h --region us-east-1",
        "aws dynamodb put-item --table-name T --item file://item.json > out.json",
        "aws deploy stop-deployment --deployment-id D",
        "aws kms schedule-key-deletion --key-id K --pending-window-in-days DAYS",
    ],
)
def test_command_is_accepted_when_it_is_correct(command: str) -> None:
    assert errors_of(commands_of(f"```bash\n{command}\n```")[0]) == []


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("aws dynamo list-tables", "no service dynamo"),
        ("aws dynamodb list-table", "dynamodb has no operation list-table"),
        ("aws dynamodb wait table-ready", "dynamodb has no operation wait"),
        ("aws dynamodb", "names no service and operation"),
        ("aws dynamodb describe-table", "lacks TableName"),
        (f"aws dynamodb describe-table {TABLE} --table T", "no option --table"),
        (f"aws dynamodb describe-table {TABLE} T2", "--table-name: takes one value"),
        (f"aws dynamodb describe-table {TABLE} --max-items 1", "no option --max-items"),
        (f"aws dynamodb describe-table {TABLE} --output xml", "--output is not xml"),
        (f"aws dynamodb describe-table {TABLE} --query Table.Status", "has no member Status"),
        (f"aws dynamodb describe-table {TABLE} --query Table.[", "--query: "),
        ("aws dynamodb list-tables --query TableNames[].Name", "has no members, and so no Name"),
        ("aws dynamodb list-backups --backup-type OWN", "OWN is not one of"),
        (f"{RESTORE} --restore-date-time yesterday", "--restore-date-time: Invalid isoformat"),
        ("aws dynamodb list-tables --limit many", "--limit: invalid literal"),
        ("aws dynamodb list-tables --limit 0", "Limit: Invalid value"),
        ("aws dynamodb list-tables --no-limit", "no option --no-limit"),
        ("aws dynamodb tag-resource --resource-arn A --tags a=b", "--tags: no members ['a']"),
        ("aws dynamodb tag-resource --resource-arn A --tags a", "--tags: neither JSON nor Name="),
        ("aws dynamodb delete-item --table-name T --key '{\"pk\": 1}'", "Key: Invalid type"),
        (f"{RESTORE} --sse-specification-override SSEType=DES", "DES is not one of"),
        ("aws logs tail --since 1h", "needs 1 arguments"),
        ("aws logs tail G --from 1h", "no option --from"),
        ("aws cloudformation deploy --stack-name S", "lacks --template-file"),
        ("aws cloudformation deploy --stack-name S --template-file none.json", "no file"),
        (f"{VAULT} --parameter-overrides Account=1", "the template has no parameter Account"),
        (VAULT, "lacks the parameter SourceAccount"),
    ],
)
def test_error_is_named_when_a_command_is_wrong(command: str, error: str) -> None:
    found = errors_of(commands_of(f"```bash\n{command}\n```")[0])
    assert [one for one in found if error in one], found


def test_command_is_read_when_it_has_several_lines_and_is_assigned() -> None:
    block = 'A=$(aws sqs list-queues \\\n  --query "a\n     b")'
    page = f"Text `aws kms enable-key`.\n\n   ```bash\n   {block}\n   ```\n"
    assert commands_of(page) == [
        AwsCommand(("sqs", "list-queues", "--query", "a\nb"), is_complete=True),
        AwsCommand(("kms", "enable-key"), is_complete=False),
    ]


def test_required_members_may_be_missing_when_the_text_only_names_a_command() -> None:
    assert [errors_of(one) for one in commands_of("with `aws kms enable-key`")] == [[]]
    assert errors_of(commands_of("`aws kms enable-key --id K`")[0]) == ["no option --id"]
