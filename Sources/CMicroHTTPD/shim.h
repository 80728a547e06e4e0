// Wrappers of libmicrohttpd's variadic functions and of a callback with a va_list, which Swift cannot
// call or write.
#pragma once
#include <microhttpd.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Receiver of libmicrohttpd's messages. It must outlive the daemon.
struct mhd_logger {
  void (*write)(void *context, const char *text, size_t length);
  void *context;
};

// Options and callbacks of a daemon; all callbacks get the same context.
struct mhd_plan {
  unsigned int worker_threads;
  unsigned int connection_limit;
  size_t connection_memory_bytes;
  struct mhd_logger *logger;
  void *context;
  MHD_AccessHandlerCallback answer;
  MHD_RequestCompletedCallback completed;
  MHD_NotifyConnectionCallback connection;
  void *(*target)(void *context, const char *uri, struct MHD_Connection *connection);
};

// Swift cannot write a callback that takes a va_list.
static inline void mhd_format_log(void *cls, const char *format, va_list arguments) {
  const struct mhd_logger *logger = (const struct mhd_logger *)cls;
  char text[512];
  int length = vsnprintf(text, sizeof text, format, arguments);
  if (length < 0) return;
  size_t kept = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
  logger->write(logger->context, text, kept);
}

// Keeps percent escapes: Target.swift decodes them from the raw request target.
static inline size_t mhd_keep_escapes(void *cls, struct MHD_Connection *connection, char *text) {
  (void)cls;
  (void)connection;
  return strlen(text);
}

// MHD_start_daemon is variadic. 0.9.75 rejects a pool of one thread: then the option is left out.
static inline struct MHD_Daemon *mhd_start(const struct mhd_plan *plan) {
  struct MHD_OptionItem pool[] = {
      {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)plan->worker_threads, NULL},
      {MHD_OPTION_END, 0, NULL},
  };
  return MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG |
          MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET,
      0, NULL, NULL, plan->answer, plan->context,
      MHD_OPTION_EXTERNAL_LOGGER, mhd_format_log, plan->logger,
      MHD_OPTION_CONNECTION_LIMIT, plan->connection_limit,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, plan->connection_memory_bytes,
      MHD_OPTION_NOTIFY_COMPLETED, plan->completed, plan->context,
      MHD_OPTION_NOTIFY_CONNECTION, plan->connection, plan->context,
      MHD_OPTION_URI_LOG_CALLBACK, plan->target, plan->context,
      MHD_OPTION_UNESCAPE_CALLBACK, mhd_keep_escapes, NULL,
      MHD_OPTION_ARRAY, plan->worker_threads >= 2 ? pool : pool + 1,
      MHD_OPTION_END);
}

// MHD_get_connection_info is variadic.
static inline int mhd_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == NULL ? -1 : info->connect_fd;
}

// MHD_get_connection_info is variadic. The address that the connection was added with.
static inline const struct sockaddr *mhd_peer_address(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  return info == NULL ? NULL : info->client_addr;
}

// Ends the query of a request target behind its question mark, in the memory of libmicrohttpd, whose
// callback passes it as const. Called from MHD_OPTION_URI_LOG_CALLBACK, which is followed by the parsing
// of the query.
static inline void mhd_hide_query(const char *uri) {
  char *query = uri == NULL ? NULL : strchr((char *)uri, '?');
  if (query != NULL) query[1] = 0;
}

// MHD_get_connection_info is variadic. The value that NOTIFY_CONNECTION stored for this socket.
static inline void *mhd_socket_context(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == NULL ? NULL : info->socket_context;
}
