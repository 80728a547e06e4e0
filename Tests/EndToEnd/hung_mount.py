"""Runs a program where one mount hangs.

    hung_mount.py DIRECTORY RELEASE PROGRAM [ARGUMENT ...]

Mounts a FUSE file system on DIRECTORY in a mount namespace of its own and never answers the kernel:
every look at it waits. Once the file RELEASE exists, /dev/fuse is closed and all that waits fails
with ENOTCONN. The program takes this process's place; the mount goes with it.
"""

import ctypes
import os
import signal
import sys
import time

CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def main(directory: str, release: str, *program: str):
    check(libc.unshare(CLONE_NEWNS), "unshare")
    check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    server = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other"
    check(libc.mount(b"hang", directory.encode(), b"fuse.hang", 0, options.encode()), "mount fuse")
    parent = os.getpid()
    if os.fork() == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        while not os.path.exists(release) and os.getppid() == parent:
            time.sleep(0.02)
        os._exit(0)
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(*sys.argv[1:])
