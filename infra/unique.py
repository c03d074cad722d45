"""Names that no other stack has, known before the resource exists.

CloudFormation generates most names. Names that must be unique beyond the account, and those for which
CloudFormation generates none, contain the id of their stack.
"""

import aws_cdk as cdk


def unique_name(stage: str, purpose: str) -> str:
    """Return a name that contains eight hexadecimal digits of the stack's id."""
    unique_id = cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))
    suffix = cdk.Fn.select(0, cdk.Fn.split("-", unique_id))
    return "-".join(filter(None, ("precert", stage, purpose, suffix)))


def documents_bucket_name(stage: str) -> str:
    """Return the name of the documents bucket."""
    return unique_name(stage, "documents")


def sign_in_prefix(stage: str) -> str:
    """Return the prefix of the domain of the sign-in pages."""
    return unique_name(stage, "")
