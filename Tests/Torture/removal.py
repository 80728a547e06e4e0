"""Removes and replaces the daemon's files while clients push, kills it, and audits what it knows.

    python3 Tests/Torture/removal.py --rounds 40

In each round one file, or all, is removed, replaced by an older copy or by something else. The daemon
has to notice: pushes are refused until new files hold the whole state. A push that is acknowledged later
than that is safe from a kill, and so is all that was acknowledged before.

Ends with 1 when a promise was broken.
"""

import os
import pathlib
import shutil
import sys
import time
from collections import Counter

from rounds import TAKEN_SECONDS, Rounds, parsed

FILES = ("journal.db", "journal.db-wal", "journal.db-shm", "snapshot.db", "snapshot-former.db", "lock")
# The daemon looks twice a second; the files are written again after that.
NOTICED_SECONDS = 1


class Removal(Rounds):
    prefix = "removal-"

    def __init__(self, options, folder: pathlib.Path):
        super().__init__(options, folder)
        self.done = Counter()

    def remove(self, storage: pathlib.Path, name: str):
        (storage / name).unlink(missing_ok=True)

    def replace_by_copy(self, storage: pathlib.Path, name: str):
        """As a backup that is put back beside the running daemon."""
        if (storage / name).exists():
            shutil.copyfile(storage / name, storage / "copy")
            os.replace(storage / "copy", storage / name)

    def replace_by_text(self, storage: pathlib.Path, name: str):
        (storage / "text").write_text("this is no database\n" * 300)
        os.replace(storage / "text", storage / name)

    def remove_all(self, storage: pathlib.Path, _: str):
        for path in storage.iterdir():
            path.unlink(missing_ok=True)

    def round(self, number: int):
        act = self.random.choice((self.remove, self.remove, self.replace_by_copy, self.replace_by_text,
                                  self.remove_all))
        name = self.random.choice(FILES)
        what = f"{act.__name__} {name if act != self.remove_all else ''}".strip()
        time.sleep(self.random.uniform(0, self.options.seconds))
        act(self.daemon.storage, name)
        self.done[act.__name__] += 1
        before = len(self.findings.sentences), self.findings.total
        time.sleep(NOTICED_SECONDS)
        if not self.are_taken(2 * len(self.pushers)):
            self.findings.add("other", f"{what}: no push was taken within {TAKEN_SECONDS} s")
        if self.random.random() < 0.8:
            self.daemon.kill()
        elif status := self.daemon.stop():
            self.findings.add("other", f"{what}: the daemon ended with {status} when it was told to")
        self.start_again()
        if self.findings.total > before[1]:
            self.findings.sentences.insert(before[0], f"after {what}:")

    def rows(self) -> list[tuple[str, object]]:
        return [("done", ", ".join(f"{count} {name}" for name, count in sorted(self.done.items())))]


def main() -> int:
    return Removal.play(parsed("removal.py", __doc__, rounds=40, pushers=6,
                               seconds="the longest wait before each"))


if __name__ == "__main__":
    sys.exit(main())
