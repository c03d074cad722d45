"""Names that no other stack has, known before the resource exists.

A name of this form can stand in another resource without a reference to the named one. The portal's
distribution and the resources that it names refer to each other, which CloudFormation could not order.
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


def documents_origin(stage: str) -> str:
    """Return the origin of presigned forms and links: the bucket's regional address."""
    name = documents_bucket_name(stage)
    return f"https://{name}.s3.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"


def sign_in_prefix(stage: str) -> str:
    """Return the prefix of the domain of the sign-in pages."""
    return unique_name(stage, "")


def sign_in_origin(stage: str) -> str:
    """Return the origin of the sign-in pages of the stack's own user pool."""
    return f"https://{sign_in_prefix(stage)}.auth.{cdk.Aws.REGION}.amazoncognito.com"
