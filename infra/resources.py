"""CloudFormation resources of constructs, unique names of resources, and ARNs of another stack."""

from typing import NamedTuple, TypeVar

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

Resource = TypeVar("Resource", bound=cdk.CfnResource)


def resource_of(construct: Construct, kind: type[Resource]) -> Resource:
    """Return the CloudFormation resource of a construct, for properties that the construct lacks.

    Raises:
        TypeError: It is not of the expected type.
    """
    resource = construct.node.default_child
    if not isinstance(resource, kind):
        raise TypeError(f"{construct.node.path} is not a {kind.__name__}")
    return resource


def unique_name(stage: str, purpose: str) -> str:
    """Return a name that no other stack has, known before the resource exists.

    CloudFormation generates most names. Names that must be unique beyond the account, and those for
    which CloudFormation generates none, contain eight hexadecimal digits of the stack's id.
    """
    unique_id = cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))
    suffix = cdk.Fn.select(0, cdk.Fn.split("-", unique_id))
    return "-".join(filter(None, ("precert", stage, purpose, suffix)))


def documents_bucket_name(stage: str) -> str:
    """Return the name of the documents bucket."""
    return unique_name(stage, "documents")


def sign_in_prefix(stage: str) -> str:
    """Return the prefix of the domain of the sign-in pages."""
    return unique_name(stage, "")


class Objects(NamedTuple):
    """Objects of a bucket below a prefix: their ARN, and that ARN as a finding contains it."""

    arn: str
    finding: str


def objects_of(bucket: s3.Bucket, prefix: str) -> Objects:
    """Return the objects below a prefix, for a policy in another stack than the bucket's.

    The CDK writes most references between stacks itself. Acknowledgments of findings contain the
    reference as the template has it, so that this output has a name of its own.
    """
    stack = cdk.Stack.of(bucket)
    output = "".join((*bucket.node.path.split("/")[1:], "Arn"))
    if stack.node.try_find_child(output) is None:
        cdk.CfnOutput(stack, output, value=bucket.bucket_arn)
    read = cdk.Fn.get_stack_output(stack.stack_name, output)
    finding = (
        f'{{"Fn::GetStackOutput":{{"StackName":"{stack.stack_name}","OutputName":"{output}"}}}}'
    )
    return Objects(f"{read}/{prefix}*", f"Resource::{finding}/{prefix}*")
