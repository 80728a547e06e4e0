"""One host or a few: CPU, memory, network, disk I/O, pressure, filesystems, GPUs."""

from board import Board, firing, host_choices
from colours import CPU_MODES
from panels import Column, Query, graph, number, rows
from uids import HOST

DISKS = '@host,device!~"loop.*|ram.*|zram.*"'
NETWORK = '@host,device!="lo"'
MOUNTS = '@host,fstype!~"tmpfs|ramfs|rootfs"'
CPUS = 'count by (job, instance) (node_cpu_seconds_total{@host,mode="idle"})'


def summary(board: Board):
    board.row(
        "Now",
        number("CPU used", "Share of CPU time that is not idle, iowait or steal; mean of the chosen "
               "hosts. Alert: HostCpuHigh.", "percentunit",
               Query('1 - avg(sum by (instance, cpu) (rate(node_cpu_seconds_total'
                     '{@host,mode=~"idle|iowait|steal"}[@rate])))', "CPU"),
               limits=(0.8, 0.9), decimals=1),
        number("Load per CPU", "Runnable and uninterruptible tasks (1 min mean) per CPU; the worst "
               "host. Alert: HostSaturated.", "short",
               Query(f"max(node_load1{{@host}} / on (job, instance) {CPUS})", "load"),
               limits=(1, 2), decimals=2),
        number("Memory used", "Share of memory that programs cannot have without swapping; the worst "
               "host. Alert: HostMemoryHigh.", "percentunit",
               Query("max(1 - node_memory_MemAvailable_bytes{@host} / "
                     "node_memory_MemTotal_bytes{@host})", "memory"),
               limits=(0.8, 0.9), decimals=1),
        number("Fullest filesystem", "Share of space that is not available to users. "
               "Alert: HostFilesystemAlmostFull.", "percentunit",
               Query(f"max(1 - node_filesystem_avail_bytes{{{MOUNTS}}} / "
                     f"(node_filesystem_size_bytes{{{MOUNTS}}} > 0))", "filesystem"),
               limits=(0.85, 0.95), decimals=1),
        number("Busiest disk", "Share of time in which the disk had work. A disk that serves many "
               "requests at once may do more at 100 %.", "percentunit",
               Query(f"max(rate(node_disk_io_time_seconds_total{{{DISKS}}}[@rate]))", "disk"),
               limits=(0.8, 0.95), decimals=1),
        number("Up since", "Time since the last boot; the youngest host.", "s",
               Query("min(node_time_seconds{@host} - node_boot_time_seconds{@host})", "uptime"),
               spark=False, decimals=1))


def processor(board: Board):
    board.row(
        "CPU",
        graph("CPU by mode", "Share of all CPU time of the chosen hosts by mode, idle left out. "
              "iowait is idle time with a disk request open; steal is what a hypervisor gave to "
              "others.", "percentunit",
              Query('sum by (mode) (rate(node_cpu_seconds_total{@host,mode!="idle"}[@rate]))'
                    ' / on () group_left () sum(rate(node_cpu_seconds_total{@host}[@rate]))',
                    "{{mode}}"),
              stacked=True, top=1, colours=CPU_MODES),
        graph("Busiest CPUs", "The ten busiest CPUs: one that is full while others idle is a "
              "single-threaded bottleneck.", "percentunit",
              Query('topk(10, 1 - sum by (instance, cpu) (rate(node_cpu_seconds_total'
                    '{@host,mode=~"idle|iowait"}[@rate])))', "{{instance}} cpu {{cpu}}"),
              by_name=True, top=1),
        graph("Load and CPUs", "Mean count of runnable and uninterruptible tasks over 1 and 15 "
              "minutes, and the count of CPUs.", "short",
              Query("node_load1{@host}", "1 min {{instance}}"),
              Query("node_load15{@host}", "15 min {{instance}}"),
              Query(CPUS, "CPUs {{instance}}", dashed=True)),
        graph("Tasks", "Tasks that run or are ready to, and tasks that wait for I/O and cannot be "
              "interrupted.", "short",
              Query("node_procs_running{@host}", "running {{instance}}"),
              Query("node_procs_blocked{@host}", "blocked {{instance}}")),
        graph("Switches, interrupts, forks", "Context switches, interrupts and new tasks per second.",
              "ops",
              Query("rate(node_context_switches_total{@host}[@rate])", "switches {{instance}}"),
              Query("rate(node_intr_total{@host}[@rate])", "interrupts {{instance}}"),
              Query("rate(node_forks_total{@host}[@rate])", "forks {{instance}}")),
        graph("Clock frequency", "Mean frequency over the CPUs of a host; empty where the kernel has "
              "no frequency scaling, as in most virtual machines.", "hertz",
              Query("avg by (instance) (node_cpu_scaling_frequency_hertz{@host})", "{{instance}}"),
              by_name=True))


def memory(board: Board):
    used = ("node_memory_MemTotal_bytes{@host} - node_memory_MemFree_bytes{@host}"
            " - node_memory_Buffers_bytes{@host} - node_memory_Cached_bytes{@host}"
            " - node_memory_SReclaimable_bytes{@host}")
    board.row(
        "Memory",
        graph("Memory by use", "Sum over the chosen hosts. Caches are given back when programs need "
              "them; the dashed line is all memory.", "bytes",
              Query(f"sum({used})", "programs and kernel"),
              Query("sum(node_memory_Cached_bytes{@host} + node_memory_Buffers_bytes{@host})",
                    "page cache"),
              Query("sum(node_memory_SReclaimable_bytes{@host})", "kernel caches"),
              Query("sum(node_memory_MemFree_bytes{@host})", "free"),
              Query("sum(node_memory_MemTotal_bytes{@host})", "total", dashed=True), stacked=True),
        graph("Memory used by host", "Share of memory that is not available to programs. The lines are the "
              "alert's limits.", "percentunit",
              Query("1 - node_memory_MemAvailable_bytes{@host} / node_memory_MemTotal_bytes{@host}",
                    "{{instance}}"), by_name=True, top=1, limits=(0.8, 0.9)),
        graph("Swapping", "Pages per second from swap, and to swap below the axis. Any lasting value "
              "slows every program.", "ops",
              Query("rate(node_vmstat_pswpin{@host}[@rate])", "in {{instance}}"),
              Query("rate(node_vmstat_pswpout{@host}[@rate])", "out {{instance}}", below=True)),
        graph("Page faults", "Faults per second that had to read from disk. "
              "Alert: HostMajorPageFaults.", "ops",
              Query("rate(node_vmstat_pgmajfault{@host}[@rate])", "{{instance}}"), by_name=True,
              limits=(500, 2000)),
        graph("Killed for memory", "Processes that the kernel ended because memory ran out. "
              "Alert: HostOutOfMemoryKill.", "short",
              Query("increase(node_vmstat_oom_kill{@host}[@rate])", "{{instance}}"), by_name=True,
              limits=(1, 3)),
        graph("Written later", "Memory that waits to be written to disk, and that is being written.",
              "bytes",
              Query("node_memory_Dirty_bytes{@host}", "dirty {{instance}}"),
              Query("node_memory_Writeback_bytes{@host}", "being written {{instance}}")))


def network(board: Board):
    board.row(
        "Network",
        graph("Traffic", "Bytes per second of each device but loopback; sent below the axis.", "Bps",
              Query(f"rate(node_network_receive_bytes_total{{{NETWORK}}}[@rate])",
                    "{{instance}} {{device}} received"),
              Query(f"rate(node_network_transmit_bytes_total{{{NETWORK}}}[@rate])",
                    "{{instance}} {{device}} sent", below=True)),
        graph("Packets", "Packets per second of each device but loopback; sent below the axis.", "pps",
              Query(f"rate(node_network_receive_packets_total{{{NETWORK}}}[@rate])",
                    "{{instance}} {{device}} received"),
              Query(f"rate(node_network_transmit_packets_total{{{NETWORK}}}[@rate])",
                    "{{instance}} {{device}} sent", below=True)),
        graph("Errors and drops", "Packets per second that a device lost or found damaged. "
              "Alert: HostNetworkErrors.", "pps",
              Query(f"sum by (instance) (rate(node_network_receive_errs_total{{{NETWORK}}}[@rate])"
                    f" + rate(node_network_transmit_errs_total{{{NETWORK}}}[@rate]))",
                    "errors {{instance}}"),
              Query(f"sum by (instance) (rate(node_network_receive_drop_total{{{NETWORK}}}[@rate])"
                    f" + rate(node_network_transmit_drop_total{{{NETWORK}}}[@rate]))",
                    "drops {{instance}}")),
        graph("TCP", "Segments sent again and connections reset, per second: a network or a peer "
              "that does not keep up.", "pps",
              Query("rate(node_netstat_Tcp_RetransSegs{@host}[@rate])", "sent again {{instance}}"),
              Query("rate(node_netstat_Tcp_OutRsts{@host}[@rate])", "resets {{instance}}"),
              Query("rate(node_netstat_TcpExt_ListenDrops{@host}[@rate])",
                    "refused, queue full {{instance}}")),
        graph("Connections", "TCP connections that are open, and those that wait to be forgotten.",
              "short",
              Query("node_netstat_Tcp_CurrEstab{@host}", "open {{instance}}"),
              Query("node_sockstat_TCP_tw{@host}", "time-wait {{instance}}")),
        graph("Connection tracking", "Used share of the table; full means that new connections are "
              "dropped. Empty where the module is not loaded. Alert: HostConntrackAlmostFull.",
              "percentunit",
              Query("node_nf_conntrack_entries{@host} / node_nf_conntrack_entries_limit{@host}",
                    "{{instance}}"), by_name=True, top=1, limits=(0.75, 0.9)))


def disk(board: Board):
    board.row(
        "Disk I/O",
        graph("Throughput", "Bytes per second of each disk; written below the axis.", "Bps",
              Query(f"rate(node_disk_read_bytes_total{{{DISKS}}}[@rate])",
                    "{{instance}} {{device}} read"),
              Query(f"rate(node_disk_written_bytes_total{{{DISKS}}}[@rate])",
                    "{{instance}} {{device}} written", below=True)),
        graph("Requests", "Completed requests per second of each disk; writes below the axis.", "iops",
              Query(f"rate(node_disk_reads_completed_total{{{DISKS}}}[@rate])",
                    "{{instance}} {{device}} reads"),
              Query(f"rate(node_disk_writes_completed_total{{{DISKS}}}[@rate])",
                    "{{instance}} {{device}} writes", below=True)),
        graph("Time per request", "Mean time from asking to completion, waiting included; idle disks "
              "show nothing.", "s",
              Query(f"rate(node_disk_read_time_seconds_total{{{DISKS}}}[@rate]) / "
                    f"(rate(node_disk_reads_completed_total{{{DISKS}}}[@rate]) > 0)",
                    "{{instance}} {{device}} reads"),
              Query(f"rate(node_disk_write_time_seconds_total{{{DISKS}}}[@rate]) / "
                    f"(rate(node_disk_writes_completed_total{{{DISKS}}}[@rate]) > 0)",
                    "{{instance}} {{device}} writes"), limits=(0.05, 0.1)),
        graph("Busy and queued", "Share of time with work, and the mean count of requests that wait "
              "or are served. Alert: HostDiskSaturated at 10.", "short",
              Query(f"rate(node_disk_io_time_seconds_total{{{DISKS}}}[@rate])",
                    "{{instance}} {{device}} busy"),
              Query(f"rate(node_disk_io_time_weighted_seconds_total{{{DISKS}}}[@rate])",
                    "{{instance}} {{device}} queued", dashed=True)))


def pressure(board: Board):
    board.row(
        "Pressure",
        graph("Some task waited", "Share of time in which at least one task waited for the resource: "
              "the kernel's own measure of a shortage.", "percentunit",
              Query("rate(node_pressure_cpu_waiting_seconds_total{@host}[@rate])",
                    "CPU {{instance}}"),
              Query("rate(node_pressure_memory_waiting_seconds_total{@host}[@rate])",
                    "memory {{instance}}"),
              Query("rate(node_pressure_io_waiting_seconds_total{@host}[@rate])",
                    "I/O {{instance}}"), top=1),
        graph("All tasks waited", "Share of time in which nothing could run for want of the resource. "
              "Alert: HostMemoryStalled.", "percentunit",
              Query("rate(node_pressure_memory_stalled_seconds_total{@host}[@rate])",
                    "memory {{instance}}"),
              Query("rate(node_pressure_io_stalled_seconds_total{@host}[@rate])",
                    "I/O {{instance}}"), top=1, limits=(0.1, 0.5)))


def filesystems(board: Board):
    keys = "instance, mountpoint, fstype"
    board.row(
        "Filesystems",
        rows("Filesystems", "One row per mounted filesystem, fullest first. Full in: time "
             "until it is full at the rate of the last hour; empty when it does not grow.",
             {"instance": "Host", "mountpoint": "Mounted on", "fstype": "Type"},
             Column("Used", f"max by ({keys}) (1 - node_filesystem_avail_bytes{{{MOUNTS}}} / "
                    f"(node_filesystem_size_bytes{{{MOUNTS}}} > 0))", "percentunit", 1,
                    (0.85, 0.95)),
             Column("Files used", f"max by ({keys}) (1 - node_filesystem_files_free{{{MOUNTS}}} / "
                    f"(node_filesystem_files{{{MOUNTS}}} > 0))", "percentunit", 1, (0.85, 0.95)),
             Column("Available", f"max by ({keys}) (node_filesystem_avail_bytes{{{MOUNTS}}})",
                    "bytes"),
             Column("Size", f"max by ({keys}) (node_filesystem_size_bytes{{{MOUNTS}}})", "bytes"),
             Column("Full in", f"max by ({keys}) (node_filesystem_avail_bytes{{{MOUNTS}}} / "
                    f"(deriv(node_filesystem_avail_bytes{{{MOUNTS}}}[1h]) < 0) * -1)", "s"),
             Column("Read-only", f"max by ({keys}) (node_filesystem_readonly{{{MOUNTS}}})",
                    "bool_yes_no"),
             Column("Unreadable", f"max by ({keys}) (node_filesystem_device_error{{{MOUNTS}}})",
                    "bool_yes_no"),
             sort="Used"),
        graph("Space used", "Share of space that users cannot have.", "percentunit",
              Query(f"max by ({keys}) (1 - node_filesystem_avail_bytes{{{MOUNTS}}} / "
                    f"(node_filesystem_size_bytes{{{MOUNTS}}} > 0))",
                    "{{instance}} {{mountpoint}}"), by_name=True, top=1, limits=(0.85, 0.95)),
        graph("Open files", "Share of the file handles that the kernel grants. "
              "Alert: HostFileDescriptorsAlmostExhausted.", "percentunit",
              Query("node_filefd_allocated{@host} / node_filefd_maximum{@host}", "{{instance}}"),
              by_name=True, limits=(0.7, 0.9)))


def accelerators(board: Board):
    name = "{{instance}} GPU {{gpu}}"
    board.row(
        "GPU",
        graph("GPU busy", "Share of time in which a kernel ran on the GPU.", "percentunit",
              Query("ml_gpu_utilization_ratio{@host}", name), by_name=True, top=1),
        graph("GPU memory", "Used memory, and all of it dashed. Alert: GpuMemoryAlmostFull.", "bytes",
              Query("ml_gpu_memory_used_bytes{@host}", name),
              Query("ml_gpu_memory_total_bytes{@host}", name + " total", dashed=True)),
        graph("GPU temperature", "Temperature of the die. Alert: GpuHot.", "celsius",
              Query("ml_gpu_temperature_celsius{@host}", name), by_name=True, limits=(85, 92)),
        graph("GPU power", "Drawn power, and the limit dashed.", "watt",
              Query("ml_gpu_power_watts{@host}", name),
              Query("ml_gpu_power_limit_watts{@host}", name + " limit", dashed=True)),
        graph("GPU throttled", "1 while the GPU holds its clocks back, by reason. "
              "Alert: GpuThrottled.", "short",
              Query("ml_gpu_throttled{@host} == 1", name + " {{reason}}"), by_name=True, top=1),
        graph("GPU links", "Bytes per second over PCIe and NVLink; sent below the axis.", "Bps",
              Query("rate(ml_gpu_pcie_received_bytes_total{@host}[@rate])", "PCIe received " + name),
              Query("rate(ml_gpu_pcie_transmitted_bytes_total{@host}[@rate])", "PCIe sent " + name,
                    below=True),
              Query("rate(ml_gpu_nvlink_received_bytes_total{@host}[@rate])",
                    "NVLink received " + name),
              Query("rate(ml_gpu_nvlink_transmitted_bytes_total{@host}[@rate])",
                    "NVLink sent " + name, below=True)))


def clock(board: Board):
    board.row(
        "Clock",
        graph("Clock offset", "How far the kernel thinks its clock is from the reference. "
              "Alert: HostClockSkew at 50 ms.", "s",
              Query("node_timex_offset_seconds{@host}", "{{instance}}"), by_name=True, bottom=None),
        graph("Clock synchronised", "1 while a time service disciplines the clock. "
              "Alert: HostClockNotSynchronised.", "short",
              Query("node_timex_sync_status{@host}", "{{instance}}"), by_name=True, top=1))


def build() -> Board:
    board = Board(HOST, "ml_exporter / Host",
                  "CPU, memory, network, disk I/O, pressure, filesystems and GPUs of a host.",
                  host_choices("node_uname_info"), [firing(',instance=~"$instance"')])
    for part in (summary, processor, memory, network, disk, pressure, filesystems, accelerators,
                 clock):
        part(board)
    return board
