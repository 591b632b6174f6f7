"""Indicators: from accepted submissions to tables that may be printed."""
