#include "CLinuxNetlink.h"

#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int request_socket(int protocol) {
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (descriptor < 0) return -1;
  struct timeval second = {.tv_sec = 1};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  return descriptor;
}

int clinux_link_socket(void) { return request_socket(NETLINK_ROUTE); }

int clinux_diagnosis_socket(void) { return request_socket(NETLINK_SOCK_DIAG); }

int clinux_link_event_socket(void) {
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (descriptor < 0) return -1;
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
    close(descriptor);
    return -1;
  }
  return descriptor;
}

static int send_all(int descriptor, const void *request, size_t length) {
  return send(descriptor, request, length, 0) == (ssize_t)length ? 0 : -1;
}

static struct nlmsghdr dump(size_t length, uint16_t type, uint32_t sequence) {
  return (struct nlmsghdr){
      .nlmsg_len = (uint32_t)length,
      .nlmsg_type = type,
      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
      .nlmsg_seq = sequence,
  };
}

int clinux_link_request(int descriptor, uint32_t sequence) {
  struct {
    struct nlmsghdr header;
    struct ifinfomsg link;
    struct rtattr attribute;
    uint32_t filter;
  } request = {
      .header = dump(sizeof request, RTM_GETLINK, sequence),
      .attribute = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK},
      // Skips the per-protocol statistics, which this program does not use; the link's own counters
      // are still sent.
      .filter = RTEXT_FILTER_SKIP_STATS,
  };
  return send_all(descriptor, &request, sizeof request);
}

int clinux_link_statistics_request(int descriptor, uint32_t sequence) {
  struct {
    struct nlmsghdr header;
    struct if_stats_msg statistics;
  } request = {
      .header = dump(sizeof request, RTM_GETSTATS, sequence),
      .statistics.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64),
  };
  return send_all(descriptor, &request, sizeof request);
}

int clinux_neighbour_request(int descriptor, uint32_t sequence) {
  struct {
    struct nlmsghdr header;
    struct ndmsg neighbour;
  } request = {
      .header = dump(sizeof request, RTM_GETNEIGH, sequence),
      .neighbour = {.ndm_family = AF_INET},
  };
  return send_all(descriptor, &request, sizeof request);
}

int clinux_route_request(int descriptor, uint32_t sequence) {
  struct {
    struct nlmsghdr header;
    struct rtmsg route;
  } request = {.header = dump(sizeof request, RTM_GETROUTE, sequence)};
  return send_all(descriptor, &request, sizeof request);
}

int clinux_connection_request(int descriptor, uint32_t sequence, int family) {
  struct {
    struct nlmsghdr header;
    struct inet_diag_req_v2 sockets;
  } request = {
      .header = dump(sizeof request, SOCK_DIAG_BY_FAMILY, sequence),
      .sockets = {.sdiag_family = (uint8_t)family, .sdiag_protocol = IPPROTO_TCP,
                  .idiag_states = 0xFFF},
  };
  return send_all(descriptor, &request, sizeof request);
}

long clinux_link_name(int descriptor, uint32_t index, void *name) {
  struct ifreq request = {.ifr_ifindex = (int)index};
  if (ioctl(descriptor, SIOCGIFNAME, &request) != 0) return 0;
  size_t length = strnlen(request.ifr_name, IFNAMSIZ);
  memcpy(name, request.ifr_name, length);
  return (long)length;
}
