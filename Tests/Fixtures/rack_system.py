"""The network, the memory and the system of the fixture tree `rack`; see rack.py."""

from rack_tree import Link, Tree, attributes, text

# MARK: network

NET_DEV = text(
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast"
    "|bytes    packets errs drop fifo colls carrier compressed",
    "    lo: 435303245 1832522    0    0    0     0          0         0"
    " 435303245 1832522    0    0    0     0       0          0",
    "  eth0: 68210035552 520993275 1 2 3 4 5 6 9315587528 43451486 7 8 9 10 11 12")

# Names as /proc/net/snmp has them; the values count on from a number per protocol.
SNMP = {
    "Ip": "Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos "
          "InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds "
          "ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits",
    "Icmp": "InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs "
            "InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks "
            "InAddrMaskReps OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost",
    "IcmpMsg": "InType3 OutType3",
    "Tcp": "RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets "
           "CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors",
    "Udp": "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
           "IgnoredMulti MemErrors",
    "UdpLite": "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors",
}
NETSTAT = {
    "TcpExt": "SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts PruneCalled TW "
              "ListenOverflows ListenDrops TCPTimeouts TCPOFOQueue TCPSynRetrans TCPRcvQDrop",
    "IpExt": "InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InOctets OutOctets",
}
SNMP6 = ("Ip6InReceives Ip6InOctets Ip6OutOctets Icmp6InMsgs Icmp6InErrors Icmp6OutMsgs "
         "Udp6InDatagrams Udp6InErrors Udp6OutDatagrams Udp6NoPorts UdpLite6InErrors").split()


def pairs(protocols: dict[str, str]) -> bytes:
    """A line of names and a line of values per protocol."""
    lines = []
    for base, (name, fields) in enumerate(protocols.items(), 1):
        fields = fields.split()
        # The only field that may be negative says that there is no limit.
        values = [-1 if field == "MaxConn" else 1000 * base + place
                  for place, field in enumerate(fields)]
        lines += [f"{name}: {' '.join(fields)}", f"{name}: {' '.join(map(str, values))}"]
    return text(*lines)


def device(name: str, **special: object) -> Tree:
    values = dict(
        addr_assign_type=0, addr_len=6, address="02:00:00:00:00:01",
        broadcast="ff:ff:ff:ff:ff:ff", carrier=1, carrier_changes=4, carrier_down_count=2,
        carrier_up_count=2, dev_id="0x0", dormant=0, duplex="full", flags="0x1003", ifalias="",
        ifindex=2, iflink=2, link_mode=0, mtu=1500, name_assign_type=4, netdev_group=0,
        operstate="up", phys_port_id="", phys_port_name="", phys_switch_id="", speed=10_000,
        tx_queue_len=1000, type=1)
    return attributes(f"sys/class/net/{name}", **(values | special))


def network() -> Tree:
    tree = {
        "proc/net/dev": NET_DEV,
        "proc/net/snmp": pairs(SNMP), "proc/net/netstat": pairs(NETSTAT),
        "proc/net/snmp6": text(*(f"{name:<32}\t{7 * place}" for place, name in enumerate(SNMP6))),
        "proc/net/sockstat": text(
            "sockets: used 229", "TCP: inuse 4 orphan 1 tw 3 alloc 17 mem 2", "UDP: inuse 5 mem 6",
            "UDPLITE: inuse 0", "RAW: inuse 1", "FRAG: inuse 0 memory 0"),
        "proc/net/sockstat6": text(
            "TCP6: inuse 17", "UDP6: inuse 9", "UDPLITE6: inuse 0", "RAW6: inuse 1",
            "FRAG6: inuse 0 memory 0"),
        "proc/net/softnet_stat": text(*(
            " ".join(f"{value:08x}" for value in (
                0x49279 + n, 2 * n, 3 * n, 0, 0, 0, 0, 0, 0, 5 + n, 6 + n, n, n, 0, 0))
            for n in range(4))),
        "proc/net/udp": text(
            "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
            "timeout inode ref pointer drops",
            "  533: 3500007F:0035 00000000:0000 07 00000015:00000003 00:00000000 00000000   101   "
            "     0 15740 2 0000000000000000 0",
            "  548: 0100007F:0143 00000000:0000 07 00000001:00000200 00:00000000 00000000     0   "
            "     0 17801 2 0000000000000000 9"),
        "proc/net/udp6": text(
            "  sl  local_address                         remote_address                        st "
            "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops",
            "  548: 00000000000000000000000001000000:0143 00000000000000000000000000000000:0000 07 "
            "00000000:00000010 00:00000000 00000000     0        0 17802 2 0000000000000000 0"),
        "proc/net/arp": text(
            "IP address       HW type     Flags       HW address            Mask     Device",
            "192.0.2.1        0x1         0x2         02:00:00:00:00:fe     *        eth0",
            "192.0.2.2        0x1         0x2         02:00:00:00:00:fd     *        eth0",
            "198.51.100.3     0x1         0x0         00:00:00:00:00:00     *        bond0"),
        "proc/net/ip_vs": text(
            "IP Virtual Server version 1.2.1 (size=4096)",
            "Prot LocalAddress:Port Scheduler Flags",
            "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn",
            "TCP  C0000216:0CEA wlc  ",
            "  -> C6336416:0CEA      Tunnel  100    248        2         ",
            "  -> C6336417:0CEA      Route   50     12         1         ",
            "UDP  [2001:0DB8:0000:0000:0000:0000:0000:0001]:0035 rr",
            "  -> [2001:0DB8:0000:0000:0000:0000:0000:0002]:0035      Masq    1      0          7",
            "FWM  10001000 wlc   ", "  -> C633641A:0CEA      Tunnel  20     64         1         "),
        "proc/net/ip_vs_stats": text(
            "   Total Incoming Outgoing         Incoming         Outgoing",
            "   Conns  Packets  Packets            Bytes            Bytes",
            "     1F4    33656       2A         51D8C888              BAD",
            "", " Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s",
            "       4    1FB3C        0          1282A8F                0"),
        "proc/net/stat/nf_conntrack": text(
            "entries  searched found new invalid ignore delete delete_list insert insert_failed "
            "drop early_drop icmp_error  expect_new expect_create expect_delete search_restart",
            *(" ".join(f"{n + place:08x}" for place in range(17)) for n in range(4))),
        "proc/sys/net/netfilter/nf_conntrack_count": text("123"),
        "proc/sys/net/netfilter/nf_conntrack_max": text("65536"),
        "sys/class/net/bonding_masters": text("bond0 bond1"),
    }
    tree |= device("lo", address="00:00:00:00:00:00", broadcast="00:00:00:00:00:00", flags="0x9",
                   ifindex=1, iflink=1, mtu=65536, operstate="unknown", type=772, speed="",
                   duplex="", name_assign_type="")
    tree |= device("eth0", phys_port_name="p0", ifalias="to the spine")
    tree |= device("eth1", ifindex=3, iflink=3, operstate="down", carrier=0, speed=-1)
    tree |= device("bond0", ifindex=4, iflink=4, speed=20_000)
    tree |= device("bond1", ifindex=5, iflink=5, operstate="down", speed=-1)
    tree |= attributes("sys/class/net/bond0/bonding", slaves="eth0 eth1")
    tree |= attributes("sys/class/net/bond1/bonding", slaves="")
    for slave, status in (("eth0", "up"), ("eth1", "down")):
        tree[f"sys/class/net/bond0/lower_{slave}"] = Link(f"../{slave}".encode())
        tree |= attributes(f"sys/class/net/{slave}/bonding_slave", mii_status=status)
    return tree | infiniband()


def infiniband() -> Tree:
    folder = "sys/class/infiniband/mlx5_0"
    counters = (
        "link_downed link_error_recovery multicast_rcv_packets multicast_xmit_packets "
        "port_rcv_constraint_errors port_rcv_data port_rcv_discards port_rcv_errors "
        "port_rcv_packets port_xmit_constraint_errors port_xmit_data port_xmit_discards "
        "port_xmit_packets port_xmit_wait unicast_rcv_packets unicast_xmit_packets").split()
    tree = attributes(folder, board_id="EX_0000000001", fw_ver="20.31.1014", hca_type="MT4123")
    tree |= attributes(f"{folder}/ports/1", link_layer="InfiniBand", phys_state="5: LinkUp",
                       rate="100 Gb/sec (4X EDR)", state="4: ACTIVE")
    tree |= attributes(f"{folder}/ports/1/counters",
                       **{name: 11 * place for place, name in enumerate(counters)})
    tree |= attributes(f"{folder}/ports/1/counters", port_rcv_errors="N/A (no PMA)")
    tree |= attributes(f"{folder}/ports/2", link_layer="InfiniBand", phys_state="3: Disabled",
                       rate="2.5 Gb/sec (1X SDR)", state="1: DOWN")
    return tree


# MARK: memory

def memory() -> Tree:
    names = (
        "MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive Active(anon) "
        "Inactive(anon) Active(file) Inactive(file) Unevictable Mlocked SwapTotal SwapFree Zswap "
        "Zswapped Dirty Writeback AnonPages Mapped Shmem KReclaimable Slab SReclaimable SUnreclaim "
        "KernelStack PageTables NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS "
        "VmallocTotal VmallocUsed VmallocChunk Percpu HardwareCorrupted AnonHugePages "
        "ShmemHugePages ShmemPmdMapped").split()
    lines = [f"{name + ':':<18} {(64 * 2**20 >> place) + 8 * place} kB"
             for place, name in enumerate(names)]
    lines += [f"HugePages_{name}: {place:>8}" for place, name in
              enumerate(("Total", "Free", "Rsvd", "Surp"))]
    lines += ["Hugepagesize:       2048 kB", "DirectMap4k:      203640 kB",
              "DirectMap2M:     5038080 kB", "DirectMap1G:    62914560 kB"]
    tree = {
        "proc/meminfo": text(*lines),
        "proc/vmstat": text(*(
            f"{name} {1000 + place}" for place, name in enumerate((
                "nr_free_pages", "pgpgin", "pgpgout", "pswpin", "pswpout", "pgfault", "pgmajfault",
                "pgalloc_dma", "oom_kill", "numa_hit", "thp_fault_alloc")))),
        "proc/buddyinfo": text(
            "Node 0, zone      DMA      1      0      1      0      2      1      1      0      1 "
            "     1      3 ",
            "Node 0, zone   Normal   4381   1093    185   1530    567    102      4      0      0 "
            "     0      0 "),
        "proc/zoneinfo": text(
            "Node 0, zone      DMA", "  per-node stats", "      nr_inactive_anon 95612",
            "      nr_active_anon 1175853", "  pages free     2949", "        boost    0",
            "        min      8", "        low      11", "        high     14",
            "        spanned  4095", "        present  3997", "        managed  3973",
            "        protection: (0, 2039, 31932)", "      nr_free_pages 2949",
            "      numa_hit     1", "  pagesets", "    cpu: 0", "              count: 1",
            "              high:  0", "  node_unreclaimable:  0",
            "Node 0, zone   Normal", "  pages free     7041", "        min      15757",
            "        low      23461", "        high     31165", "        spanned  7806976",
            "        present  7806976", "        managed  7654794",
            "        protection: (0, 0, 0)", "      nr_free_pages 7041"),
    }
    for node in range(2):
        folder = f"sys/devices/system/node/node{node}"
        tree[f"{folder}/meminfo"] = text(*(
            f"Node {node} {name + ':':<16} {(node + 1) * 1000 + place} kB"
            for place, name in enumerate(
                ("MemTotal", "MemFree", "MemUsed", "Active", "Active(anon)", "FilePages"))),
            f"Node {node} HugePages_Total:     {node}")
        tree[f"{folder}/numastat"] = text(*(
            f"{name} {(node + 1) * 100 + place}" for place, name in enumerate((
                "numa_hit", "numa_miss", "numa_foreign", "interleave_hit", "local_node",
                "other_node"))))
    return tree


# MARK: system

def system() -> Tree:
    def process(number: int, name: str, state: str, threads: int) -> bytes:
        return text(f"{number} ({name}) {state} 1 {number} {number} 0 -1 4194560 61 16 0 0 10 59 0 "
                    f"0 20 0 {threads} 0 5 111616000 3047 18446744073709551615 1 1 0 0 0 0 "
                    "671173123 4096 1260 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0")

    tree = {
        "proc/pressure/cpu": text("some avg10=0.00 avg60=0.00 avg300=0.00 total=14036781",
                                  "full avg10=0.00 avg60=0.00 avg300=0.00 total=0"),
        "proc/pressure/io": text("some avg10=0.18 avg60=0.34 avg300=0.10 total=159886802",
                                 "full avg10=0.18 avg60=0.34 avg300=0.10 total=159229614"),
        "proc/pressure/memory": text("some avg10=0.00 avg60=0.00 avg300=0.00 total=12",
                                     "full avg10=0.00 avg60=0.00 avg300=0.00 total=3"),
        "proc/pressure/irq": text("full avg10=0.00 avg60=0.00 avg300=0.00 total=8494"),
        "proc/sys/fs/file-nr": text("1024\t0\t1631329"),
        "proc/sys/kernel/random/entropy_avail": text("256"),
        "proc/sys/kernel/random/poolsize": text("256"),
        "proc/sys/kernel/threads-max": text("7801"),
        "proc/sys/kernel/pid_max": text("4194304"),
        "proc/sys/kernel/hung_task_detect_count": text("3"),
        "proc/cgroups": text(
            "#subsys_name\thierarchy\tnum_cgroups\tenabled", "cpuset\t0\t47\t1", "cpu\t0\t172\t1",
            "debug\t0\t1\t0"),
        "rootfs/etc/os-release": text(
            'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"', 'NAME="Debian GNU/Linux"',
            'VERSION_ID="12"', 'VERSION="12 (bookworm)"', "VERSION_CODENAME=bookworm",
            "ID=debian", "# a comment", "", "SUPPORT_END=2028-06-30",
            'HOME_URL="https://www.debian.org/"'),
        "sys/fs/selinux/enforce": b"1",
        "rootfs/etc/selinux/config": text("SELINUX=enforcing", "SELINUXTYPE=targeted"),
        "proc/1/attr/current": b"system_u:system_r:kernel_t:s0\x00",
    }
    for number, name, state, threads in ((1, "systemd", "S", 1), (77, "a (b) c", "R", 2),
                                         (78, "kworker/0:1", "I", 1)):
        tree[f"proc/{number}/stat"] = process(number, name, state, threads)
        for thread in range(threads):
            tree[f"proc/{number}/task/{number + thread}/stat"] = process(
                number + thread, name, "S" if thread else state, threads)
    return tree
