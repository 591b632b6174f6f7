"""Check digits of official numbers: the last digit, worked out from the digits before it.

The methods are general (a weighted sum with a modulus; the recursive method of ISO/IEC 7064,
modulus 11,10); which number uses which weights stands in ``schemas/forbidden.yml``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_ZERO = ord("0")
_ISO_7064 = "iso_7064_mod_11_10"


def has_valid_check_digit(numbers: Sequence[str], method: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Say of each number whether its last digit is the right one.

    Parameters
    ----------
    numbers : sequence of str
        Texts of the digits 0 to 9 only; they may differ in length.
    method : mapping
        One entry of ``checksums`` in ``schemas/forbidden.yml``.

    Returns
    -------
    ndarray of bool
        One a number, in order. A number of another length than a weighted method has is not valid.

    Raises
    ------
    ValueError
        If the method is unknown.
    """
    valid = np.zeros(len(numbers), dtype=np.bool_)
    lengths = np.fromiter((len(number) for number in numbers), dtype=np.int64, count=len(numbers))
    for length in np.unique(lengths):
        if length < 2:
            continue
        at = np.flatnonzero(lengths == length)
        text = "".join(numbers[int(position)] for position in at).encode("ascii")
        digits = np.frombuffer(text, dtype=np.uint8).astype(np.int64).reshape(len(at), int(length)) - _ZERO
        valid[at] = _check_digit(digits[:, :-1], method) == digits[:, -1]
    return valid


def _check_digit(digits: npt.NDArray[np.int64], method: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    """Return the check digit of each row of digits; -1 where there is none."""
    if method["method"] == _ISO_7064:
        return _iso_7064(digits)
    if method["method"] != "weighted":
        raise ValueError(f"no such method of check digits: {method['method']}")
    weights = np.array(method["weights"], dtype=np.int64)
    if digits.shape[1] != len(weights):
        return np.full(len(digits), -1, dtype=np.int64)
    modulus = int(method["modulus"])
    rest = digits @ weights % modulus
    found = modulus - rest if method["complement"] else rest
    for instead_of, digit in method["replace"]:
        found = np.where(found == instead_of, digit, found)
    return found


def _iso_7064(digits: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """ISO/IEC 7064, hybrid system of modulus 11 and 10."""
    state = np.full(len(digits), 10, dtype=np.int64)
    for column in digits.T:
        total = (state + column) % 10
        state = np.where(total == 0, 10, total) * 2 % 11
    return (11 - state) % 10
