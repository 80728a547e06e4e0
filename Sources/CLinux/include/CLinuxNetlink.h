// netlink(7): its constants are macros with casts and its requests C structures, which the overlay
// does not import.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Sockets that close on exec, or -1 with errno: for requests of rtnetlink and of sock_diag (reads of
// both time out after a second), and a non-blocking one for events of links.
int clinux_link_socket(void);
int clinux_diagnosis_socket(void);
int clinux_link_event_socket(void);

// Requests (NLM_F_DUMP): all links with their statistics, the 64-bit counters of all links, all IPv4
// neighbours, all routes, all TCP sockets of an address family. 0, or -1 with errno.
int clinux_link_request(int descriptor, uint32_t sequence);
int clinux_link_statistics_request(int descriptor, uint32_t sequence);
int clinux_neighbour_request(int descriptor, uint32_t sequence);
int clinux_route_request(int descriptor, uint32_t sequence);
int clinux_connection_request(int descriptor, uint32_t sequence, int family);

// The name of a link by its index (SIOCGIFNAME) into 16 bytes; its length, 0 if there is no such link.
long clinux_link_name(int descriptor, uint32_t index, void *name);

#ifdef __cplusplus
}
#endif
