"""Implementations of the ports with AWS services; boto3 and its errors occur only here."""
