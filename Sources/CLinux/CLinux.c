#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

// libmicrohttpd 0.9.75 calls epoll_wait(2) with an array of 128 events. When the array is filled it calls
// again, without a timeout, before it serves the 128: that many clients that send at once wait until a
// further one sends. The program's symbol takes precedence over the C library's; it offers one event
// less than the array holds, so that the array is never full.
//
// While a connection is ready, the library polls with a timeout of 0 before each step of that
// connection, three times per request and nearly always without an event. Three of four such polls in a
// row return here: the event of another connection waits for at most three steps longer.
//
// epoll_pwait is what the thread sanitizer intercepts in its turn; its own symbol of epoll_wait is weak.
int epoll_wait(int poll, struct epoll_event *events, int capacity, int timeout) {
  static __thread unsigned polls_in_row;
  if (timeout != 0) {
    polls_in_row = 0;
  } else if (polls_in_row++ % 4 != 3) {
    return 0;
  }
  return epoll_pwait(poll, events, capacity > 1 ? capacity - 1 : capacity, timeout, NULL);
}

// A reload signal must not end the process before main blocks the signals it waits for: the loader and the
// Swift runtime start for some milliseconds. Commands that do not wait for SIGHUP unblock it.
__attribute__((constructor)) static void block_hangup(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int clinux_open(const char *path, int flags) {
  int file;
  do {
    file = open(path, flags | O_CLOEXEC, 0600);
  } while (file < 0 && errno == EINTR);
  return file;
}

int clinux_openat(int directory, const char *path, int flags) {
  int file;
  do {
    file = openat(directory, path, flags | O_CLOEXEC, 0600);
  } while (file < 0 && errno == EINTR);
  return file;
}

uint64_t clinux_thread_cpu_nanoseconds(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return 0;
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void clinux_map_large_blocks(void) { mallopt(M_MMAP_THRESHOLD, 256 << 10); }

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC); }

int clinux_timer(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC); }

int clinux_timer_set(int descriptor, uint64_t monotonic_nanoseconds) {
  struct itimerspec when = {
      .it_value.tv_sec = (time_t)(monotonic_nanoseconds / 1000000000u),
      .it_value.tv_nsec = (long)(monotonic_nanoseconds % 1000000000u),
  };
  return timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &when, NULL) == 0 ? 0 : errno;
}

void clinux_name_thread(const char *name) {
  char kept[16];
  strncpy(kept, name, sizeof kept - 1);
  kept[sizeof kept - 1] = 0;
  pthread_setname_np(pthread_self(), kept);
}

int64_t clinux_filesystem_magic(int descriptor) {
  struct statfs about;
  return fstatfs(descriptor, &about) == 0 ? (int64_t)about.f_type : 0;
}

int clinux_space_at(const char *path, struct clinux_space *space) {
  struct statfs about;
  while (statfs(path, &about) != 0)
    if (errno != EINTR) return errno;
  *space = (struct clinux_space){
      .block_bytes = (uint64_t)about.f_bsize,
      .blocks = about.f_blocks,
      .free_blocks = about.f_bfree,
      .available_blocks = about.f_bavail,
      .files = about.f_files,
      .free_files = about.f_ffree,
  };
  return 0;
}

long clinux_read_directory(int descriptor, void *records, size_t capacity) {
  return getdents64(descriptor, records, capacity);
}

int clinux_clock_discipline(struct clinux_clock_discipline *clock) {
  struct timex now = {.modes = 0};
  int state = adjtimex(&now);
  *clock = (struct clinux_clock_discipline){
      .offset = now.offset,
      .frequency = now.freq,
      .max_error = now.maxerror,
      .estimated_error = now.esterror,
      .status = now.status,
      .constant = now.constant,
      .tick = now.tick,
      .pps_frequency = now.ppsfreq,
      .jitter = now.jitter,
      .shift = now.shift,
      .stability = now.stabil,
      .jitter_count = now.jitcnt,
      .calibration_count = now.calcnt,
      .error_count = now.errcnt,
      .stability_count = now.stbcnt,
      .tai = now.tai,
  };
  return state;
}
