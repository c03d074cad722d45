"""The ports on AWS: the only rooms that know boto3 and its errors."""
