"""One host or a few: CPU, memory, network, disk I/O, pressure, filesystems, GPUs."""

from board import Board, firing, named_host_choices
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
        number("Uptime", "Time since the last boot; the youngest host.", "s",
               Query("min(node_time_seconds{@host} - node_boot_time_seconds{@host})", "uptime"),
               spark=False, decimals=1),
        number("CPU cores", "CPUs that are online; sum of the chosen hosts.", "short",
               Query(f"sum({CPUS})", "cores"), spark=False, decimals=0, height=3, width=6),
        number("Memory size", "Memory of the chosen hosts.", "bytes",
               Query("sum(node_memory_MemTotal_bytes{@host})", "memory"), spark=False, height=3,
               width=6),
        number("Root filesystem size", "Size of the filesystem at /; sum of the chosen hosts.", "bytes",
               Query('sum(max by (job, instance) (node_filesystem_size_bytes{@host,mountpoint="/"}))',
                     "root"), spark=False, height=3, width=6),
        number("Root filesystem used", "Share of the filesystem at / that users cannot have; the worst "
               "host.", "percentunit",
               Query('max(1 - node_filesystem_avail_bytes{@host,mountpoint="/"} / '
                     '(node_filesystem_size_bytes{@host,mountpoint="/"} > 0))', "root"),
               limits=(0.85, 0.95), decimals=1, height=3, width=6, spark=False))


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
                    '{@host,mode=~"idle|iowait"}[@rate])))', "{{nodename}} cpu {{cpu}}"),
              by_name=True, top=1),
        graph("Load and CPUs", "Mean count of runnable and uninterruptible tasks over 1 and 15 "
              "minutes, and the count of CPUs.", "short",
              Query("node_load1{@host}", "1 min {{nodename}}"),
              Query("node_load15{@host}", "15 min {{nodename}}"),
              Query(CPUS, "CPUs {{nodename}}", dashed=True)),
        graph("Tasks running and blocked", "Tasks that run or are ready to, and tasks that wait for I/O and cannot be "
              "interrupted.", "short",
              Query("node_procs_running{@host}", "running {{nodename}}"),
              Query("node_procs_blocked{@host}", "blocked {{nodename}}")),
        graph("Context switches, interrupts, forks", "Context switches, interrupts and new tasks per second.",
              "ops",
              Query("rate(node_context_switches_total{@host}[@rate])", "switches {{nodename}}"),
              Query("rate(node_intr_total{@host}[@rate])", "interrupts {{nodename}}"),
              Query("rate(node_forks_total{@host}[@rate])", "forks {{nodename}}")),
        graph("Clock frequency", "Mean frequency over the CPUs of a host; empty where the kernel has "
              "no frequency scaling, as in most virtual machines.", "hertz",
              Query("avg by (instance) (node_cpu_scaling_frequency_hertz{@host})", "{{nodename}}"),
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
                    "{{nodename}}"), by_name=True, top=1, limits=(0.8, 0.9)),
        graph("Swap in and out", "Pages per second from swap, and to swap below the axis. Any lasting value "
              "slows every program.", "ops",
              Query("rate(node_vmstat_pswpin{@host}[@rate])", "in {{nodename}}"),
              Query("rate(node_vmstat_pswpout{@host}[@rate])", "out {{nodename}}", below=True)),
        graph("Page faults", "Faults per second that had to read from disk. "
              "Alert: HostMajorPageFaults.", "ops",
              Query("rate(node_vmstat_pgmajfault{@host}[@rate])", "{{nodename}}"), by_name=True,
              limits=(500, 2000)),
        graph("OOM kills", "Processes that the kernel ended because memory ran out. "
              "Alert: HostOutOfMemoryKill.", "short",
              Query("increase(node_vmstat_oom_kill{@host}[@rate])", "{{nodename}}"), by_name=True,
              limits=(1, 3)),
        graph("Dirty pages", "Memory that waits to be written to disk, and that is being written (writeback).",
              "bytes",
              Query("node_memory_Dirty_bytes{@host}", "dirty {{nodename}}"),
              Query("node_memory_Writeback_bytes{@host}", "writeback {{nodename}}")))


def memory_detail(board: Board):
    def gauge(field: str, legend: str) -> Query:
        return Query(f"node_memory_{field}_bytes{{@host}}", legend + " {{nodename}}")

    board.row(
        "Memory detail",
        graph("Active and inactive", "Pages that were used lately, and those that are reclaimed first.",
              "bytes", gauge("Active", "active"), gauge("Inactive", "inactive")),
        graph("Anonymous and shared", "Memory of programs that no file backs, and shared memory with "
              "tmpfs.", "bytes", gauge("AnonPages", "anonymous"), gauge("Shmem", "shared"),
              gauge("AnonHugePages", "huge pages")),
        graph("Slab and kernel", "Memory that the kernel uses for its own objects, page tables and stacks.",
              "bytes", gauge("SReclaimable", "slab, reclaimable"),
              gauge("SUnreclaim", "slab, unreclaimable"), gauge("PageTables", "page tables"),
              gauge("KernelStack", "kernel stacks")),
        graph("Committed memory", "Memory that programs have asked for, used or not, and the limit that "
              "vm.overcommit_memory=2 would enforce, dashed.", "bytes",
              gauge("Committed_AS", "committed"),
              Query("node_memory_CommitLimit_bytes{@host}", "limit {{nodename}}", dashed=True)))


def network(board: Board):
    board.row(
        "Network",
        graph("Network traffic", "Bytes per second of each device but loopback; sent below the axis.", "Bps",
              Query(f"rate(node_network_receive_bytes_total{{{NETWORK}}}[@rate])",
                    "{{nodename}} {{device}} received"),
              Query(f"rate(node_network_transmit_bytes_total{{{NETWORK}}}[@rate])",
                    "{{nodename}} {{device}} sent", below=True)),
        graph("Network packets", "Packets per second of each device but loopback; sent below the axis.", "pps",
              Query(f"rate(node_network_receive_packets_total{{{NETWORK}}}[@rate])",
                    "{{nodename}} {{device}} received"),
              Query(f"rate(node_network_transmit_packets_total{{{NETWORK}}}[@rate])",
                    "{{nodename}} {{device}} sent", below=True)),
        graph("Network errors and drops", "Packets per second that a device lost or found damaged. "
              "Alert: HostNetworkErrors.", "pps",
              Query(f"sum by (instance) (rate(node_network_receive_errs_total{{{NETWORK}}}[@rate])"
                    f" + rate(node_network_transmit_errs_total{{{NETWORK}}}[@rate]))",
                    "errors {{nodename}}"),
              Query(f"sum by (instance) (rate(node_network_receive_drop_total{{{NETWORK}}}[@rate])"
                    f" + rate(node_network_transmit_drop_total{{{NETWORK}}}[@rate]))",
                    "drops {{nodename}}")),
        graph("TCP retransmits and resets", "Segments sent again and connections reset, per second: a network or a peer "
              "that does not keep up.", "pps",
              Query("rate(node_netstat_Tcp_RetransSegs{@host}[@rate])", "sent again {{nodename}}"),
              Query("rate(node_netstat_Tcp_OutRsts{@host}[@rate])", "resets {{nodename}}"),
              Query("rate(node_netstat_TcpExt_ListenDrops{@host}[@rate])",
                    "refused, queue full {{nodename}}")),
        graph("TCP connections", "TCP connections that are open, and those that wait to be forgotten.",
              "short",
              Query("node_netstat_Tcp_CurrEstab{@host}", "open {{nodename}}"),
              Query("node_sockstat_TCP_tw{@host}", "time-wait {{nodename}}")),
        graph("Connection tracking", "Used share of the table; full means that new connections are "
              "dropped. Empty where the module is not loaded. Alert: HostConntrackAlmostFull.",
              "percentunit",
              Query("node_nf_conntrack_entries{@host} / node_nf_conntrack_entries_limit{@host}",
                    "{{nodename}}"), by_name=True, top=1, limits=(0.75, 0.9)),
        graph("Network saturation", "Traffic as a share of the speed that the link reports; sent below the "
              "axis. Empty for devices without a speed, as in many virtual machines.", "percentunit",
              Query(f"rate(node_network_receive_bytes_total{{{NETWORK}}}[@rate]) / "
                    f"(node_network_speed_bytes{{{NETWORK}}} > 0)", "{{nodename}} {{device}} received"),
              Query(f"rate(node_network_transmit_bytes_total{{{NETWORK}}}[@rate]) / "
                    f"(node_network_speed_bytes{{{NETWORK}}} > 0)", "{{nodename}} {{device}} sent",
                    below=True)),
        graph("Sockets", "Sockets that are open, by kind.", "short",
              Query("node_sockstat_sockets_used{@host}", "all {{nodename}}"),
              Query("node_sockstat_TCP_alloc{@host}", "TCP {{nodename}}"),
              Query("node_sockstat_UDP_inuse{@host}", "UDP {{nodename}}"),
              Query("node_sockstat_TCP_orphan{@host}", "TCP orphaned {{nodename}}")),
        graph("Softnet", "Packets per second that the kernel dropped because a CPU's backlog was full, and "
              "times per second that a CPU ran out of budget with packets left.", "pps",
              Query("sum by (instance) (rate(node_softnet_dropped_total{@host}[@rate]))",
                    "dropped {{nodename}}"),
              Query("sum by (instance) (rate(node_softnet_times_squeezed_total{@host}[@rate]))",
                    "squeezed {{nodename}}")),
        graph("Socket memory", "Memory of the kernel in buffers of sockets.", "bytes",
              Query("node_sockstat_TCP_mem_bytes{@host}", "TCP {{nodename}}"),
              Query("node_sockstat_UDP_mem_bytes{@host}", "UDP {{nodename}}")))


def disk(board: Board):
    board.row(
        "Disk I/O",
        graph("Disk throughput", "Bytes per second of each disk; written below the axis.", "Bps",
              Query(f"rate(node_disk_read_bytes_total{{{DISKS}}}[@rate])",
                    "{{nodename}} {{device}} read"),
              Query(f"rate(node_disk_written_bytes_total{{{DISKS}}}[@rate])",
                    "{{nodename}} {{device}} written", below=True)),
        graph("Disk IOPS", "Completed requests per second of each disk; writes below the axis.", "iops",
              Query(f"rate(node_disk_reads_completed_total{{{DISKS}}}[@rate])",
                    "{{nodename}} {{device}} reads"),
              Query(f"rate(node_disk_writes_completed_total{{{DISKS}}}[@rate])",
                    "{{nodename}} {{device}} writes", below=True)),
        graph("Disk latency", "Mean time from asking to completion, waiting included; idle disks "
              "show nothing.", "s",
              Query(f"rate(node_disk_read_time_seconds_total{{{DISKS}}}[@rate]) / "
                    f"(rate(node_disk_reads_completed_total{{{DISKS}}}[@rate]) > 0)",
                    "{{nodename}} {{device}} reads"),
              Query(f"rate(node_disk_write_time_seconds_total{{{DISKS}}}[@rate]) / "
                    f"(rate(node_disk_writes_completed_total{{{DISKS}}}[@rate]) > 0)",
                    "{{nodename}} {{device}} writes"), limits=(0.05, 0.1)),
        graph("Disk utilisation and queue", "Share of time with work, and the mean count of requests that wait "
              "or are served. Alert: HostDiskSaturated at 10.", "short",
              Query(f"rate(node_disk_io_time_seconds_total{{{DISKS}}}[@rate])",
                    "{{nodename}} {{device}} busy"),
              Query(f"rate(node_disk_io_time_weighted_seconds_total{{{DISKS}}}[@rate])",
                    "{{nodename}} {{device}} queued", dashed=True)))


def pressure(board: Board):
    board.row(
        "Pressure",
        graph("Pressure (PSI), some", "Share of time in which at least one task waited for the resource: "
              "the kernel's own measure of a shortage.", "percentunit",
              Query("rate(node_pressure_cpu_waiting_seconds_total{@host}[@rate])",
                    "CPU {{nodename}}"),
              Query("rate(node_pressure_memory_waiting_seconds_total{@host}[@rate])",
                    "memory {{nodename}}"),
              Query("rate(node_pressure_io_waiting_seconds_total{@host}[@rate])",
                    "I/O {{nodename}}"), top=1),
        graph("Pressure (PSI), full", "Share of time in which nothing could run for want of the resource. "
              "Alert: HostMemoryStalled.", "percentunit",
              Query("rate(node_pressure_memory_stalled_seconds_total{@host}[@rate])",
                    "memory {{nodename}}"),
              Query("rate(node_pressure_io_stalled_seconds_total{@host}[@rate])",
                    "I/O {{nodename}}"), top=1, limits=(0.1, 0.5)))


def filesystems(board: Board):
    keys = "instance, mountpoint, fstype"
    board.row(
        "Filesystems",
        rows("Filesystems", "One row per mounted filesystem, fullest first. Full in: time "
             "until it is full at the rate of the last hour; empty when it does not grow.",
             {"nodename": "Host", "instance": "Address", "mountpoint": "Mounted on", "fstype": "Type"},
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
                    "{{nodename}} {{mountpoint}}"), by_name=True, top=1, limits=(0.85, 0.95)),
        graph("Open files", "Share of the file handles that the kernel grants. "
              "Alert: HostFileDescriptorsAlmostExhausted.", "percentunit",
              Query("node_filefd_allocated{@host} / node_filefd_maximum{@host}", "{{nodename}}"),
              by_name=True, limits=(0.7, 0.9)))


def hardware(board: Board):
    """Virtual machines have none of it."""
    chip = "{{nodename}} {{chip}} {{sensor}}"
    board.row(
        "Temperatures and fans",
        graph("Temperatures", "Temperatures of sensors (hwmon). Alert: HostTemperatureCritical.", "celsius",
              Query("node_hwmon_temp_celsius{@host}", chip), by_name=True),
        graph("Thermal zones", "Temperatures of the zones in which the firmware acts.", "celsius",
              Query("node_thermal_zone_temp{@host}", "{{nodename}} {{type}} {{zone}}"), by_name=True),
        graph("Fans", "Revolutions per minute.", "short",
              Query("node_hwmon_fan_rpm{@host}", chip), by_name=True))


def accelerators(board: Board):
    name = "{{nodename}} GPU {{gpu}}"
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
              Query("node_timex_offset_seconds{@host}", "{{nodename}}"), by_name=True, bottom=None),
        graph("Clock synchronised", "1 while a time service disciplines the clock. "
              "Alert: HostClockNotSynchronised.", "short",
              Query("node_timex_sync_status{@host}", "{{nodename}}"), by_name=True, top=1))


def build() -> Board:
    board = Board(HOST, "ml_exporter / Host",
                  "CPU, memory, network, disk I/O, pressure, filesystems and GPUs of a host.",
                  named_host_choices(), [firing(',instance=~"$instance"')])
    for part in (summary, processor, memory, memory_detail, network, disk, pressure, filesystems,
                 accelerators, hardware, clock):
        part(board)
    return board
