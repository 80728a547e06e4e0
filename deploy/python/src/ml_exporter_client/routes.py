"""Which paths of a web service are requests to its model."""

from __future__ import annotations

from typing import Iterable, Optional


class Routes:
    """Exact paths, and prefixes that end with `*`. All paths when none is given."""

    def __init__(self, paths: Optional[Iterable[str]]):
        self.are_all = paths is None
        given = [paths] if isinstance(paths, str) else list(paths or ())
        self._exact = frozenset(path for path in given if not path.endswith("*"))
        self._prefixes = tuple(path[:-1] for path in given if path.endswith("*"))

    def match(self, path: str) -> bool:
        return self.are_all or path in self._exact or (
            bool(self._prefixes) and path.startswith(self._prefixes))
