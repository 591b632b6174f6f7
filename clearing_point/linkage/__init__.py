"""One person, counted once: tokens made at the sender, links, decisions, and what all of it does to the counts.

Nothing is imported here: the token program (:mod:`clearing_point.linkage.tokens`) runs with the standard library alone.
"""
