"""Names of films as names of folders and files that every system takes. Pure; knows no disk."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 120
"""Bytes of UTF-8: with the time and the ending, a file's name stays within the 255 that disks take, and paths within
the 260 characters that Windows does."""
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{at}" for port in ("com", "lpt") for at in "123456789¹²³")}


def safe(stem: str) -> str:
    """`stem` as a folder's name on Linux, macOS and Windows; never empty, never hidden."""
    text = unicodedata.normalize("NFC", stem.encode("utf-8", "backslashreplace").decode())
    text = re.sub(r'[<>:"/\\|?*]', "_", text)
    text = "".join("_" if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in text)
    text = _cut(text.strip(" ").lstrip(". "))
    if not text:
        return "film"
    return f"_{text}" if text.split(".")[0].rstrip().lower() in _RESERVED else text


def _cut(text: str) -> str:
    """Not too long, and without the dots and spaces at the end that Windows drops."""
    return text.encode()[:_LONGEST].decode(errors="ignore").rstrip(". ")
