"""JSON Web Tokens: PyJWT verifies and encodes them, AWS KMS signs them.

Only the functions with the signing layer have PyJWT and cryptography.
"""
