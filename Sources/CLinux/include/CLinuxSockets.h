// Sockets: flags, addresses and structures that the overlay does not import.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A non-blocking stream socket that closes on exec; -1 with errno on failure.
int clinux_stream_socket(int family);

// Sets both flags on an inherited descriptor; -1 with errno if it is not open.
int clinux_close_on_exec_never_block(int descriptor);

// bind(2) and connect(2) to a path: sockaddr_un's array is a tuple in Swift. A path of more bytes
// than the kernel takes is ENAMETOOLONG.
int clinux_bind_path(int descriptor, const char *path, size_t length);
int clinux_connect_path(int descriptor, const char *path, size_t length);

// The local path of a Unix socket, not terminated: its length, 0 if it has no path.
size_t clinux_local_path(int descriptor, char *path, size_t capacity);

// accept4(2), a GNU extension: a non-blocking connection that closes on exec and its peer's address; -1
// with errno on failure. `length` is the size of `peer`, then the size of the address.
int clinux_accept(int descriptor, void *peer, uint32_t *length);

// send(2) without SIGPIPE and without blocking; returns what send(2) returns.
long clinux_send_now(int descriptor, const void *bytes, size_t length);

// The process that opened the other end of a Unix socket (SO_PEERCRED; struct ucred is a GNU
// extension); 0 for other sockets.
int clinux_peer_process(int descriptor);

// Bytes that a TCP socket has received (tcpi_bytes_received, which glibc's tcp_info lacks); -1 for
// other sockets.
int64_t clinux_tcp_received(int descriptor);

// Bytes that the peer of a TCP socket has acknowledged (tcpi_bytes_acked); -1 for other sockets.
int64_t clinux_tcp_acknowledged(int descriptor);

// Whether the peer has closed its sending side and all its bytes have been read.
int clinux_is_half_closed(int descriptor);

// epoll(7), whose constants and union the overlay does not import. An instance that closes on exec.
int clinux_epoll(void);
// Watches a descriptor for reading, or once for its peer's closing of the sending side (EPOLLRDHUP).
int clinux_epoll_add_readable(int epoll, int descriptor, uint64_t number);
int clinux_epoll_add_half_close(int epoll, int descriptor, uint64_t number);
// Waits and stores the numbers of the descriptors with events; how many, or -1 with errno.
int clinux_epoll_wait(int epoll, uint64_t *numbers, int capacity, int milliseconds);

// 1 for a listening stream socket, 0 for another socket, -1 with errno if it is not a socket.
int clinux_is_listening_stream(int descriptor);

#ifdef __cplusplus
}
#endif
