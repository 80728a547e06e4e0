"""A machine to break: systemd as process 1 over a copy of this machine's files.

Its root is an overlay, so whatever is installed, removed or written in it is gone with it. It has
its own processes, network (only lo), control groups and host name, but shares the kernel.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

BOOT_SECONDS = 40
# What would touch the shared kernel, or only costs time.
MASKED = (
    "systemd-sysctl.service", "systemd-modules-load.service", "modprobe@.service",
    "systemd-udevd.service", "systemd-udev-trigger.service", "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount", "sys-kernel-config.mount", "sys-fs-fuse-connections.mount",
    "dev-hugepages.mount", "dev-mqueue.mount", "proc-sys-fs-binfmt_misc.automount",
    "systemd-binfmt.service", "systemd-remount-fs.service", "systemd-random-seed.service",
    "systemd-hwdb-update.service", "timers.target", "getty.target", "network-online.target",
)
BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs scratch "$1"
mkdir "$1"/upper "$1"/work "$1"/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1"/root
cd "$1"/root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=755 dev dev
mount -t tmpfs -o mode=1777 tmp tmp
mkdir dev/pts dev/shm
for name in null zero full random urandom tty; do
    touch dev/$name
    mount --bind /dev/$name dev/$name
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
if [ -d /sys/fs/cgroup/systemd ]; then
    mount -t tmpfs -o mode=755 cgroup sys/fs/cgroup
    mkdir sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
    for name in pids memory devices; do
        mkdir sys/fs/cgroup/$name
        mount -t cgroup -o $name cgroup sys/fs/cgroup/$name
    done
else
    mount -t cgroup2 cgroup sys/fs/cgroup
fi
ip link set lo up
hostname machine
rm -f usr/sbin/policy-rc.d
rm -rf etc/systemd/system/*.wants var/log/journal
mkdir -p work
shift
for name in "$@"; do
    ln -sf /dev/null etc/systemd/system/$name
done
# Not chroot: a process in one may make no user namespace, and the unit asks for one.
mkdir old
pivot_root . old
umount -l /old
exec env -i container=test PATH="$PATH" /lib/systemd/systemd --system \
    --unit=basic.target --log-target=kmsg --show-status=0 </dev/null
"""


def why_not() -> str | None:
    """The reason why no machine can be made here."""
    if os.geteuid() != 0:
        return "needs root"
    if not shutil.which("systemctl") or not os.access("/lib/systemd/systemd", os.X_OK):
        return "needs systemd"
    probe = subprocess.run(
        ["unshare", "-m", "-p", "-f", "-C", "-n", "-u", "sh", "-c",
         "mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w /mnt/m && "
         "mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/m && "
         "mount -t proc p /mnt/m/proc && mount -t sysfs s /mnt/m/sys"],
        capture_output=True, text=True, timeout=30)
    return None if probe.returncode == 0 else f"no namespaces here: {probe.stderr.strip()}"


class Machine:
    def __init__(self, folder: pathlib.Path):
        self.log = folder / "boot.log"
        self.scratch = folder / "machine"
        self.scratch.mkdir()
        self.groups = own_groups(f"machine-{os.getpid()}")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "-m", "-p", "-f", "--kill-child", "-C", "-n", "-u",
                 "bash", "-c", BOOT, "boot", str(self.scratch), *MASKED],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: [(group / "cgroup.procs").write_text("0")
                                    for group in self.groups])
        try:
            self.init = self.wait(self.child, "a first process")
            self.wait(lambda: self.run("systemctl", "is-active", "basic.target", check=False)
                      .stdout.strip() == "active", "systemd")
        except BaseException:
            self.close()
            raise

    def child(self) -> int | None:
        """The number, seen from outside, of the machine's process 1 once that is systemd."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        with contextlib.suppress(OSError):
            for number in children.read_text().split():
                if pathlib.Path(f"/proc/{number}/comm").read_text().strip() == "systemd":
                    return int(number)
        return None

    def wait(self, condition, what: str, seconds: float = BOOT_SECONDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            if value := condition():
                return value
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds} s: {what}\n{self.log.read_text()}")

    def run(self, *command: str, check: bool = True, seconds: float = 120,
            **options) -> subprocess.CompletedProcess:
        """Runs a command inside, as root."""
        enter = ["nsenter", "-t", str(self.init), "-m", "-u", "-p", "-n", "-C", "--root", "--wd=/",
                 "env", "-i", "-C", "/", f"PATH={os.environ['PATH']}", "DEBIAN_FRONTEND=noninteractive"]
        result = subprocess.run([*enter, *command], capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=seconds, **options)
        if check and result.returncode != 0:
            raise AssertionError(f"{command}: exit {result.returncode}\n{result.stdout}"
                                 f"{result.stderr}\n{self.journal()}")
        return result

    def shell(self, script: str, **options) -> str:
        return self.run("sh", "-ec", script, **options).stdout

    def path(self, inside: str) -> pathlib.Path:
        """A file of the machine, seen from outside."""
        return pathlib.Path(f"/proc/{self.init}/root{inside}")

    def install(self, package: pathlib.Path, *options: str):
        shutil.copy(package, self.path("/work"))
        self.run("dpkg", *options, "-i", f"/work/{package.name}")

    def drop_in(self, name: str, text: str):
        """Writes a drop-in of the service, in place of all that were there."""
        folder = self.path("/etc/systemd/system/ml_exporter.service.d")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / name).write_text(text)
        self.run("systemctl", "daemon-reload")

    def property(self, name: str) -> str:
        return self.run("systemctl", "show", "ml_exporter", "-P", name).stdout.strip()

    def page(self) -> str:
        return self.shell("curl -sSf --max-time 20 http://127.0.0.1:10180/metrics")

    def status(self) -> dict[str, str]:
        """What the kernel says of the service's process."""
        text = self.path(f"/proc/{self.property('MainPID')}/status").read_text()
        return dict(line.split(":\t", 1) for line in text.splitlines())

    def journal(self) -> str:
        with contextlib.suppress(Exception):
            return self.run("journalctl", "--no-pager", "-n", "40", "-u", "ml_exporter",
                            check=False).stdout
        return ""

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)
        end = time.monotonic() + 10
        for group in self.groups:
            while group.exists() and time.monotonic() < end:
                for folder, _, _ in os.walk(group, topdown=False):
                    with contextlib.suppress(OSError):
                        os.rmdir(folder)
                time.sleep(0.05)


def own_groups(name: str) -> list[pathlib.Path]:
    """A new control group in every hierarchy, so that the machine's are below it."""
    root = pathlib.Path("/sys/fs/cgroup")
    hierarchies = [root] if (root / "cgroup.controllers").exists() else [
        root / each for each in ("systemd", "pids", "memory", "devices")]
    groups = []
    for hierarchy in hierarchies:
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        groups.append(group)
    return groups
