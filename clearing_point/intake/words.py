"""Which texts mean which code for one field: the standard's own words, a crosswalk, a profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from clearing_point.countries.profile import ColumnSpec, Profile
from clearing_point.errors import InputProblem
from clearing_point.intake.layout import fold
from clearing_point.standard.model import TERRITORY, Field, Standard, Text
from clearing_point.standard.spelling import Spelling, spelling_of

_ANY_VARIABLE = "*"


@dataclass(frozen=True)
class Words:
    """Folded text -> codes; texts that are ambiguous stand apart and never resolve silently."""

    codes: dict[str, tuple[str, ...]]
    ambiguous: frozenset[str] = frozenset()
    spelling: Spelling = field(default_factory=Spelling)

    @cached_property
    def _respelled(self) -> dict[str, tuple[str, ...]]:
        """Respelled word -> codes, for words that mean one thing in all their spellings."""
        found: dict[str, set[tuple[str, ...]]] = {}
        for word, codes in self.codes.items():
            found.setdefault(self.spelling.key(word), set()).add(codes)
        for word in self.ambiguous:
            found.setdefault(self.spelling.key(word), set()).add(())
        return {word: next(iter(meant)) for word, meant in found.items() if len(meant) == 1}

    @cached_property
    def other_spellings(self) -> frozenset[str]:
        """The forms under which known words are found that were written in another spelling."""
        return frozenset(self.spelling.key(word) for word in self.codes if self.in_other_spelling(word))

    def in_other_spelling(self, word: str) -> tuple[str, ...] | None:
        """Return the codes of a folded word that is known only in another spelling."""
        if not self.spelling.folds or word in self.ambiguous:
            return None
        return self._respelled.get(self.spelling.key(word)) or None


def words_of(field: Field, column: ColumnSpec, profile: Profile, standard: Standard) -> Words:
    """Collect the words of a coded field; a later source overrides an earlier one.

    The order is: the codes of the standard and its labels (English, the sender's language, then those
    of other languages that can mean one code only), the crosswalk or alias scheme that
    the column names, the profile's reading (missing words), its approved ``values.csv`` and the
    column's own ``values`` and ``missing``.

    Raises
    ------
    InputProblem
        If a profile maps a word to a code that the list does not have.
    """
    decided = any(row["field"] == field.name for row in profile.values)
    of_headings = bool(column.scheme) and field.codelist != TERRITORY
    asked = (
        field.codelist, field.name if decided else "", column.scheme, column.headings if of_headings else (),
        *column.values.items(), _MISSING, *column.missing.items(),
    )  # fmt: skip
    return _words(_Asked(field, column, profile, standard, asked))


_MISSING = "missing"
"""Between a column's own values and its own words for what is missing."""


@dataclass(frozen=True, eq=False)
class _Asked:
    """What words follow from. Guard, keeping and reading ask for those of every column, and many columns read alike."""

    field: Field
    column: ColumnSpec
    profile: Profile
    standard: Standard
    key: tuple[object, ...]

    def __hash__(self) -> int:
        return hash((self.key, id(self.profile), id(self.standard)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Asked)
            and self.key == other.key
            and self.profile is other.profile
            and self.standard is other.standard
        )


@lru_cache(maxsize=1024)
def _words(asked: _Asked) -> Words:
    field, column, profile, standard = asked.field, asked.column, asked.profile, asked.standard
    codelist = field.codelist or ""
    words: dict[str, tuple[str, ...]] = {}
    ambiguous: set[str] = set()
    allowed = {*standard.codes_of(codelist), *standard.missing_codes}
    for code in sorted(allowed):
        words[fold(code)] = (code,)
    if codelist == TERRITORY:
        ambiguous = _territory_words(words, column.scheme, profile, standard)
    else:
        for word, codes in _label_words(standard, codelist, profile.language).items():
            words.setdefault(word, codes)
        if column.scheme:
            _crosswalk_words(words, codelist, column, standard)
    if codelist == "yes_no":
        words.update({fold(w): ("Y",) for w in profile.reading.yes})
        words.update({fold(w): ("N",) for w in profile.reading.no})
    own = [(word, code, "missing") for word, code in profile.reading.missing.items()]
    own += [
        (row["local"], row["code"], f"values.csv ({row['local']})")
        for row in profile.values
        if row["field"] in (field.name, codelist)
    ]
    own += [(word, code, "values") for word, code in column.values.items()]
    own += [(word, code, "missing") for word, code in column.missing.items()]
    for word, code, where in own:
        codes = tuple(part.strip() for part in code.split(";"))
        wrong = [c for c in codes if c not in allowed]
        if wrong:
            raise InputProblem(
                f"Profile {profile.name}, field {field.name}, {where}: '{wrong[0]}' is no code of {codelist}.",
                "profile_wrong",
                profile=profile.name,
                name=wrong[0],
            )
        words[fold(word)] = codes
        ambiguous.discard(fold(word))
    return Words(words, frozenset(ambiguous), spelling_of(standard, profile.language))


def missing_words(language: str, standard: Standard) -> dict[str, tuple[str, ...]]:
    """Return the words that say why a value is missing, of the standard, for a sender's language."""
    words: dict[str, tuple[str, ...]] = {fold(code): (code,) for code in standard.missing_codes}
    entries = standard.codelists["missing"].codes
    _labels(words, [(entry.code, entry.label) for entry in entries], language, standard)
    return words


@lru_cache(maxsize=512)
def _label_words(standard: Standard, codelist: str, language: str) -> Mapping[str, tuple[str, ...]]:
    """Return the labels of a code list, in every language of the standard, as words."""
    if codelist == TERRITORY:
        labels = list(standard.territory_names.items())
    else:
        entries = (*standard.codelists[codelist].codes, *standard.codelists["missing"].codes)
        labels = [(entry.code, entry.label) for entry in entries]
    words: dict[str, tuple[str, ...]] = {}
    _labels(words, labels, language, standard)
    _former_labels(words, codelist, language, standard)
    return words


def _former_labels(
    words: dict[str, tuple[str, ...]], codelist: str, language: str, standard: Standard
) -> None:
    """Add the labels of earlier templates, after those of today: in her own language and English, else if unambiguous."""
    meant: dict[str, set[str]] = {}
    prefix = f"code:{codelist}."
    for where, texts in standard.former.items():
        code = where.removeprefix(prefix)
        if code == where:
            continue
        for spoken, text in texts:
            meant.setdefault(fold(text), set()).add(code)
            if spoken in ("en", language):
                words.setdefault(fold(text), (code,))
    for word, codes in meant.items():
        if len(codes) == 1:
            words.setdefault(word, tuple(codes))


def _labels(
    words: dict[str, tuple[str, ...]],
    labels: Sequence[tuple[str, Text]],
    language: str,
    standard: Standard,
) -> None:
    """Add the labels of the standard's languages; one that means two codes is taken in the sender's language only."""
    for spoken in dict.fromkeys(("en", language)):
        for code, label in labels:
            if spoken in label:
                words.setdefault(fold(label[spoken]), (code,))
    meant: dict[str, set[str]] = {}
    for spoken in standard.languages:
        for code, label in labels:
            if spoken in label:
                meant.setdefault(fold(label[spoken]), set()).add(code)
    for word, codes in meant.items():
        if len(codes) == 1:
            words.setdefault(word, tuple(codes))


def _territory_words(
    words: dict[str, tuple[str, ...]], scheme: str | None, profile: Profile, standard: Standard
) -> set[str]:
    names, ambiguous = _territory_names(standard, scheme or "name_en", profile.sender)
    words.update(names)
    for word, places in _label_words(standard, TERRITORY, profile.language).items():
        words.setdefault(word, places)
    for word in ambiguous:
        words.pop(word, None)
    return set(ambiguous)


@lru_cache(maxsize=64)
def _territory_names(
    standard: Standard, scheme: str, sender: str
) -> tuple[Mapping[str, tuple[str, ...]], frozenset[str]]:
    """Return the names of territories in a scheme, and those that are ambiguous there."""
    words: dict[str, tuple[str, ...]] = {
        fold(row["name_neutral_en"]): (row["territory_id"],) for row in standard.territories
    }
    meant: dict[str, set[str]] = {}
    for row in standard.territory_files["alias"]:
        own = row["scheme"] == "submitter" and row["submitter"] == sender
        if own or row["scheme"] == scheme:
            place = "" if row["ambiguous"] == "Y" else row["territory_id"]
            meant.setdefault(fold(row["alias"]), set()).add(place)
    # A word is read without its date here: it resolves only if all its rows agree and none is ambiguous.
    ambiguous = frozenset(word for word, places in meant.items() if len(places) > 1 or "" in places)
    words.update({word: tuple(places) for word, places in meant.items() if word not in ambiguous})
    return words, ambiguous


def _crosswalk_words(
    words: dict[str, tuple[str, ...]], codelist: str, column: ColumnSpec, standard: Standard
) -> None:
    headings = {fold(h) for h in column.headings} | {_ANY_VARIABLE}
    for row in standard.crosswalks[column.scheme or ""]:
        same = row["codelist"] in (codelist, "missing") and fold(row["target_variable"]) in headings
        if same and row["target_code"] and _imports(row):
            words[fold(row["target_code"])] = (row["code"],)


def _imports(row: Mapping[str, str]) -> bool:
    """Whether a crosswalk row speaks for reading (the register says how notes mark a direction)."""
    return row["quality"] != "none" and not row["note"].startswith("export only")


def with_crosswalk_flags(profile: Profile, standard: Standard) -> Profile:
    """Return the profile with every ``flags_scheme`` filled in: one yes/no column a code.

    Only columns that hold a flag (target code ``1``) are taken; those a file lacks are passed over.

    Raises
    ------
    InputProblem
        If the profile names a table, a field or a crosswalk that the standard does not have.
    """
    sheets = []
    for sheet in profile.sheets:
        tables = []
        for spec in sheet.tables:
            table = standard.tables.get(spec.table)
            if table is None:
                raise InputProblem(
                    f"Profile {profile.name}: the standard has no table '{spec.table}'.",
                    "profile_wrong",
                    profile=profile.name,
                    name=spec.table,
                )
            columns = {}
            for name, column in spec.columns.items():
                field = table.by_name.get(name.removesuffix("_no"))
                if field is None:
                    raise InputProblem(
                        f"Profile {profile.name}: table {table.name} has no field '{name}'.",
                        "profile_wrong",
                        profile=profile.name,
                        name=f"{table.name}.{name}",
                    )
                columns[name] = _filled(field, column, profile, standard) if column.flags_scheme else column
            tables.append(replace(spec, columns=columns))
        sheets.append(replace(sheet, tables=tuple(tables)))
    return replace(profile, sheets=tuple(sheets))


def _filled(field: Field, column: ColumnSpec, profile: Profile, standard: Standard) -> ColumnSpec:
    crosswalk = standard.crosswalks.get(column.flags_scheme or "")
    if crosswalk is None:
        raise InputProblem(
            f"Profile {profile.name}: there is no crosswalk '{column.flags_scheme}'.",
            "profile_wrong",
            profile=profile.name,
            name=column.flags_scheme,
        )
    flags = {
        row["target_variable"]: row["code"]
        for row in crosswalk
        if row["codelist"] == field.codelist and row["target_code"] == "1" and _imports(row)
    }
    if not flags:
        raise InputProblem(
            f"Profile {profile.name}: crosswalk {column.flags_scheme} has no flag for {field.name}.",
            "profile_wrong",
            profile=profile.name,
            name=f"{column.flags_scheme}.{field.name}",
        )
    return replace(column, flags=flags, optional=True)
