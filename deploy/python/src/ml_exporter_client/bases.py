"""Callbacks as subclasses of what a framework asks for, when the framework is there."""

from __future__ import annotations

import importlib
from typing import Any, Iterable, Tuple


def derived(own: type, candidates: Iterable[Tuple[str, str]]) -> Any:
    """A subclass of `own` and of the first class of (module, name) that can be imported.

    The frameworks are imported when a callback is made, not with this package.
    """
    for module, name in candidates:
        try:
            base: Any = importlib.import_module(module)
            for part in name.split("."):
                base = getattr(base, part)
        except (ImportError, AttributeError):
            continue
        return type(own.__name__, (own, base), {})
    return own
