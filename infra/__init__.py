"""The CDK app: stacks for data, service, monitoring and edge, with one construct per capability."""

import os

# JSII warns at length about Node.js versions past their end of life. It reads the major versions not to
# warn about from the environment when the CDK is first imported.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "18,20")
