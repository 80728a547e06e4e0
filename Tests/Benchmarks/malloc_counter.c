// Counts a program's allocations from outside:
//   LD_PRELOAD=malloc_counter.so MALLOC_COUNTER=/path/of/counters program
// The file holds four 64-bit numbers in the machine's byte order, alive while the program runs:
// calls that allocate, calls of realloc, calls of free, bytes asked for.
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// The aliases of malloc that glibc exports; dlsym would itself allocate.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

struct counters {
    _Atomic uint64_t allocations, reallocations, frees, bytes;
};

static struct counters unseen;
static struct counters *counters = &unseen;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("MALLOC_COUNTER");
    if (path == NULL) return;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return;
    if (ftruncate(file, sizeof *counters) == 0) {
        void *place = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (place != MAP_FAILED) counters = place;
    }
    close(file);
}

static void count(size_t bytes) {
    atomic_fetch_add_explicit(&counters->allocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counters->bytes, bytes, memory_order_relaxed);
}

void *malloc(size_t bytes) {
    count(bytes);
    return __libc_malloc(bytes);
}

void *calloc(size_t number, size_t bytes) {
    count(number * bytes);
    return __libc_calloc(number, bytes);
}

void *realloc(void *place, size_t bytes) {
    atomic_fetch_add_explicit(&counters->reallocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counters->bytes, bytes, memory_order_relaxed);
    return __libc_realloc(place, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void **place, size_t alignment, size_t bytes) {
    *place = memalign(alignment, bytes);
    return *place == NULL ? 12 : 0;
}

void free(void *place) {
    if (place != NULL) atomic_fetch_add_explicit(&counters->frees, 1, memory_order_relaxed);
    __libc_free(place);
}
