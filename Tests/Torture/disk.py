"""A disk that logs every write and flush, so that its power can be cut afterwards at any moment.

The disk is one file on a FUSE file system of ours, and a loop device lies on it: every write and
every flush of the file system above comes to us, in order, and goes into a log before it is
answered. What a disk without power would hold is then made from the log: all that was written before
the last flush, and of what came after it any part, torn between sectors.

Needs root, /dev/fuse and loop devices. All mounts are in the name space of the process that calls
`private_mounts`, and loop devices free themselves when they are unmounted: nothing stays, however it
ends.
"""

import ctypes
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys

SECTOR = 512
ENTRY = struct.Struct("<cQI")
WRITE, FLUSH = b"w", b"f"
BIGGEST_WRITE = 1 << 20

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def private_mounts():
    """Mounts of this process and its children are visible to no other process."""
    new_name_space, recursively, private = 0x20000, 0x4000, 0x40000
    check(libc.unshare(new_name_space), "unshare")
    check(libc.mount(None, b"/", None, recursively | private, None), "mount /")


def missing() -> str | None:
    """Why there can be no such disk here, if there cannot."""
    if os.geteuid() != 0:
        return "root is needed to mount"
    for name in ("/dev/fuse", "/dev/loop-control"):
        if not os.path.exists(name):
            return f"{name} is not there"
    for program in ("mkfs.ext4", "e2fsck", "losetup"):
        if not shutil.which(program):
            return f"{program} is not installed"
    found = subprocess.run(["losetup", "--find"], capture_output=True, text=True)
    return f"no loop device: {found.stderr.strip()}" if found.returncode else None


def run(*command: str):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode} {done.stdout}{done.stderr}")


def make_ext4(image: pathlib.Path, megabytes: int):
    with open(image, "wb") as file:
        file.truncate(megabytes << 20)
    # A small log of the file system, so that it comes round.
    run("mkfs.ext4", "-q", "-F", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0",
        str(image))


class RecordedDisk:
    """An ext4 file system at `folder` on a disk that keeps a log. `base` is what it begins with."""

    def __init__(self, work: pathlib.Path, options: str, megabytes: int = 64):
        self.base, self.log = work / "base.img", work / "disk.log"
        self.folder = work / "disk"
        self.backing = work / "backing"
        make_ext4(self.base, megabytes)
        for folder in (self.folder, self.backing):
            folder.mkdir()
        self.log.touch()
        self.server = self.serve()
        self.reading = os.open(self.log, os.O_RDONLY)
        try:
            run("mount", "-t", "ext4", "-o", f"loop,{options}", f"{self.backing}/disk",
                str(self.folder))
        except BaseException:
            self.stop()
            raise

    def serve(self) -> int:
        """Mounts the file system that the image lies on; a child answers the kernel."""
        wire = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={wire},rootmode=40000,user_id=0,group_id=0"
        check(libc.mount(b"disk", str(self.backing).encode(), b"fuse.disk", 0, options.encode()),
              "mount fuse")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                libc.prctl(1, signal.SIGKILL)  # when our parent dies
                ImageServer(wire, self.base, self.log).serve()
                status = 0
            finally:
                os._exit(status)
        os.close(wire)
        return child

    @property
    def position(self) -> int:
        """How far the log is: all that the disk has answered lies before."""
        return os.fstat(self.reading).st_size

    def stop(self):
        for folder in (self.folder, self.backing):
            subprocess.run(["umount", str(folder)], capture_output=True)
        os.kill(self.server, signal.SIGKILL)
        os.waitpid(self.server, 0)
        os.close(self.reading)


class ImageServer:
    """Answers the kernel for a directory with the one file `disk` (the protocol of linux/fuse.h)."""

    HEADER, ANSWER = struct.Struct("<IIQQIIII"), struct.Struct("<IiQ")
    ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
    ROOT, FILE = 1, 2
    NO_SUCH_FILE, NOT_SUPPORTED = 2, 38

    def __init__(self, wire: int, base: pathlib.Path, log: pathlib.Path):
        self.wire = wire
        self.bytes = bytearray(base.read_bytes())
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND)

    def serve(self):
        answers = {
            1: self.look_up, 3: self.get_attributes, 4: self.get_attributes, 14: self.open,
            15: self.read, 16: self.write, 17: lambda *_: bytes(80), 18: lambda *_: b"",
            20: self.flush, 25: lambda *_: b"", 26: self.begin, 27: self.open, 29: lambda *_: b"",
        }
        silent = {2, 36, 42}
        while True:
            try:
                request = os.read(self.wire, BIGGEST_WRITE + 65536)
            except OSError:
                return  # unmounted
            _, code, number, node, *_ = self.HEADER.unpack_from(request)
            if code in silent:
                continue
            body, error = b"", 0
            if code in answers:
                body = answers[code](node, memoryview(request)[self.HEADER.size:])
                if body is None:
                    body, error = b"", -self.NO_SUCH_FILE
            else:
                error = -self.NOT_SUPPORTED
            os.writev(self.wire, [
                self.ANSWER.pack(self.ANSWER.size + len(body), error, number), body])

    def begin(self, _node, body):
        major, minor, ahead = struct.unpack_from("<III", body)
        big_writes, many_pages = 1 << 5, 1 << 22
        return struct.pack("<IIIIHHIIHHI28x", 7, min(minor, 31), ahead, big_writes | many_pages,
                           16, 12, BIGGEST_WRITE, 1, BIGGEST_WRITE // 4096, 0, 0)

    def attributes(self, node: int) -> bytes:
        size = len(self.bytes) if node == self.FILE else 0
        mode = 0o100600 if node == self.FILE else 0o040700
        return self.ATTRIBUTES.pack(
            node, size, size // SECTOR, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def look_up(self, _node, body):
        if bytes(body).rstrip(b"\0") != b"disk":
            return None
        return struct.pack("<QQQQII", self.FILE, 0, 3600, 3600, 0, 0) + self.attributes(self.FILE)

    def get_attributes(self, node, _body):
        return struct.pack("<QII", 3600, 0, 0) + self.attributes(node)

    def open(self, *_):
        return struct.pack("<QII", 1, 0, 0)

    def read(self, _node, body):
        offset, size = struct.unpack_from("<QI", body, 8)
        return bytes(self.bytes[offset:offset + size])

    def write(self, _node, body):
        offset, size = struct.unpack_from("<QI", body, 8)
        data = body[40:40 + size]
        os.writev(self.log, [ENTRY.pack(WRITE, offset, size), data])
        self.bytes[offset:offset + size] = data
        return struct.pack("<II", size, 0)

    def flush(self, *_):
        os.write(self.log, ENTRY.pack(FLUSH, 0, 0))
        return b""


class Recording:
    """What a disk was told."""

    def __init__(self, disk: RecordedDisk):
        self.base, self.log = disk.base.read_bytes(), disk.log.read_bytes()
        # Of each entry where it ends, what it is, where it goes and where its bytes are.
        self.entries = []
        end = 0
        while end < len(self.log):
            kind, offset, size = ENTRY.unpack_from(self.log, end)
            begin = end + ENTRY.size
            end = begin + size
            self.entries.append((end, kind, offset, begin))

    @property
    def flushes(self) -> list[int]:
        """Indices of the entries."""
        return [index for index, entry in enumerate(self.entries) if entry[1] == FLUSH]

    def cut(self, index: int, kept: str, chance: random.Random, image: pathlib.Path) -> int:
        """Writes what the disk holds when its power goes before entry `index`.

        `kept` says what of the writes since the last flush has reached it: all, none or some.
        Returns the position of the cut: what was answered before is to be there.
        """
        disk = bytearray(self.base)
        flushed = max((each for each in range(index) if self.entries[each][1] == FLUSH), default=0)
        for each in self.entries[:flushed]:
            self.apply(each, disk)
        late = self.entries[flushed:index]
        if kept == "some":
            late = [each for each in late if chance.random() < 0.6]
        for each in late if kept != "none" else ():
            self.apply(each, disk, chance if kept == "some" and chance.random() < 0.3 else None)
        with open(image, "wb") as file:
            file.write(disk)
        return self.entries[index - 1][0] if index else 0

    def apply(self, entry, disk: bytearray, torn: random.Random | None = None):
        end, _, offset, begin = entry
        if torn is None:
            disk[offset:offset + end - begin] = self.log[begin:end]
            return
        for sector in range(0, end - begin, SECTOR):
            if torn.random() < 0.5:
                disk[offset + sector:offset + sector + SECTOR] = \
                    self.log[begin + sector:min(begin + sector + SECTOR, end)]
