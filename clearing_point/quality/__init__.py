"""Checks: what each country can act on, and the gate that decides."""
