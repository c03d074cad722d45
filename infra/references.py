"""References to resources of another stack whose form must be known while the stack is built.

The CDK writes most references between stacks itself. Acknowledgments of findings contain the reference
as the template has it, so that these outputs have names of their own.
"""

from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3


class Objects(NamedTuple):
    """Objects of a bucket below a prefix: their ARN, and that ARN as a finding contains it."""

    arn: str
    finding: str


def objects_of(bucket: s3.Bucket, prefix: str) -> Objects:
    """Return the objects below a prefix, for a policy in another stack than the bucket's."""
    stack = cdk.Stack.of(bucket)
    output = "".join((*bucket.node.path.split("/")[1:], "Arn"))
    if stack.node.try_find_child(output) is None:
        cdk.CfnOutput(stack, output, value=bucket.bucket_arn)
    read = cdk.Fn.get_stack_output(stack.stack_name, output)
    finding = (
        f'{{"Fn::GetStackOutput":{{"StackName":"{stack.stack_name}","OutputName":"{output}"}}}}'
    )
    return Objects(f"{read}/{prefix}*", f"Resource::{finding}/{prefix}*")
