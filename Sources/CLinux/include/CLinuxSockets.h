// Sockets as Swift can call them: flags, addresses and structures that the overlay hides.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A stream socket that closes on exec and never blocks; -1 and errno when there is none.
int clinux_stream_socket(int family);

// Sets both flags on a descriptor somebody else opened; -1 and errno when it is not open.
int clinux_close_on_exec_never_block(int descriptor);

// bind(2) and connect(2) to a path: sockaddr_un's array is a tuple in Swift. A path of more bytes
// than the kernel takes is ENAMETOOLONG.
int clinux_bind_path(int descriptor, const char *path, size_t length);
int clinux_connect_path(int descriptor, const char *path, size_t length);

// The local path of a Unix socket, not terminated: its length, 0 when it has none.
size_t clinux_local_path(int descriptor, char *path, size_t capacity);

// Takes a waiting connection, which closes on exec and never blocks, and its peer's address; -1 and
// errno when there is none. accept4(2) is a GNU extension. `length` says how many bytes `peer` has
// and then how many are used.
int clinux_accept(int descriptor, void *peer, uint32_t *length);

// Sends without a signal and without waiting; what send(2) says.
long clinux_send_now(int descriptor, const void *bytes, size_t length);

// The process that has opened the other end of a Unix socket (SO_PEERCRED: struct ucred is a GNU
// extension); 0 for other sockets.
int clinux_peer_process(int descriptor);

// How many bytes a TCP socket has ever received (tcpi_bytes_received, which glibc's tcp_info
// lacks); -1 for other sockets.
int64_t clinux_tcp_received(int descriptor);

// Whether the other side has said that it sends no more and all it sent is read.
int clinux_is_half_closed(int descriptor);

// 1 for a stream socket that listens, 0 for another socket, -1 and errno for what is no socket.
int clinux_is_listening_stream(int descriptor);

#ifdef __cplusplus
}
#endif
