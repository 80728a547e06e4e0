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
        Kind.THEIRS, "node_filesystem_device_error", label='mountpoint="/home/ümläut"', trees=("odd",),
        reason="a later mount on /home hides it: statfs of the path is of another file system"),
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
    Difference(
        Kind.VALUE, "node_btrfs_allocation_ratio", label="raid1c3", trees=("rack",),
        reason="later versions know the layouts with three and four copies"),
    Difference(
        Kind.OURS, "node_btrfs_(commits|commit_seconds|last_commit_seconds|max_commit_seconds)"
        "(_total)?", trees=("rack",), reason="1.9 added commits of Btrfs"),
    Difference(
        Kind.OURS, "node_cpu_frequency_hertz", label="core=", trees=("rack",),
        reason="later versions show the frequencies of /proc/cpuinfo while cpufreq runs too"),
    Difference(
        Kind.OURS, "node_cpu_scaling_governor", trees=("rack",),
        reason="1.6 added the governors"),
    Difference(
        Kind.OURS, "node_edac_channel_.*", trees=("rack",),
        reason="1.12 added the channels of memory controllers"),
    Difference(
        Kind.OURS, "node_hwmon_(chip_names|temp_celsius)", label="soc_0_phy0_phy", trees=("rack",),
        reason="1.12 tells several chips of one device apart"),
    Difference(
        Kind.THEIRS, "node_hwmon_(chip_names|temp_celsius)", label='"soc_0_phy0"', trees=("rack",),
        reason="the same chips as 1.5.0 shows them: one of each two readings is lost"),
    Difference(
        Kind.OURS, "node_hwmon_(freq_freq_mhz|sensor_label)", label="sclk", trees=("rack",),
        reason="1.9 added the frequencies of GPUs"),
    Difference(
        Kind.OURS, "node_md_(raid_disks|degraded)", trees=("rack",),
        reason="1.10 reads the arrays in sysfs too"),
    Difference(
        Kind.LABEL, "node_mountstats_nfs_transport_.*", label="transport", trees=("rack",),
        reason="1.11 tells the connections of a mount apart"),
    Difference(
        Kind.VALUE, "node_nfs_requests_total", label="GetDeviceInfo|LayoutGet", trees=("rack",),
        reason="1.5.0 has taken these two columns for each other"),
    Difference(
        Kind.LABEL, "node_nvme_info", label="cntlid", trees=("rack",),
        reason="later versions show the controller's number"),
    Difference(
        Kind.OURS, "node_nvme_namespace_.*", trees=("rack",), reason="1.11 added the namespaces"),
    Difference(
        Kind.OURS, "node_zfs_(arc_memory_available_bytes|dbuf_cache_count)", trees=("rack",),
        reason="later versions read signed values, and dbufstats under its new name"),
    Difference(
        Kind.OURS, "node_zfs_zpool_dataset_.*", label="home of all", trees=("rack",),
        reason="1.5.0 cuts the name of a dataset at its first blank"),
    Difference(
        Kind.THEIRS, "node_zfs_zpool_dataset_.*", label='/home"', trees=("rack",),
        reason="the same datasets as 1.5.0 shows them"),
    Difference(
        Kind.OURS, "node_zfs_zpool_state", label="suspended", trees=("rack",),
        reason="1.6 added the state suspended"),
    Difference(
        Kind.OURS, "node_mountstats_nfs_mountpoint_info", trees=("rack",),
        reason="1.12 added the places where an export is mounted"),
    Difference(
        Kind.OURS, "node_nfsd_requests_total", label="SetClientID|WdelegGetattr", trees=("rack",),
        reason="1.7 added two columns of the operations of NFS 4, 1.8 wdeleg_getattr"),
    Difference(
        Kind.VALUE, "node_nfsd_requests_total", label="Verify|Write|RelLockOwner", trees=("rack",),
        reason="the columns behind them, which 1.5.0 takes for their neighbours"),
    Difference(
        Kind.THEIRS, "node_cpu_frequency_hertz", label='^cpu="1"$', trees=("rack",),
        reason="with --collector.cpu.info the frequency stands there, with core and package"),
    Difference(
        Kind.OURS, "node_infiniband_(" + "|".join((
            "duplicate_requests_packets", "implied_nak_seq_errors", "local_ack_timeout_errors",
            "np_cnp_packets_sent", "np_ecn_marked_roce_packets_received", "out_of_buffer_drops",
            "out_of_sequence_packets_received", "packet_sequence_errors", "re[qs][a-z]*_.*_errors",
            "rnr_nak_retry_packets_received", "roce_.*", "rp_cnp_.*", "rx_.*", "lifespan_seconds",
        )) + ")(_total)?", trees=("gateway",),
        reason="1.11 added the counters of the hardware"),
    Difference(
        Kind.LABEL, "node_network_info", label="adminstate", trees=("gateway",),
        reason="later versions show what the administrator wants"),
    Difference(
        Kind.OURS, "node_netstat_TcpExt_(TCPOFOQueue|TCPRcvQDrop)", trees=("gateway",),
        reason="1.8 and 1.9 added them to the fields that are shown"),
    Difference(
        Kind.OURS, "node_os_support_end_timestamp_seconds", trees=("gateway",),
        reason="1.8 added the date"),
    Difference(
        Kind.OURS, "node_pressure_irq_stalled_seconds_total", trees=("gateway",),
        reason="1.9 added the pressure of interrupts"),
    Difference(
        Kind.OURS, "node_softnet_.*", label='cpu="3"', trees=("gateway",),
        reason="later versions take the number of the CPU from the line"),
    Difference(
        Kind.THEIRS, "node_softnet_.*", label='cpu="2"', trees=("gateway",),
        reason="the same CPU, counted by the line"),
    Difference(
        Kind.OURS, "node_softnet_(backlog_len|(cpu_collision|flow_limit_count|received_rps)_total)",
        trees=("gateway",), reason="later versions show four columns more"),
    Difference(
        Kind.OURS, "node_tcp_connection_states", trees=(),
        reason="states without a socket are shown as 0"),
)
