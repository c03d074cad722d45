"""From a construct to its CloudFormation resource, for what the construct does not offer."""

from typing import TypeVar

import aws_cdk as cdk
from constructs import Construct

Resource = TypeVar("Resource", bound=cdk.CfnResource)


def resource_of(construct: Construct, kind: type[Resource]) -> Resource:
    """The resource behind a construct; another kind than expected is an error of ours."""
    resource = construct.node.default_child
    if not isinstance(resource, kind):
        raise TypeError(f"{construct.node.path} is no {kind.__name__}")
    return resource
