"""Names that no other stack has, known before the resource exists."""

import aws_cdk as cdk


def unique_suffix() -> str:
    """Return eight hexadecimal digits of the stack's id.

    A name of this form can stand in another resource without a reference to the named one, which
    would close a circle between the two.
    """
    unique_id = cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))
    return cdk.Fn.select(0, cdk.Fn.split("-", unique_id))
