"""Values of Python, numpy, pandas and their like as JSON that the daemon accepts.

No foreign package is imported: an object is recognised by what it can do. NaN, NA and NaT are null,
which the daemon counts as missing. An infinite feature is the text `Infinity`, which the daemon counts
as not finite; elsewhere an infinite number is null.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import os
import uuid
from typing import Any, Dict, List, Mapping, Optional

from .fields import NAME_BYTES, TEXT_OBJECTS, TEXTS

# How far a probability in float32 arithmetic may be beyond 0 and 1.
TOLERANCE = 1e-5
DEPTH = 6
_IMMUTABLE = frozenset({str, int, float, bool, type(None), bytes})
_MISSING = frozenset({"NAType", "NaTType"})


class Unreadable(TypeError):
    """A value that is not a number, a text or a boolean."""


def scalar(value: Any) -> Any:
    """A value as None, bool, int, float or str; raises Unreadable for anything else."""
    kind = type(value)
    if kind in (str, bool, int, type(None)):
        return value
    if kind is float:
        return value if value == value else None
    if kind.__name__ in _MISSING:
        return None
    if isinstance(value, enum.Enum):
        return scalar(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (float, decimal.Decimal, fractions.Fraction)):
        number = float(value)
        return number if number == number else None
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, (uuid.UUID, os.PathLike)):
        return str(value)
    item = getattr(value, "item", None)
    if callable(item):
        # A numpy scalar, or an array or tensor of one element; others raise ValueError here.
        try:
            inner = item()
        except (TypeError, ValueError, RuntimeError) as error:
            raise Unreadable(f"{kind.__name__} holds more than one value") from error
        if type(inner) is kind:
            raise Unreadable(f"{kind.__name__} is not a number or a text")
        return scalar(inner)
    for convert in ("__index__", "__float__"):
        if hasattr(kind, convert):
            return scalar(getattr(kind, convert)(value))
    raise Unreadable(f"{kind.__name__} is not a number or a text")


def text(value: Any) -> Optional[str]:
    """A value as text, numbers in the shortest form: 3 and 3.0 are "3". None for a missing one."""
    plain = scalar(value)
    if plain is None or isinstance(plain, str):
        return plain
    if isinstance(plain, float) and plain.is_integer() and abs(plain) < 2**53:
        return str(int(plain))
    return str(plain)


def named(key: Any) -> str:
    """A key of a mapping as text."""
    if type(key) is str:
        return key
    try:
        return str(text(key))
    except Exception:
        # A level of a pandas MultiIndex: ("amount", "mean").
        return "_".join(map(str, key)) if isinstance(key, tuple) else type(key).__name__


def mapping(value: Any) -> Dict[str, Any]:
    """A dict, Series, row, dataclass or pydantic model as a dict with texts as keys."""
    if not isinstance(value, Mapping):
        if hasattr(value, "columns") and len(value) == 1:
            # A frame of one row.
            value = value.to_dict("records")[0]
        for method in ("to_dict", "model_dump", "_asdict", "dict"):
            if isinstance(value, Mapping):
                break
            convert = getattr(value, method, None)
            if callable(convert):
                value = convert()
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if not isinstance(value, Mapping):
        raise Unreadable(f"{type(value).__name__} is not a mapping of names to values")
    return {named(key): inner for key, inner in value.items()}


def snapshot(value: Any) -> Any:
    """A copy of what the caller may change after the call; the value itself where it cannot."""
    if type(value) in _IMMUTABLE:
        return value
    if isinstance(value, (dict, list)):
        return value.copy()
    if isinstance(value, (str, int, float, tuple, enum.Enum)):
        return value
    try:
        copy = getattr(value, "copy", None) or getattr(value, "clone", None)
        if callable(copy):
            return copy()
        if isinstance(value, Mapping):
            return dict(value)
    except Exception:
        # It is looked at once more when it is written, and then replaced by null.
        pass
    return value


def clean(value: Any, lost: List[str], infinite: bool = False, depth: int = DEPTH) -> Any:
    """A value of any kind as what json writes without NaN. What cannot be read is None, and its
    description is appended to `lost`."""
    if depth == 0:
        lost.append("a value is nested too deeply")
        return None
    kind = type(value)
    if isinstance(value, Mapping):
        return {named(key): clean(inner, lost, infinite, depth - 1)
                for key, inner in value.items()}
    if kind in (list, tuple, set, frozenset):
        return [clean(inner, lost, infinite, depth - 1) for inner in value]
    if getattr(value, "ndim", 0) and callable(getattr(value, "tolist", None)):
        return clean(value.tolist(), lost, infinite, depth)
    try:
        plain = scalar(value)
    except Exception as error:
        lost.append(f"{error}")
        return None
    if isinstance(plain, float) and math.isinf(plain):
        return ("Infinity" if plain > 0 else "-Infinity") if infinite else None
    return plain


_encoder = json.JSONEncoder(allow_nan=False, check_circular=False, default=scalar,
                            separators=(",", ":"))


def encode(event: Dict[str, Any], lost: List[str]) -> bytes:
    """An event as a line of JSON. The event is changed."""
    tidy(event, lost)
    try:
        return _encoder.encode(event).encode("ascii")
    except (TypeError, ValueError, RecursionError):
        # Only events that hold a NaN or an odd object are walked value by value.
        cleaned = {}
        for key, value in event.items():
            if key == "columns" and isinstance(value, Mapping):
                cleaned[key] = {named(name): clean(inner, lost, name == "features")
                                for name, inner in value.items()}
            else:
                cleaned[key] = clean(value, lost, key == "features")
        return _encoder.encode(cleaned).encode("ascii")


def tidy(event: Dict[str, Any], lost: List[str]) -> None:
    """Brings the fields of an event into the form that the daemon asks for."""
    for key, value in event.items():
        if value is None:
            continue
        if key in TEXTS:
            if type(value) is not str:
                event[key] = _text(value, lost)
        elif key == "features":
            if type(value) is not dict:
                event[key] = _mapping(value, lost)
        elif key in TEXT_OBJECTS:
            event[key] = {name: _text(inner, lost)
                          for name, inner in _mapping(value, lost).items()}
        elif key == "score":
            event[key] = rounded(clean(value, lost))
        elif key == "scores":
            event[key] = {name: rounded(clean(inner, lost))
                          for name, inner in _mapping(value, lost).items()}
        elif key == "stages":
            event[key] = _mapping(value, lost)
    reason = event.get("reason")
    if reason is not None and len(reason) > NAME_BYTES // 4:
        event["reason"] = reason.encode("utf-8", "replace")[:NAME_BYTES].decode("utf-8", "ignore")


def rounded(value: Any) -> Any:
    """A probability; one that is beyond 0 or 1 by rounding only is 0 or 1."""
    if type(value) is float:
        if 1 < value <= 1 + TOLERANCE:
            return 1.0
        if -TOLERANCE <= value < 0:
            return 0.0
    return value


def _text(value: Any, lost: List[str]) -> Optional[str]:
    try:
        return text(value)
    except Exception as error:
        lost.append(f"{error}")
        return None


def _mapping(value: Any, lost: List[str]) -> Dict[str, Any]:
    try:
        return mapping(value)
    except Exception as error:
        lost.append(f"{error}")
        return {}
