#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

// libmicrohttpd 0.9.75 has room for 128 events. When all of it is filled it first waits for more, with
// its timeout of for ever, and then serves what the 128 told: as many clients that send at once would
// wait until another came. Its call lands here, as a program's symbols come before those of libraries,
// and never finds all of its room filled.
//
// While a connection is ready it also polls without waiting before each step of that connection:
// three times per request, nearly always for nothing. Three of four such polls in a row are answered
// here: another connection's event waits for at most three steps longer.
#if !__has_feature(thread_sanitizer)
int epoll_wait(int poll, struct epoll_event *events, int room, int timeout) {
  static __thread unsigned polls_in_row;
  if (timeout != 0) {
    polls_in_row = 0;
  } else if (polls_in_row++ % 4 != 3) {
    return 0;
  }
  return epoll_pwait(poll, events, room > 1 ? room - 1 : room, timeout, NULL);
}
#endif

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

static int forget_code(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size, (void)unused;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (int index = 0; index < object->dlpi_phnum; index++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
    // A segment that can be written holds what the process has written.
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) continue;
    uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
    uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
    if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
  }
  return 0;
}

void clinux_forget_start(void) { dl_iterate_phdr(forget_code, NULL); }

void clinux_map_large_blocks(void) { mallopt(M_MMAP_THRESHOLD, 256 << 10); }

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC); }

int clinux_alarm(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC); }

int clinux_alarm_set(int descriptor, uint64_t monotonic_nanoseconds) {
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
