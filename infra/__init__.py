"""The CDK app: one thin stack, one construct per capability."""

import os

# The bridge between Python and Node greets an older Node with a wall of warnings; it reads the
# major versions to be quiet about from the environment, at the first import of the CDK.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "18,20")
