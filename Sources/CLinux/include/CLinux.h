// Calls and constants of Linux that the Glibc overlay of Swift hides.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "CLinuxNetlink.h"
#include "CLinuxSockets.h"

#ifdef __cplusplus
extern "C" {
#endif

// Magic numbers of statfs(2) as plain integers: the overlay imports macros with casts as nothing.
enum {
  clinux_proc_super_magic = 0x9fa0,
  clinux_sysfs_magic = 0x62656572,
  clinux_cgroup2_super_magic = 0x63677270,
};

// open(2) is variadic, which Swift cannot call.
int clinux_open(const char *path, int flags);
int clinux_openat(int directory, const char *path, int flags);

// CPU time of the calling thread in nanoseconds; CLOCK_THREAD_CPUTIME_ID is a macro with a cast.
uint64_t clinux_thread_cpu_nanoseconds(void);

// Makes malloc(3) map every block of 256 KiB or more on its own, so that freed pages of the exposition
// return to the system; by default the threshold grows with the first large block that is freed
// (mallopt(3), M_MMAP_THRESHOLD). The overlay has no <malloc.h>.
void clinux_map_large_blocks(void);

// eventfd(2), which is in no module of the overlay. Closes on exec.
int clinux_eventfd(void);

// timerfd_create(2) on the monotonic clock, which is in no module of the overlay. Closes on exec.
int clinux_timer(void);
// Makes the descriptor readable at that time; 0 disarms it. Returns 0 or the errno.
int clinux_timer_set(int descriptor, uint64_t monotonic_nanoseconds);

// getdents64(2): the bytes of the next records of a directory, 0 at its end, -1 with errno.
long clinux_read_directory(int descriptor, void *records, size_t capacity);

// adjtimex(2) in read-only mode; its header is in no module of the overlay. Fields as in struct timex.
// Returns the clock's state, or -1 with errno.
struct clinux_clock_discipline {
  int64_t offset, frequency, max_error, estimated_error, status, constant, tick;
  int64_t pps_frequency, jitter, shift, stability, jitter_count, calibration_count, error_count,
      stability_count, tai;
};
int clinux_clock_discipline(struct clinux_clock_discipline *clock);

// statfs(2), whose structure and call share a name that the overlay does not import. Sizes in
// blocks of block_bytes.
struct clinux_space {
  uint64_t block_bytes, blocks, free_blocks, available_blocks, files, free_files;
};
// Returns 0 or the errno.
int clinux_space_at(const char *path, struct clinux_space *space);

// pthread_setname_np is a GNU extension. At most 15 bytes are kept.
void clinux_name_thread(const char *name);

// malloc_trim(3): gives memory that is free in the heap back to the kernel.
void clinux_trim_memory(void);

// The type of the filesystem an open descriptor lives on, 0 when unknown.
int64_t clinux_filesystem_magic(int descriptor);

#ifdef __cplusplus
}
#endif
