"""Clearing Point: data on victims of trafficking and the assistance they receive, counted safely."""

__version__ = "0.1.0"
