"""The commands, one module for each kind of user; :mod:`clearing_point.cli` puts them together."""
