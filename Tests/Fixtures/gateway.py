"""The fixture tree `gateway`: a machine with many kinds of network, two memory nodes and SELinux.

No such machine exists. What its files look like is what the kernel's documents and drivers say;
the numbers are made up.
"""

Tree = dict[str, bytes]


def text(*lines: str) -> bytes:
    return b"".join(line.encode() + b"\n" for line in lines)


def attributes(folder: str, **values: object) -> Tree:
    """Files of one line each."""
    return {f"{folder}/{name}": text(str(value)) for name, value in values.items()}


# MARK: network interfaces

def interface(name: str, index: int, state: str = "up", **more: object) -> Tree:
    values = {
        "addr_assign_type": 0, "addr_len": 6, "address": f"02:fc:00:00:00:{index:02x}",
        "broadcast": "ff:ff:ff:ff:ff:ff", "carrier": 1 if state == "up" else 0,
        "carrier_changes": 2 * index, "carrier_down_count": index, "carrier_up_count": index,
        "dev_id": f"{index % 2:#x}", "dormant": 0, "duplex": "full", "flags": "0x1003",
        "ifalias": "", "ifindex": index, "iflink": index, "link_mode": 0, "mtu": 1500,
        "name_assign_type": 4, "netdev_group": 0, "operstate": state, "speed": 10_000,
        "tx_queue_len": 1000, "type": 1,
    } | more
    return attributes(f"sys/class/net/{name}", **values)


def interfaces() -> Tree:
    tree = (
        interface("lo", 1, "unknown", address="00:00:00:00:00:00", broadcast="00:00:00:00:00:00",
                  flags="0x9", mtu=65536, type=772, carrier=1, duplex="", speed="")
        | interface("eth0", 2, ifalias='uplink "A" \\ rack 7')
        | interface("eth1", 3, "down", flags="0x1002", speed=-1, duplex="unknown", dev_id="0x20")
        | interface("bond0", 4, flags="0x1403", speed=20_000)
        | interface("bond1", 5, "down", flags="0x1402", speed=-1)
        | interface("bond2", 8, "down", flags="0x1402", speed=-1)
        | interface("veth0a1b2c3", 6, iflink=5, speed=10_000, mtu=1450)
        | interface("ib0", 7, type=32, addr_len=20, mtu=2044, speed=100_000,
                    address="80:00:02:08:fe:80:00:00:00:00:00:00:e4:1d:2d:03:00:6f:84:51",
                    broadcast="00:ff:ff:ff:ff:12:40:1b:ff:ff:00:00:00:00:00:00:ff:ff:ff:ff")
    )
    # A driver that lacks some attributes has no file, or one that cannot be read.
    del tree["sys/class/net/lo/speed"]
    del tree["sys/class/net/lo/duplex"]
    tree["sys/class/net/bonding_masters"] = text("bond0 bond1 bond2")
    slaves = {"bond0": {"eth0": "up", "eth2": "up"}, "bond1": {"eth3": "up", "eth4": "down"},
              "bond2": {}}
    for master, states in slaves.items():
        tree[f"sys/class/net/{master}/bonding/slaves"] = text(" ".join(states))
        for slave, state in states.items():
            # Kernels before 3.13 called the link differently.
            link = f"lower_{slave}" if master == "bond0" else f"slave_{slave}"
            tree[f"sys/class/net/{master}/{link}/bonding_slave/mii_status"] = text(state)
    tree["proc/net/dev"] = text(
        "Inter-|   Receive                                                |  Transmit",
        " face |bytes    packets errs drop fifo frame compressed multicast"
        "|bytes    packets errs drop fifo colls carrier compressed",
        *(f"{name:>6}: {1000 * n} {n} 0 {n} 0 0 0 0 {2000 * n} {2 * n} 0 0 0 0 0 0"
          for n, name in enumerate(
              ("lo", "eth0", "eth1", "bond0", "bond1", "veth0a1b2c3", "ib0", "bond2"), 1)))
    return tree


INFINIBAND_COUNTERS = (
    "excessive_buffer_overrun_errors", "link_downed", "link_error_recovery",
    "local_link_integrity_errors", "multicast_rcv_packets", "multicast_xmit_packets",
    "port_rcv_constraint_errors", "port_rcv_data", "port_rcv_discards", "port_rcv_errors",
    "port_rcv_packets", "port_rcv_remote_physical_errors", "port_rcv_switch_relay_errors",
    "port_xmit_constraint_errors", "port_xmit_data", "port_xmit_discards", "port_xmit_packets",
    "port_xmit_wait", "symbol_error", "unicast_rcv_packets", "unicast_xmit_packets",
    "VL15_dropped")
INFINIBAND_HARDWARE = (
    "duplicate_request", "implied_nak_seq_err", "lifespan", "local_ack_timeout_err",
    "np_cnp_sent", "np_ecn_marked_roce_packets", "out_of_buffer", "out_of_sequence",
    "packet_seq_err", "req_cqe_error", "req_cqe_flush_error", "req_remote_access_errors",
    "req_remote_invalid_request", "resp_cqe_error", "resp_cqe_flush_error",
    "resp_local_length_error", "resp_remote_access_errors", "rnr_nak_retry_err",
    "roce_adp_retrans", "roce_adp_retrans_to", "roce_slow_restart", "roce_slow_restart_cnps",
    "roce_slow_restart_trans", "rp_cnp_handled", "rp_cnp_ignored", "rx_atomic_requests",
    "rx_dct_connect", "rx_icrc_encapsulated", "rx_read_requests", "rx_write_requests")


def infiniband() -> Tree:
    port = "sys/class/infiniband/mlx5_0/ports/1"
    old = "sys/class/infiniband/mlx4_0/ports/2"
    return (
        attributes("sys/class/infiniband/mlx5_0", board_id="MT_0000000008", fw_ver="16.28.1002",
                   hca_type="MT4115")
        | attributes("sys/class/infiniband/mlx4_0", board_id="SM_1141000001000",
                     fw_ver="2.31.5050", hca_type="MT4099")
        | attributes(port, rate="100 Gb/sec (4X EDR)", state="4: ACTIVE", phys_state="5: LinkUp",
                     link_layer="InfiniBand")
        | attributes(f"{port}/counters",
                     **{name: 7 + 11 * n for n, name in enumerate(INFINIBAND_COUNTERS)})
        | attributes(f"{port}/hw_counters",
                     **{name: 13 * n for n, name in enumerate(INFINIBAND_HARDWARE)})
        | attributes(old, rate="2.5 Gb/sec (1X SDR)", state="1: DOWN", phys_state="3: Disabled",
                     link_layer="Ethernet")
        | attributes(f"{old}/counters", link_downed=2, port_rcv_data=4631917,
                     port_xmit_data="N/A (no PMA)", link_error_recovery=1)
        | attributes(f"{old}/counters_ext", port_rcv_data_64=5, port_xmit_data_64=6,
                     port_rcv_packets_64=7, port_xmit_packets_64=8, port_unicast_rcv_packets=9,
                     port_unicast_xmit_packets=10, port_multicast_rcv_packets=11,
                     port_multicast_xmit_packets=12))


# MARK: protocols

IP = ("Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos "
      "InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs "
      "ReasmFails FragOKs FragFails FragCreates OutTransmits")
ICMP = ("InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InEchos OutMsgs OutErrors "
        "OutDestUnreachs OutEchoReps")
TCP = ("RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets "
       "CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors")
UDP = ("InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
       "IgnoredMulti MemErrors")
TCP_EXTENDED = (
    "SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts PruneCalled TW ListenOverflows "
    "ListenDrops TCPHPHits TCPTimeouts TCPAbortOnData TCPSynRetrans TCPOFOQueue TCPRcvQDrop")
IP_EXTENDED = ("InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts OutBcastPkts "
               "InOctets OutOctets InMcastOctets InCsumErrors InNoECTPkts")


def pairs(title: str, names: str, base: int, **values: int) -> list[str]:
    """A line of names and one of numbers."""
    numbers = (str(values.get(name, base + 3 * n)) for n, name in enumerate(names.split()))
    return [f"{title}: {names}", f"{title}: {' '.join(numbers)}"]


def protocols() -> Tree:
    version6 = [
        *((f"Ip6{name}", 100 + n) for n, name in enumerate(
            "InReceives InHdrErrors InNoRoutes InDelivers OutRequests InOctets OutOctets".split())),
        *((f"Icmp6{name}", 200 + n) for n, name in enumerate(
            "InMsgs InErrors OutMsgs OutErrors InEchos OutType133".split())),
        *((f"Udp6{name}", 300 + n) for n, name in enumerate(UDP.split())),
        *((f"UdpLite6{name}", n) for n, name in enumerate(UDP.split())),
    ]
    return {
        "proc/net/netstat": text(
            *pairs("TcpExt", TCP_EXTENDED, 40), *pairs("IpExt", IP_EXTENDED, 6_000_000_000),
            *pairs("MPTcpExt", "MPCapableSYNRX MPCapableSYNTX", 0)),
        "proc/net/snmp": text(
            *pairs("Ip", IP, 25, Forwarding=1, DefaultTTL=64), *pairs("Icmp", ICMP, 104),
            *pairs("IcmpMsg", "InType3 OutType3", 104),
            *pairs("Tcp", TCP, 3575, RtoAlgorithm=1, RtoMin=200, RtoMax=120000, MaxConn=-1),
            *pairs("Udp", UDP, 88542), *pairs("UdpLite", UDP, 0)),
        "proc/net/snmp6": text(*(f"{name:<32}\t{value}" for name, value in version6)),
        "proc/net/sockstat": text(
            "sockets: used 229", "TCP: inuse 4 orphan 1 tw 4 alloc 17 mem 3",
            "UDP: inuse 2 mem 5", "UDPLITE: inuse 0", "RAW: inuse 1", "FRAG: inuse 0 memory 12"),
        "proc/net/sockstat6": text(
            "TCP6: inuse 17", "UDP6: inuse 9", "UDPLITE6: inuse 0", "RAW6: inuse 1",
            "FRAG6: inuse 0 memory 0"),
        "proc/net/softnet_stat": text(
            "00015c73 00020e76 f0000769 00000000 00000000 00000000 00000000 00000000 00000000 "
            "00000001 00000002 00000003 00000000",
            # The third CPU is offline.
            "01663fb2 00000000 0000000b 00000000 00000000 00000000 00000000 00000000 00000007 "
            "00000000 00000000 0000002a 00000001",
            "00001f4e 00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
            "00000000 ffffffff 00000000 00000003 00000000 00000000"),
        "proc/net/arp": text(
            "IP address       HW type     Flags       HW address            Mask     Device",
            *(f"192.0.2.{n:<8} 0x1         0x2         02:fc:00:00:01:{n:02x}     *        {device}"
              for n, device in enumerate(("eth0", "eth0", "bond0", "eth0", "veth0a1b2c3"), 1))),
        "proc/net/udp": text(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
            "timeout inode ref pointer drops",
            "  200: 0100007F:0035 00000000:0000 07 00000015:00000200 00:00000000 00000000     0"
            "        0 2740 2 ffff88003d3af3c0 0",
            "  201: 00000000:007B 00000000:0000 07 00000001:00000000 00:00000000 00000000     0"
            "        0 2741 2 ffff88003d3af3c1 0"),
        "proc/net/udp6": text(
            "  sl  local_address                         remote_address                        st "
            "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops",
            "  300: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 "
            "00000000:00000A00 00:00000000 00000000     0        0 2742 2 ffff88003d3af3c2 0"),
        "proc/sys/net/netfilter/nf_conntrack_count": text("123"),
        "proc/sys/net/netfilter/nf_conntrack_max": text("65536"),
        "proc/net/stat/nf_conntrack": text(
            "entries  clashres found new invalid ignore delete chainlength insert insert_failed "
            "drop early_drop icmp_error  expect_new expect_create expect_delete search_restart",
            "00000021  00000000 00000001 00000000 00000003 0000588a 00000000 00000000 00000005 "
            "00000006 00000007 00000008 00000000  00000000 00000000 00000000 00000002",
            "00000021  00000000 00000010 00000000 00000002 000056a4 00000000 00000000 00000000 "
            "00000000 00000000 00000000 00000000  00000000 00000000 00000000 ffffffff"),
        "proc/net/ip_vs": text(
            "IP Virtual Server version 1.2.1 (size=4096)",
            "Prot LocalAddress:Port Scheduler Flags",
            "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn",
            "TCP  C0A80016:0CEA wlc  ",
            "  -> C0A85216:0CEA      Tunnel  100    248        2         ",
            "  -> C0A85318:0CEA      Tunnel  100    249        3         ",
            "UDP  C0A80039:0035 rr persistent 360",
            "  -> C0A85416:0035      Route   1      0          9         ",
            "TCP  [2001:0DB8:0000:0000:0000:0000:0000:0001]:0050 sh",
            "  -> [2001:0DB8:0000:0000:0000:0000:0000:0002]:1F90      Masq    1      2          0  ",
            "FWM  10001000 wlc   ",
            "  -> C0A8321A:0CEA      Tunnel  20     64         1         "),
        "proc/net/ip_vs_stats": text(
            "   Total Incoming Outgoing         Incoming         Outgoing",
            "   Conns  Packets  Packets            Bytes            Bytes",
            " 16AA370 E33656E5        0     51D8C8883AB3                0", "",
            " Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s",
            "       4    1FB3C        0          1282A8F                0"),
    }


# MARK: memory

def zone(node: int, name: str, base: int, *first: str) -> list[str]:
    return [
        f"Node {node}, zone {name:>8}", *first, f"  pages free     {base}", f"        min      {base // 100}",
        f"        low      {base // 80}", f"        high     {base // 60}",
        f"        spanned  {base * 3}", f"        present  {base * 2 + 7}",
        f"        managed  {base * 2}", "        protection: (0, 1925, 31932, 31932, 31932)",
        f"      nr_free_pages {base}", "      nr_zone_inactive_anon 4", "      nr_mlock     5",
        f"      numa_hit     {base * 9}", "      numa_miss    0", "      numa_foreign 1",
        "      numa_interleave 2", f"      numa_local   {base * 9}", "      numa_other   0",
        "  pagesets", "    cpu: 0", "              count: 210", "              high:  378",
        "              batch: 63", "  vm stats threshold: 32", "  node_unreclaimable:  0",
        "  start_pfn:           1"]


PER_NODE = (
    "  per-node stats", *(f"      {name} {value}" for name, value in (
        ("nr_inactive_anon", 95612), ("nr_active_anon", 1175853), ("nr_inactive_file", 723339),
        ("nr_active_file", 688810), ("nr_unevictable", 213111), ("nr_slab_reclaimable", 121763),
        ("nr_slab_unreclaimable", 56182), ("nr_isolated_anon", 1), ("nr_isolated_file", 2),
        ("nr_anon_pages", 1156608), ("nr_mapped", 423143), ("nr_file_pages", 1740118),
        ("nr_dirty", 103), ("nr_writeback", 3), ("nr_shmem", 330517),
        ("nr_anon_transparent_hugepages", 4), ("nr_dirtied", 1189097), ("nr_written", 1181554),
        ("nr_kernel_stack", 18864))))


def memory() -> Tree:
    tree = {
        "proc/meminfo": text("MemTotal:       65536000 kB", "MemFree:        3145728 kB"),
        "proc/vmstat": text(
            "nr_free_pages 977769", "nr_dirty 103", "pgpgin 7344136", "pgpgout 1541180581",
            "pswpin 1476", "pswpout 35045", "pgalloc_dma 0", "pgfree 12", "pgfault 2320168809",
            "pgmajfault 507162", "oom_kill 3", "nr_unstable -1", "thp_fault_alloc 142261"),
        "proc/buddyinfo": text(
            "Node 0, zone      DMA      1      0      1      0      2      1      1      0      1      1      3 ",
            "Node 0, zone    DMA32    759    572    791    475    194     45     12      0      0      0      0 ",
            "Node 0, zone   Normal   4381   1093    185   1530    567    102      4      0      0      0      0 ",
            "Node 1, zone   Normal     11     10      9      8      7      6      5      4      3      2      1 "),
        "proc/zoneinfo": text(
            *zone(0, "DMA", 3952, *PER_NODE), *zone(0, "Normal", 204252),
            *zone(1, "Normal", 150001, *PER_NODE)),
    }
    for node in (0, 1):
        folder = f"sys/devices/system/node/node{node}"
        tree[f"{folder}/meminfo"] = text(
            *(f"Node {node} {name + ':':<15} {(n + 1) * 1000 + node:>8} kB" for n, name in enumerate((
                "MemTotal", "MemFree", "MemUsed", "Active", "Inactive", "Active(anon)",
                "Inactive(file)", "Unevictable", "Dirty", "FilePages", "AnonPages", "KernelStack",
                "PageTables", "Slab", "AnonHugePages"))),
            f"Node {node} HugePages_Total:     {node}", f"Node {node} HugePages_Free:      0")
        tree[f"{folder}/numastat"] = text(
            "numa_hit 193460335812", "numa_miss 12624528", f"numa_foreign {node}",
            "interleave_hit 57146", "local_node 193454780853", "other_node 18179487")
    tree["sys/devices/system/node/online"] = text("0-1")
    tree["sys/devices/system/node/possible"] = text("0-1")
    return tree


# MARK: system

def stat(number: int, name: str, state: str, threads: int) -> bytes:
    before = f"{number} ({name}) {state} 1 {number} {number} 0 -1 4194560 1 2 3 4 5 6 7 8 20 0"
    behind = " ".join(str(n) for n in range(21, 53))
    return text(f"{before} {threads} {behind}")


def processes() -> Tree:
    tree: Tree = {}
    for number, name, state, threads in (
            (1, "systemd", "S", {1: "S"}), (17, "khungtaskd", "I", {17: "I"}),
            # A name may look like the fields behind it.
            (4242, "odd) R 1 (name", "S", {4242: "S", 4243: "R", 4244: "D"}),
            (4300, "zombie", "Z", {4300: "Z"})):
        tree[f"proc/{number}/stat"] = stat(number, name, state, len(threads))
        for thread, its_state in threads.items():
            tree[f"proc/{number}/task/{thread}/stat"] = stat(thread, name, its_state, len(threads))
    return tree


def pressure(some: int | None, full: int | None) -> bytes:
    return text(*(
        f"{kind} avg10=0.10 avg60=2.00 avg300=3.85 total={total}"
        for kind, total in (("some", some), ("full", full)) if total is not None))


def system() -> Tree:
    return {
        "proc/pressure/cpu": pressure(14_036_781, 0), "proc/pressure/io": pressure(13_109, 12_013),
        "proc/pressure/memory": pressure(2_000_001, 1_999_999),
        "proc/pressure/irq": pressure(None, 8_494),
        "proc/sys/fs/file-nr": text("1024\t0\t1631329"),
        "proc/sys/kernel/random/entropy_avail": text("1337"),
        "proc/sys/kernel/random/poolsize": text("4096"),
        "proc/sys/kernel/hung_task_detect_count": text("42"),
        "proc/sys/kernel/threads-max": text("7801"),
        "proc/sys/kernel/pid_max": text("4194304"),
        "proc/cgroups": text(
            "#subsys_name\thierarchy\tnum_cgroups\tenabled", "cpuset\t5\t47\t1", "cpu\t3\t172\t1",
            "hugetlb\t8\t2\t0"),
        "proc/self/attr/current": b"system_u:system_r:init_t:s0\0",
        "sys/fs/selinux/enforce": b"0",
        "rootfs/etc/selinux/config": text(
            "# This file controls the state of SELinux on the system.", "SELINUX=enforcing",
            "SELINUXTYPE=targeted"),
        "rootfs/etc/os-release": text(
            'NAME="Example Linux"', 'VERSION="9.4 (Gateway \\"Edition\\")"', "ID='example'",
            "ID_LIKE=\"rhel fedora\"", "VERSION_ID=9.4.1", 'PRETTY_NAME="Example Linux 9.4"', "",
            "# a comment", "VARIANT_ID=server", "SUPPORT_END=2027-05-31",
            'HOME_URL="https://example.org/"'),
    }


def gateway() -> Tree:
    return (interfaces() | infiniband() | protocols() | memory() | processes() | system())


# MARK: damage

OVERFLOW = "99999999999999999999"


def damaged() -> Tree:
    """Text that no kernel says, in the files of `gateway`, with good lines between the bad ones."""
    return {
        "proc/net/netstat": text(
            "", "TcpExt: ListenDrops", "x", "TcpExt: ListenDrops ListenOverflows", "TcpExt: 1",
            "IpExt: InOctets OutOctets", "TcpExt: 5 6", "IpExt: InOctets OutOctets",
            f"IpExt: {OVERFLOW} 7", ":", ": 1", "TcpExt: TCPTimeouts", "TcpExt: 8", ""),
        "proc/net/snmp": b"\xff\xfe\x00: a\n\xff\xfe\x00: 1\nTcp: InSegs OutSegs\nTcp: x 9\nUdp: NoPorts",
        "proc/net/snmp6": text("Ip6InOctets", "", f"Ip6OutOctets {OVERFLOW}", "Udp6NoPorts x",
                               "Udp6InErrors 4", "Udp6-InErrors 4", "NoSix 3"),
        "proc/net/sockstat": text("sockets: used", "sockets: used x", "TCP: inuse", "", "TCP",
                                  ": inuse 1", "UDP: inuse 2 mem 5", f"RAW: inuse {OVERFLOW}",
                                  "BAD-NAME: inuse 1", "sockets: used 7"),
        "proc/net/softnet_stat": text("", "00000001", "0000000g 0 0 0 0 0 0 0 0", "1 2 3 4 5 6 7 8 9",
                                      "123456789 2 3 4 5 6 7 8 9"),
        "proc/net/arp": text("IP address", "", "192.0.2.1 0x1 0x2 02:fc:00:00:00:01 *",
                             "192.0.2.1 0x1 0x2 02:fc:00:00:00:01 * eth0 more",
                             "192.0.2.1 0x1 0x2 02:fc:00:00:00:01 * eth7"),
        "proc/net/udp": text("sl", "", "0: a b 07", "0: a b 07 x:y", "0: a b 07 00000001",
                             "0: a b 07 00000001:", "0: a b 07 0000000A:0000000B more"),
        "proc/sys/net/netfilter/nf_conntrack_count": text("123"),
        "proc/sys/net/netfilter/nf_conntrack_max": text("65536"),
        "proc/net/stat/nf_conntrack": text(
            "entries", "1 2 3", "", " ".join(["x"] * 17), " ".join(["1"] * 17),
            " ".join(["1"] * 16), " ".join(["fffffffffffffffff"] * 17)),
        "proc/net/ip_vs": text(
            "TCP", "TCP  C0A80016 wlc", "  -> C0A85216:0CEA      Tunnel  100    248        2",
            "TCP  C0A80016:0CEA wlc", "  ->", "  -> x", "  -> C0A85216:0CEA Tunnel 100",
            "  -> C0A8521:0CEA Tunnel 1 2 3", "  -> C0A85216:0CEA      Tunnel  1    2        3"),
        "proc/net/ip_vs_stats": text("a", "b", " 1 2 3 4 5"),
        "proc/vmstat": text("", "pgfault", "pgpgin x", f"pgpgout {OVERFLOW}", "pswpin 1", "pg\xfffault 3",
                            "pgmajfault -1", "pgfault 12"),
        "proc/buddyinfo": text("", "Node 0, zone DMA", "Node x, zone DMA 1", "Node 0, zone Bad 1 x 2",
                               "Node 0, zone Normal 1 2 3", "Node 1 zone Normal 1",
                               "Node 1, zone Long " + "1 " * 99),
        "proc/zoneinfo": text(
            "      nr_free_pages 1", "Node x, zone DMA", "      nr_free_pages 2", "Node 0, zone   Normal",
            "  pages free     x", "        min      x", "        low      5", "        protection: (1, x",
            "        protection:", "      nr_free_pages", "        high 7"),
        "sys/devices/system/node/node0/meminfo": text(
            "", "Node 0", "Node 0 MemTotal", "Node 0 MemTotal: x kB", "Node 0 MemFree: 1 MB",
            "Node 0 Bad-Name: 1 kB", "Node 0 Dirty: 2 kB"),
        "sys/devices/system/node/node0/numastat": text("", "numa_hit", "numa_miss x", "other_node 3"),
        "sys/devices/system/node/nodex/meminfo": text("Node 0 Dirty: 9 kB"),
        "sys/class/net/eth0/operstate": text("up"), "sys/class/net/eth0/mtu": text("x"),
        "sys/class/net/eth0/flags": text("0xfffffffffffffffff"),
        "sys/class/net/eth0/speed": text(str(2**63 - 1)), "sys/class/net/eth0/ifindex": b"",
        "sys/class/net/eth0/tx_queue_len": text("1000"),
        "sys/class/net/bonding_masters": text("bond0 nowhere"),
        "sys/class/net/bond0/bonding/slaves": text("eth0 eth1"),
        "sys/class/net/bond0/lower_eth0/bonding_slave/mii_status": text("up"),
        "sys/class/net/bond0/lower_eth1/bonding_slave/mii_status": b"\xff\x00",
        "sys/class/infiniband/mlx5_0/ports/1/rate": text("nan Gb/sec"),
        "sys/class/infiniband/mlx5_0/ports/1/state": text("ACTIVE"),
        "sys/class/infiniband/mlx5_0/ports/1/phys_state": text("5: LinkUp"),
        "sys/class/infiniband/mlx5_0/ports/1/counters/port_rcv_data": text(str(2**64 - 1)),
        "sys/class/infiniband/mlx5_0/ports/1/counters/link_downed": text("-1"),
        "sys/class/infiniband/mlx5_0/ports/x/rate": text("1 Gb/sec"),
        "proc/pressure/cpu": text("", "some", "some avg10=0.00 total=x", "full total=1"),
        "proc/pressure/io": text("some total=1000000", "other total=2", "full avg10=0 total="),
        "proc/sys/fs/file-nr": text("1024 0"),
        "proc/sys/kernel/random/entropy_avail": text("12 34"),
        "proc/sys/kernel/hung_task_detect_count": b"",
        "proc/sys/kernel/threads-max": text("-"),
        "proc/1/stat": text("1 (systemd) S 1 1"), "proc/2/stat": b"\x00\xff",
        "proc/3/stat": stat(3, "good", "S", 1), "proc/4/stat": stat(4, "many", "R", 2**63),
        "proc/5/stat": text("5 (x)"),
        "proc/cgroups": text("#", "", "cpu", "cpu 1 2", "cpu 1 x 1", "memory 1 2 3"),
        "sys/fs/selinux/enforce": text("x"), "rootfs/etc/selinux/config": text("SELINUX=maybe"),
        "rootfs/etc/os-release": text("", "NAME", "NAME=\"open", "=x", "VERSION_ID=\"x9\"",
                                      "SUPPORT_END=2027-02-30", "ID=good"),
    }
