#include "CLinuxSockets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int clinux_stream_socket(int family) {
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int clinux_close_on_exec_never_block(int descriptor) {
  int flags = fcntl(descriptor, F_GETFD);
  if (flags < 0 || fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) < 0) return -1;
  int status = fcntl(descriptor, F_GETFL);
  if (status < 0) return -1;
  return fcntl(descriptor, F_SETFL, status | O_NONBLOCK);
}

static int fill(struct sockaddr_un *address, const char *path, size_t length) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (length == 0 || length >= sizeof address->sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(address->sun_path, path, length);
  return 0;
}

int clinux_bind_path(int descriptor, const char *path, size_t length) {
  struct sockaddr_un address;
  if (fill(&address, path, length) != 0) return -1;
  return bind(descriptor, (const struct sockaddr *)&address, sizeof address);
}

int clinux_connect_path(int descriptor, const char *path, size_t length) {
  struct sockaddr_un address;
  if (fill(&address, path, length) != 0) return -1;
  return connect(descriptor, (const struct sockaddr *)&address, sizeof address);
}

size_t clinux_local_path(int descriptor, char *path, size_t capacity) {
  struct sockaddr_un address;
  socklen_t size = sizeof address;
  memset(&address, 0, sizeof address);
  if (getsockname(descriptor, (struct sockaddr *)&address, &size) != 0) return 0;
  if (address.sun_family != AF_UNIX) return 0;
  size_t length = strnlen(address.sun_path, sizeof address.sun_path);
  if (length > capacity) length = capacity;
  memcpy(path, address.sun_path, length);
  return length;
}

int clinux_accept(int descriptor, void *peer, uint32_t *length) {
  return accept4(descriptor, (struct sockaddr *)peer, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

long clinux_send_now(int descriptor, const void *bytes, size_t length) {
  return send(descriptor, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int clinux_peer_process(int descriptor) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  memset(&peer, 0, sizeof peer);
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
  return peer.pid > 0 ? peer.pid : 0;
}

int64_t clinux_tcp_received(int descriptor) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  memset(&info, 0, sizeof info);
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return -1;
  if (size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
    return -1;
  return (int64_t)info.tcpi_bytes_received;
}

int64_t clinux_tcp_acknowledged(int descriptor) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  memset(&info, 0, sizeof info);
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return -1;
  if (size < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked) return -1;
  return (int64_t)info.tcpi_bytes_acked;
}

int clinux_is_half_closed(int descriptor) {
  char byte;
  return recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

int clinux_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int epoll_add(int epoll, int descriptor, uint32_t events, uint64_t number) {
  struct epoll_event event = {.events = events, .data.u64 = number};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int clinux_epoll_add_readable(int epoll, int descriptor, uint64_t number) {
  return epoll_add(epoll, descriptor, EPOLLIN, number);
}

int clinux_epoll_add_half_close(int epoll, int descriptor, uint64_t number) {
  return epoll_add(epoll, descriptor, EPOLLRDHUP | EPOLLONESHOT, number);
}

int clinux_epoll_wait(int epoll, uint64_t *numbers, int capacity, int milliseconds) {
  struct epoll_event events[32];
  if (capacity > 32) capacity = 32;
  // Not epoll_wait, which CLinux.c replaces.
  int count = epoll_pwait(epoll, events, capacity, milliseconds, NULL);
  for (int index = 0; index < count; index++) numbers[index] = events[index].data.u64;
  return count;
}

int clinux_is_listening_stream(int descriptor) {
  int type = 0;
  int listening = 0;
  socklen_t size = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return -1;
  size = sizeof listening;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) return -1;
  return type == SOCK_STREAM && listening != 0;
}
