"""The flows, each readable from top to bottom. The machinery is in ``clearing_point``."""
