"""How each country says it: profiles of its files and the words it uses."""

from clearing_point.countries.profile import (
    ColumnSpec,
    Profile,
    SheetSpec,
    TableSpec,
    for_sender,
    in_format_of,
    load_profile,
    profile_of_receipt,
    profile_of_source,
    profile_of_territory,
    sources_named,
)
from clearing_point.countries.regional import check_mark, mark_of, regional_profile, regional_sheets

__all__ = [
    "ColumnSpec",
    "Profile",
    "SheetSpec",
    "TableSpec",
    "check_mark",
    "for_sender",
    "in_format_of",
    "load_profile",
    "mark_of",
    "profile_of_receipt",
    "profile_of_source",
    "profile_of_territory",
    "regional_profile",
    "regional_sheets",
    "sources_named",
]
