// Preloaded: every fsync and fdatasync takes SLOW_SYNC_US microseconds longer.
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int slowly(const char *name, int descriptor) {
  const char *microseconds = getenv("SLOW_SYNC_US");
  if (microseconds != NULL) usleep(atoi(microseconds));
  int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  return sync(descriptor);
}

int fsync(int descriptor) { return slowly("fsync", descriptor); }
int fdatasync(int descriptor) { return slowly("fdatasync", descriptor); }
