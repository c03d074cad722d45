"""Parsers of the accepted file types, each with bounded work (U1, U7)."""
