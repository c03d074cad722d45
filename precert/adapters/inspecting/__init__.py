"""Looks into documents: whether their bytes are what their content type says, whole and readable."""
