"""The reviewed list of differences between our page and that of node_exporter 1.5.0.

Our model is node_exporter 1.12; Debian ships 1.5.0, so most entries are what came between the two.
An entry names the fixture trees on which it must be met: on one where it is not, the test fails,
so that nothing stale stays here.
"""

import re
from dataclasses import dataclass
from enum import Enum

from pages import Series


class Kind(Enum):
    OURS = "only we have it"
    THEIRS = "only the peer has it"
    VALUE = "the values differ"
    LABEL = "a label that only we have"


@dataclass(frozen=True)
class Difference:
    kind: Kind
    name: str
    """A pattern for the whole sample name."""
    reason: str
    trees: tuple[str, ...] = ("debian12-2cpu", "odd")
    label: str = ""
    """For LABEL: its name. Else a pattern that must match somewhere in the labels."""

    def covers(self, kind: Kind, series: Series) -> bool:
        name, labels = series
        if kind is not self.kind or not re.fullmatch(self.name, name):
            return False
        text = ",".join(f'{key}="{value}"' for key, value in sorted(labels))
        return kind is Kind.LABEL or re.search(self.label, text) is not None


DIFFERENCES = (
    Difference(
        Kind.OURS, "node_filesystem_.*", label='mountpoint="/mnt/bad', trees=("odd",),
        reason="1.5.0 dies of a mount point that is not UTF-8, so the test hides it from the peer"),
    Difference(
        Kind.OURS, "node_disk_info", label='serial="(virtio|only-the-long|0x0f2ac9d4)',
        reason="1.9 falls back to ID_SERIAL, which some disks have alone"),
    Difference(
        Kind.THEIRS, "node_disk_info", label='device="(vda|nvme10n1|mmcblk0)"',
        reason="the same disks as 1.5.0 shows them, without a serial"),
    Difference(
        Kind.THEIRS, "node_cpu_(guest_)?seconds_total", label='cpu="5"', trees=("odd",),
        reason="1.5.0 fills the numbers of CPUs that are not in the file with zeros"),
    Difference(
        Kind.OURS, "node_filesystem_device_error", label="back", trees=("odd",),
        reason="the kernel's escape of a backslash in a mount point is undone"),
    Difference(
        Kind.THEIRS, "node_filesystem_device_error", label="134", trees=("odd",),
        reason="the same mount as the peer shows it, with the kernel's escape"),
    Difference(
        Kind.LABEL, "node_disk_info", label="rotational", trees=("odd",),
        reason="1.6 added the label rotational from the block device's queue"),
    Difference(
        Kind.OURS, "node_cpu_online", trees=("odd",),
        reason="1.9 added node_cpu_online where cpu0 can be switched off"),
    Difference(
        Kind.OURS, "node_filesystem_mount_info",
        reason="1.9 added the device numbers of a mount"),
    Difference(
        Kind.LABEL, "node_filesystem_device_error", label="device_error", trees=("odd",),
        reason="1.9 says why statfs failed in the label device_error"),
    Difference(
        Kind.OURS, "node_filesystem_readonly", label="device_error=", trees=("odd",),
        reason="1.9 says whether a mount is read-only even when statfs failed"),
    Difference(
        Kind.VALUE, "node_filesystem_readonly", label='mountpoint="/mnt/super-ro"', trees=("odd",),
        reason="1.8 looks at the options of the superblock too, 1.5.0 only at those of the mount"),
)
