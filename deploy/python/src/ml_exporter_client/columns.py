"""Many requests or labels as columns: a DataFrame, a dict of arrays, an array of rows."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from .fields import COLUMN_OBJECTS, EVENTS_PER_PUSH
from .values import named, rounded, snapshot, text

# Values of one event of columns: json holds the interpreter while it writes them, about 5 ms.
VALUES = 20_000


def frame(value: Any, names: Optional[Sequence[Any]] = None) -> Dict[str, Any]:
    """The columns of a DataFrame, a mapping, an array of rows or a list of dicts, by name."""
    if value is None:
        return {}
    columns = getattr(value, "columns", None)
    if columns is not None and not callable(columns):
        return {named(name): value[name] for name in columns}
    if isinstance(value, Mapping):
        return {named(name): column for name, column in value.items()}
    shape = getattr(value, "shape", None)
    if shape is not None and len(shape) == 2:
        if names is not None and len(names) != shape[1]:
            raise ValueError(f"{len(names)} names for {shape[1]} columns")
        return {named(names[index]) if names is not None else str(index): value[:, index]
                for index in range(shape[1])}
    rows = list(value)
    if rows and isinstance(rows[0], Mapping):
        keys = dict.fromkeys(name for row in rows for name in row)
        return {named(name): [row.get(name) for row in rows] for name in keys}
    if rows and isinstance(rows[0], (list, tuple)):
        width = len(rows[0])
        return {named(names[index]) if names is not None else str(index):
                [row[index] for row in rows] for index in range(width)}
    raise ValueError(f"{type(value).__name__} is not a frame of columns")


def listed(column: Any) -> List[Any]:
    """A column as a list of plain values where the library can make one."""
    for method in ("tolist", "to_list", "to_pylist"):
        convert = getattr(column, method, None)
        if callable(convert):
            made = convert()
            if isinstance(made, list):
                return made
    return list(column)


def is_column(value: Any) -> bool:
    """Whether a value is one for each row, and not the same for all."""
    return hasattr(value, "__len__") and not isinstance(value, (str, bytes, Mapping))


def height(value: Any) -> int:
    shape = getattr(value, "shape", None)
    if shape:
        return int(shape[0])
    if isinstance(value, Mapping):
        return max((height(column) for column in value.values()), default=0)
    return len(value) if is_column(value) else 0


def halves(event: Dict[str, Any], rows: int) -> Iterator[Tuple[Dict[str, Any], int]]:
    """The same rows as two events."""
    middle = rows // 2
    for begin, end in ((0, middle), (middle, rows)):
        columns = {
            name: {key: inner[begin:end] for key, inner in value.items()}
            if isinstance(value, dict) else value[begin:end]
            for name, value in event["columns"].items()}
        yield {**event, "columns": columns}, end - begin


class Requests:
    """Requests to one version, a row each."""

    def __init__(self, scope: Dict[str, Any], columns: Dict[str, Any],
                 names: Optional[Sequence[Any]] = None):
        self._scope = scope
        self._columns = {
            name: {key: snapshot(inner) for key, inner in value.items()}
            if type(value) is dict else snapshot(value) for name, value in columns.items()}
        self._names = names
        self.rows = max((height(value) for value in columns.values()), default=0)

    def events(self) -> Iterator[Tuple[Dict[str, Any], int]]:
        flat = dict(self._flat())
        if not flat:
            return
        for (_, name), column in flat.items():
            if len(column) != self.rows:
                raise ValueError(f"columns of model {self._scope['model']}: {name} has "
                                 f"{len(column)} rows and not {self.rows}")
        step = max(1, min(EVENTS_PER_PUSH, VALUES // len(flat)))
        for begin in range(0, self.rows, step):
            end = min(begin + step, self.rows)
            columns: Dict[str, Any] = {}
            for (group, name), column in flat.items():
                into = columns.setdefault(group, {}) if group else columns
                into[name] = column[begin:end]
            yield {**self._scope, "columns": columns}, end - begin

    def _flat(self) -> Iterator[Tuple[Tuple[str, str], List[Any]]]:
        for name, value in self._columns.items():
            if value is None:
                continue
            if name in COLUMN_OBJECTS:
                names = self._names if name == "features" else None
                for key, column in frame(value, names).items():
                    yield (name, key), self._column(column, name)
            else:
                yield ("", name), self._column(value, name)

    def _column(self, value: Any, name: str) -> List[Any]:
        column = listed(value) if is_column(value) else [value] * self.rows
        if name in ("id", "groups", "outcome", "reason", "trace_id", "finish_reason"):
            return [one if type(one) is str else text(one) for one in column]
        if name in ("score", "scores"):
            return [rounded(one) for one in column]
        return column


class Labels:
    """Labels of one model, an event each. A label that is missing is not known yet: no event."""

    def __init__(self, scope: Dict[str, Any], columns: Dict[str, Any]):
        self._scope = scope
        self._columns = {name: snapshot(value) for name, value in columns.items()
                         if value is not None}
        self.rows = max((height(value) for value in self._columns.values()), default=0)

    def events(self) -> Iterator[Tuple[Dict[str, Any], int]]:
        columns = {name: listed(value) if is_column(value) else [value] * self.rows
                   for name, value in self._columns.items()}
        for name, column in columns.items():
            if len(column) != self.rows:
                raise ValueError(f"labels of model {self._scope['model']}: {name} has "
                                 f"{len(column)} rows and not {self.rows}")
        for row in range(self.rows):
            event = {name: column[row] for name, column in columns.items()}
            if not _is_missing(event["label"]):
                yield {**self._scope, **event}, 1


def _is_missing(value: Any) -> bool:
    return value is None or value != value or type(value).__name__ in ("NAType", "NaTType")
