"""The researcher's side: published releases, read-only, with what every number means and where it comes from.

Nothing here reads the warehouse: every answer is made of what is published already.
"""

from clearing_point.published.answer import Answer, Coarser
from clearing_point.published.opening import open_release, releases
from clearing_point.published.picture import Picture
from clearing_point.published.release import Explanation, Help, Release
from clearing_point.published.reproduction import Reproduction, reproduce

__all__ = [
    "Answer",
    "Coarser",
    "Explanation",
    "Help",
    "Picture",
    "Release",
    "Reproduction",
    "open_release",
    "releases",
    "reproduce",
]
