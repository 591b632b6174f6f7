"""How each country says it: profiles of its files and the words it uses."""

from clearing_point.countries.profile import (
    ColumnSpec,
    Profile,
    SheetSpec,
    TableSpec,
    load_profile,
    profile_of_source,
    profile_of_territory,
)
from clearing_point.countries.regional import regional_profile

__all__ = [
    "ColumnSpec",
    "Profile",
    "SheetSpec",
    "TableSpec",
    "load_profile",
    "profile_of_source",
    "profile_of_territory",
    "regional_profile",
]
