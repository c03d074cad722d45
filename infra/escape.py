"""Return the CloudFormation resource of a construct, for properties that the construct lacks."""

from typing import TypeVar

import aws_cdk as cdk
from constructs import Construct

Resource = TypeVar("Resource", bound=cdk.CfnResource)


def resource_of(construct: Construct, kind: type[Resource]) -> Resource:
    """Return the construct's default child.

    Raises:
        TypeError: It is not of the expected type.
    """
    resource = construct.node.default_child
    if not isinstance(resource, kind):
        raise TypeError(f"{construct.node.path} is not a {kind.__name__}")
    return resource
