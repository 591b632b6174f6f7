"""A body to a file: name cleaned, size and hash taken while it comes, on the disk before anything is said."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clearing_point.desk.rules import rules

ORIGINAL = "original"
_FIELD_BYTES = 4_096
_IDENTITY_BYTES = 12


class NotTaken(Exception):
    """The upload is not taken, for a reason that has words (``words.yml``, desk: upload_...)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Taken:
    """A file that is whole on the disk, and what was said beside it."""

    identity: str
    folder: Path
    name: str
    ending: str
    sha256: str
    size: int
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Where the file stands."""
        return self.folder / f"{ORIGINAL}{self.ending}"

    def drop(self) -> None:
        """Remove it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def clean_name(name: str) -> str:
    """Return a file name as it may be shown: no path, nothing that steers a terminal or turns the line, not too long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(
        c for c in last if c.isprintable() and unicodedata.category(c) not in ("Cf", "Cc", "Co", "Cs")
    )
    most = rules().limits["name_characters"]
    shown = " ".join(shown.split())
    return (shown if len(shown) <= most else f"{shown[: most - 10]}…{shown[-9:]}") or "-"


def new_identity() -> str:
    """Return an id that nobody can guess (96 bits)."""
    return secrets.token_hex(_IDENTITY_BYTES)


class _Parts:
    """Takes the parts of a multipart body as they come: one file to the disk, short fields to memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fields: dict[str, str] = {}
        self.digest = hashlib.sha256()
        self.size = 0
        self.name: str | None = None
        self.ending = ""
        self.handle: Any = None
        self._headers: dict[str, str] = {}
        self._header = [b"", b""]
        self._part = ""
        self._value = b""

    def on_part_begin(self) -> None:
        self._headers, self._header, self._value, self._part = {}, [b"", b""], b"", ""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def on_header_end(self) -> None:
        name, value = self._header
        # Latin-1 keeps every byte: the parser below gives bytes back, which are UTF-8 for what a browser sends.
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        self._header = [b"", b""]

    def on_headers_finished(self) -> None:
        from python_multipart.multipart import parse_options_header

        _, options = parse_options_header(self._headers.get("content-disposition", ""))
        self._part = options.get(b"name", b"").decode("utf-8", "replace")
        if self._part != "file":
            return
        if self.handle is not None:
            raise NotTaken("upload_one")
        self.name = clean_name(options.get(b"filename", b"").decode("utf-8", "replace"))
        self.ending = next((e for e in rules().endings if self.name.lower().endswith(e)), "")
        if not self.ending:
            raise NotTaken("upload_none" if self.name == "-" else "upload_kind")
        place = self.folder / f"{ORIGINAL}{self.ending}"
        self.handle = os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if self._part == "file" and self.handle is not None:
            self.size += len(piece)
            if self.size > rules().limits["body_bytes"]:
                raise NotTaken("upload_large")
            self.digest.update(piece)
            self.handle.write(piece)
        elif self._part != "file":
            self._value += piece
            if len(self._value) > _FIELD_BYTES:
                raise NotTaken("upload_broken")

    def on_part_end(self) -> None:
        if self._part and self._part != "file":
            self.fields[self._part] = self._value.decode("utf-8", "replace").strip()

    def close(self) -> None:
        if self.handle is not None:
            self.handle.flush()
            os.fsync(self.handle.fileno())
            self.handle.close()
            self.handle = None


async def take(stream: AsyncIterator[bytes], content_type: str, files: Path) -> Taken:
    """Write an uploaded file into a new folder of its own.

    Raises
    ------
    NotTaken
        If there is no file, one of another kind, too large, or the disk is full; nothing is left behind.
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise NotTaken("upload_broken")
    identity = new_identity()
    folder = files / identity
    whole = False
    parts: _Parts | None = None
    try:
        folder.mkdir(mode=0o700)
        parts = _Parts(folder)
        callbacks: Any = {
            name: getattr(parts, name)
            for name in (
                "on_part_begin", "on_header_field", "on_header_value", "on_header_end", "on_headers_finished",
                "on_part_data", "on_part_end",
            )
        }  # fmt: skip
        parser = MultipartParser(boundary, callbacks)
        async for chunk in stream:
            parser.write(chunk)
        parser.finalize()
        if parts.handle is None or not parts.size:
            raise NotTaken("upload_none")
        parts.close()
        _sync(folder)
        _sync(files)
        whole = True
    except OSError as error:
        raise NotTaken(
            "upload_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "upload_broken"
        ) from error
    except FormParserError as error:
        raise NotTaken("upload_broken") from error
    finally:
        if not whole:
            if parts is not None and parts.handle is not None:
                try:
                    parts.handle.close()
                except OSError:
                    parts.handle = None
            shutil.rmtree(folder, ignore_errors=True)
    return Taken(
        identity, folder, parts.name or "-", parts.ending, parts.digest.hexdigest(), parts.size, parts.fields
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
