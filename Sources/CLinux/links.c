#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "CLinux.h"

int clinux_link_socket(void) {
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) return -1;
  struct timeval second = {.tv_sec = 1};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  return descriptor;
}

int clinux_link_changes(void) {
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (descriptor < 0) return -1;
  struct sockaddr_nl links = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  if (bind(descriptor, (struct sockaddr *)&links, sizeof links) == 0) return descriptor;
  close(descriptor);
  return -1;
}

int clinux_link_statistics_request(int descriptor, uint32_t sequence) {
  struct {
    struct nlmsghdr header;
    struct if_stats_msg statistics;
  } request = {
      .header = {.nlmsg_len = sizeof request,
                 .nlmsg_type = RTM_GETSTATS,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                 .nlmsg_seq = sequence},
      .statistics.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64),
  };
  return send(descriptor, &request, sizeof request, 0) == (ssize_t)sizeof request ? 0 : -1;
}

int clinux_link_request(int descriptor, uint32_t sequence) {
  struct {
    struct nlmsghdr header;
    struct ifinfomsg link;
    struct rtattr attribute;
    uint32_t filter;
  } request = {
      .header = {.nlmsg_len = sizeof request,
                 .nlmsg_type = RTM_GETLINK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                 .nlmsg_seq = sequence},
      .attribute = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK},
      // Without the per-protocol statistics that nobody here reads; the link's own still come.
      .filter = RTEXT_FILTER_SKIP_STATS,
  };
  return send(descriptor, &request, sizeof request, 0) == (ssize_t)sizeof request ? 0 : -1;
}
