"""Clearing Point: data on victims of trafficking and the assistance they receive, counted safely.

For researchers: ``import clearing_point as cp``, then

* ``cp.releases()`` lists the published releases,
* ``cp.open_release()`` opens one (:class:`Release`: tables, cross-tables, help, explanations, charts, maps, SQL),
* ``cp.reproduce(output)`` asks an :class:`Answer` again and compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clearing_point.published import Answer, Picture, Release, open_release, releases, reproduce

__version__ = "0.2.0"
__all__ = ["Answer", "Picture", "Release", "__version__", "open_release", "releases", "reproduce"]


def __getattr__(name: str) -> Any:
    # The command line imports this package too and must not pay for what it does not use.
    if name in __all__:
        from clearing_point import published

        return getattr(published, name)
    raise AttributeError(f"module 'clearing_point' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
