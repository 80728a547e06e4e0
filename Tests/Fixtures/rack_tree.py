"""How a fixture tree is written down: the bytes of each file by its path."""


class Link(bytes):
    """Where a symbolic link leads."""


Tree = dict[str, bytes]


def text(*lines: str) -> bytes:
    return b"".join(line.encode() + b"\n" for line in lines)


def attributes(folder: str, **values: object) -> Tree:
    """Files of one line each."""
    return {f"{folder}/{name}": text(str(value)) for name, value in values.items()}
