// Sends one request again and again on keep-alive connections to 127.0.0.1 and counts the answers.
//   pusher PORT CONNECTIONS SECONDS REQUEST-FILE
// Prints how many were answered with a status below 300, how many otherwise, and the microseconds
// within which half of the answers came, 99 of 100, and all.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct wire {
  int descriptor;
  size_t sent;
  size_t received;
  double began;
  char answer[4096];
};

static char *request;
static size_t request_count;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double *waits;
static size_t wait_count, wait_room;

static void note(double seconds) {
  if (wait_count == wait_room) {
    wait_room = wait_room == 0 ? 1 << 16 : 2 * wait_room;
    waits = realloc(waits, wait_room * sizeof *waits);
    if (waits == NULL) fail("realloc");
  }
  waits[wait_count++] = seconds;
}

static int compare(const void *one, const void *other) {
  const double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

// The microseconds that this share of all answers did not exceed.
static double quantile(double share) {
  return wait_count == 0 ? 0 : waits[(size_t)(share * (wait_count - 1))] * 1e6;
}

static void send_more(struct wire *wire) {
  while (wire->sent < request_count) {
    const ssize_t count =
        send(wire->descriptor, request + wire->sent, request_count - wire->sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) fail("send");
    wire->sent += count;
  }
}

// The status of a whole answer, 0 when it is not whole.
static int receive(struct wire *wire) {
  const ssize_t count = recv(wire->descriptor, wire->answer + wire->received,
                             sizeof wire->answer - 1 - wire->received, 0);
  if (count < 0 && errno == EAGAIN) return 0;
  if (count <= 0) fail("recv");
  wire->received += count;
  wire->answer[wire->received] = 0;
  const char *end = strstr(wire->answer, "\r\n\r\n");
  if (end == NULL) return 0;
  const char *length = strcasestr(wire->answer, "\r\ncontent-length:");
  const size_t body = length == NULL ? 0 : strtoul(length + 17, NULL, 10);
  if (wire->received < (size_t)(end + 4 - wire->answer) + body) return 0;
  wire->received = 0;
  return atoi(wire->answer + 9);
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  FILE *file = fopen(arguments[4], "rb");
  if (file == NULL) fail(arguments[4]);
  request = malloc(64 << 20);
  request_count = fread(request, 1, 64 << 20, file);
  const int connections = atoi(arguments[2]);
  struct wire *wires = calloc(connections, sizeof *wires);
  const int poll = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int index = 0; index < connections; ++index) {
    struct wire *wire = wires + index;
    wire->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(wire->descriptor, (struct sockaddr *)&address, sizeof address)) fail("connect");
    int yes = 1;
    setsockopt(wire->descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(wire->descriptor, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = wire};
    epoll_ctl(poll, EPOLL_CTL_ADD, wire->descriptor, &event);
    wire->began = now();
    send_more(wire);
  }
  long good = 0, bad = 0;
  const double end = now() + atof(arguments[3]);
  while (now() < end) {
    struct epoll_event events[64];
    const int ready = epoll_wait(poll, events, 64, 100);
    for (int index = 0; index < ready; ++index) {
      struct wire *wire = events[index].data.ptr;
      if (wire->sent < request_count) send_more(wire);
      int status;
      while ((events[index].events & EPOLLIN) && (status = receive(wire)) != 0) {
        status < 300 ? ++good : ++bad;
        const double time = now();
        note(time - wire->began);
        wire->began = time;
        wire->sent = 0;
        send_more(wire);
      }
    }
  }
  qsort(waits, wait_count, sizeof *waits, compare);
  printf("%ld %ld %.0f %.0f %.0f\n", good, bad, quantile(0.5), quantile(0.99), quantile(1));
  return 0;
}
