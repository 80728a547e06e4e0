// A stand-in for NVIDIA's management library with the same binary interface, for tests.
//   cc -shared -fPIC -o libnvidia-ml.so.1 nvml.c
//
// The file beside the library, called as it with `.settings`, steers it; it is read again at each
// call that matters: a line `KEY VALUE`. Without a file there are two healthy GPUs.
//   devices N        how many GPUs (2)
//   start CODE       what nvmlInit answers (0)
//   lost N           GPU N is lost (-1)
//   code NAME CODE   what the call NAME answers instead of its value
//   mig N            GPU N is partitioned in two (-1)
//   counters 0|1     whether fields count PCIe bytes (1)
//   fields 0|1       whether fields are supported at all (1)
//   slow MS          every call about power takes so long (0)
//   step N           added to all counters
//   pid N            the process that uses the GPUs (4242)
//   wild 1           answers that no driver gives: all bits set, texts without an end (0)
// Compiled with -DOLD it has only what a library of 2014 had.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  success = 0, uninitialized = 1, invalid = 2, unsupported = 3, forbidden = 4, absent = 6,
  small = 7, lost = 15
};

struct device { unsigned index; int is_part; unsigned part; };
static struct device devices[8];
static int users;

// Reads without allocating, so that tests can count what the daemon allocates.
static int setting(const char *wanted, const char *name, long *value) {
  Dl_info about;
  char path[4096], text[4096];
  if (!dladdr((void *)setting, &about)) return 0;
  snprintf(path, sizeof path, "%s.settings", about.dli_fname);
  int file = open(path, O_RDONLY);
  if (file < 0) return 0;
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  text[size < 0 ? 0 : size] = 0;
  char key[64], second[64];
  long number;
  int found = 0;
  for (char *line = text; line; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (name) {
      if (sscanf(line, "%63s %63s %ld", key, second, &number) != 3) continue;
      if (strcmp(key, wanted) || strcmp(second, name)) continue;
    } else {
      if (sscanf(line, "%63s %ld", key, &number) != 2 || strcmp(key, wanted)) continue;
    }
    *value = number;
    found = 1;
  }
  return found;
}

static long number(const char *key, long otherwise) {
  long value = otherwise;
  setting(key, NULL, &value);
  return value;
}

// Whether the call is answered at all; its own code, or that of the device.
static int check(struct device *device, const char *call) {
  long code = success;
  if (users == 0) return uninitialized;
  if (device && number("lost", -1) == (long)device->index) return lost;
  setting("code", call, &code);
  return (int)code;
}
static int wild(void) { return number("wild", 0) != 0; }

#define CHECK(device) \
  do { \
    int code_ = check(device, __func__); \
    if (code_ != success) return code_; \
  } while (0)

int nvmlInit(void) {
  long code = number("start", success);
  if (code == success) users++;
  return (int)code;
}

int nvmlShutdown(void) {
  if (users == 0) return uninitialized;
  users--;
  return success;
}

const char *nvmlErrorString(int code) {
  switch (code) {
    case success: return "The operation was successful";
    case uninitialized: return "Uninitialized";
    case invalid: return "Invalid Argument";
    case unsupported: return "Not Supported";
    case 9: return "Driver Not Loaded";
    case lost: return "GPU is lost";
    case 18: return "Driver/library version mismatch";
  }
  return "Unknown Error";
}

int nvmlSystemGetDriverVersion(char *text, unsigned size) {
  CHECK(NULL);
  if (size < 11) return small;
  strcpy(text, "570.133.20");
  return success;
}

int nvmlDeviceGetCount(unsigned *count) {
  CHECK(NULL);
  *count = (unsigned)number("devices", 2);
  return success;
}

int nvmlDeviceGetHandleByIndex(unsigned index, struct device **device) {
  if (index >= (unsigned)number("devices", 2) || index >= 8) return invalid;
  devices[index].index = index;
  *device = &devices[index];
  CHECK(*device);
  return success;
}

int nvmlDeviceGetName(struct device *device, char *text, unsigned size) {
  CHECK(device);
  if (wild()) {
    memset(text, 0xFE, size);
    return success;
  }
  if (device->is_part)
    snprintf(text, size, "NVIDIA Stand-in 80GB MIG %ug.10gb", device->part + 1);
  else
    snprintf(text, size, "NVIDIA Stand-in 80GB");
  return success;
}

int nvmlDeviceGetUUID(struct device *device, char *text, unsigned size) {
  CHECK(device);
  if (device->is_part)
    snprintf(text, size, "MIG-%08x-0000-0000-0000-%012x", device->index, device->part);
  else
    snprintf(text, size, "GPU-%08x-0000-0000-0000-000000000000", device->index);
  return success;
}

int nvmlDeviceGetMinorNumber(struct device *device, unsigned *minor) {
  CHECK(device);
  *minor = device->index;
  return success;
}

int nvmlDeviceGetUtilizationRates(struct device *device, unsigned percent[2]) {
  CHECK(device);
  if (number("mig", -1) == (long)device->index) return unsupported;
  percent[0] = wild() ? 0xFFFFFFFFu : 37 + device->index;
  percent[1] = wild() ? 101 : 12;
  return success;
}

static void memory(struct device *device, unsigned long long *total, unsigned long long *used) {
  *total = device->is_part ? 10ull << 30 : 80ull << 30;
  *used = device->is_part ? 1ull << 30 : (3ull + device->index) << 30;
}

int nvmlDeviceGetMemoryInfo(struct device *device, unsigned long long memories[3]) {
  CHECK(device);
  memory(device, &memories[0], &memories[2]);
  memories[2] += 512ull << 20;
  memories[1] = memories[0] - memories[2];
  return success;
}

int nvmlDeviceGetTemperature(struct device *device, int sensor, unsigned *degrees) {
  CHECK(device);
  if (sensor != 0) return invalid;
  *degrees = 41 + device->index;
  return success;
}

int nvmlDeviceGetPowerUsage(struct device *device, unsigned *milliwatts) {
  CHECK(device);
  long wait = number("slow", 0);
  struct timespec pause = {wait / 1000, wait % 1000 * 1000000};
  nanosleep(&pause, NULL);
  *milliwatts = 70123 + device->index;
  return success;
}

int nvmlDeviceGetPowerManagementLimit(struct device *device, unsigned *milliwatts) {
  CHECK(device);
  *milliwatts = 400000;
  return success;
}

int nvmlDeviceGetClockInfo(struct device *device, int domain, unsigned *megahertz) {
  static const unsigned clocks[] = {1410, 1411, 1593, 1275};
  CHECK(device);
  if (domain < 0 || domain > 3) return invalid;
  *megahertz = clocks[domain];
  return success;
}

int nvmlDeviceGetTotalEccErrors(
    struct device *device, int kind, int counter, unsigned long long *count) {
  CHECK(device);
  *count = wild() ? ~0ull : (unsigned long long)(counter * 10 + kind + number("step", 0));
  return success;
}

struct process_1 { unsigned pid; unsigned long long memory; };

int nvmlDeviceGetComputeRunningProcesses(
    struct device *device, unsigned *count, struct process_1 *processes) {
  CHECK(device);
  if (*count < 1) {
    *count = 1;
    return small;
  }
  processes[0] = (struct process_1){(unsigned)number("pid", 4242), 2ull << 30};
  *count = 1;
  return success;
}

#ifndef OLD
int nvmlInit_v2(void) { return nvmlInit(); }

int nvmlInitWithFlags(unsigned flags) {
  (void)flags;
  return nvmlInit();
}

int nvmlDeviceGetCount_v2(unsigned *count) { return nvmlDeviceGetCount(count); }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device) {
  return nvmlDeviceGetHandleByIndex(index, device);
}

struct pci { char legacy[16]; unsigned domain, bus, device, id, subsystem; char id_text[32]; };

int nvmlDeviceGetPciInfo_v3(struct device *device, struct pci *pci) {
  CHECK(device);
  memset(pci, 0, sizeof *pci);
  snprintf(pci->id_text, sizeof pci->id_text, "00000000:%02X:00.0", device->index + 1);
  return success;
}

struct memory_2 { unsigned version; unsigned long long total, reserved, free, used; };

int nvmlDeviceGetMemoryInfo_v2(struct device *device, struct memory_2 *now) {
  CHECK(device);
  if (now->version != (sizeof *now | 2u << 24)) return 25;
  memory(device, &now->total, &now->used);
  now->reserved = 512ull << 20;
  now->free = now->total - now->used - now->reserved;
  return success;
}

int nvmlDeviceGetEnforcedPowerLimit(struct device *device, unsigned *milliwatts) {
  CHECK(device);
  *milliwatts = 350000;
  return success;
}

int nvmlDeviceGetTotalEnergyConsumption(struct device *device, unsigned long long *millijoules) {
  CHECK(device);
  *millijoules = wild() ? ~0ull : 1234567890123ull + (unsigned long long)number("step", 0);
  return success;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(struct device *device, unsigned long long *bits) {
  CHECK(device);
  *bits = wild() ? ~0ull : 0x1 | 0x4 | 0x40;
  return success;
}

int nvmlDeviceGetEncoderUtilization(struct device *device, unsigned *percent, unsigned *period) {
  CHECK(device);
  *percent = 5;
  *period = 1000;
  return success;
}

int nvmlDeviceGetDecoderUtilization(struct device *device, unsigned *percent, unsigned *period) {
  CHECK(device);
  *percent = 6;
  *period = 1000;
  return success;
}

int nvmlDeviceGetPcieThroughput(struct device *device, int direction, unsigned *kilobytes) {
  CHECK(device);
  struct timespec pause = {0, 20 * 1000000};
  nanosleep(&pause, NULL);
  *kilobytes = direction == 0 ? 1000000 : 2000000;
  return success;
}

struct field {
  unsigned id, scope;
  long long timestamp, latency;
  int type, code;
  unsigned long long value;
};

static void answer(struct field *field, int type, unsigned long long value) {
  field->type = type;
  field->code = success;
  field->value = value;
}

int nvmlDeviceGetFieldValues(struct device *device, int count, struct field *fields) {
  CHECK(device);
  if (!number("fields", 1)) return unsupported;
  unsigned long long step = (unsigned long long)number("step", 0);
  for (int index = 0; index < count; index++) {
    struct field *field = &fields[index];
    field->code = unsupported;
    int counts = (int)number("counters", 1);
    switch (field->id) {
      case 197: if (counts) answer(field, 3, 5000000000ull + step); break;
      case 198: if (counts) answer(field, 3, 6000000000ull + step); break;
      case 138: if (field->scope == 0xFFFFFFFFu) answer(field, 3, 7000000ull + step); break;
      case 139: if (field->scope == 0xFFFFFFFFu) answer(field, 3, 8000000ull + step); break;
      case 82: answer(field, 1, 55); break;
      case 94: answer(field, 1, 9); break;
      case 142: answer(field, 1, 1); break;
      case 143: answer(field, 1, 2); break;
      case 145: answer(field, 1, 0); break;
    }
  }
  return success;
}

int nvmlDeviceGetMigMode(struct device *device, unsigned *now, unsigned *pending) {
  CHECK(device);
  *now = *pending = number("mig", -1) == (long)device->index;
  return success;
}

int nvmlDeviceGetMaxMigDeviceCount(struct device *device, unsigned *count) {
  CHECK(device);
  *count = 7;
  return success;
}

static struct device parts[8][2];

int nvmlDeviceGetMigDeviceHandleByIndex(
    struct device *device, unsigned index, struct device **part) {
  CHECK(device);
  // Places may be empty between others.
  if (index != 0 && index != 3) return absent;
  struct device *found = &parts[device->index][index ? 1 : 0];
  *found = (struct device){device->index, 1, index ? 1 : 0};
  *part = found;
  return success;
}

int nvmlDeviceGetGpuInstanceId(struct device *part, unsigned *id) {
  CHECK(part);
  *id = 7 + part->part;
  return success;
}

int nvmlDeviceGetComputeInstanceId(struct device *part, unsigned *id) {
  CHECK(part);
  *id = 0;
  return success;
}

// Only root may ask a partitioned device for the processes of all its parts.
static int is_partitioned(const struct device *device) {
  return !device->is_part && number("mig", -1) == (long)device->index;
}

struct process_2 { unsigned pid; unsigned long long memory; unsigned instance, compute_instance; };

int nvmlDeviceGetComputeRunningProcesses_v3(
    struct device *device, unsigned *count, struct process_2 *processes) {
  CHECK(device);
  if (is_partitioned(device)) return forbidden;
  if (*count < 2) {
    *count = 2;
    return small;
  }
  unsigned instance = device->is_part ? 7 + device->part : 0xFFFFFFFFu;
  unsigned compute_instance = device->is_part ? 0 : 0xFFFFFFFFu;
  processes[0] = (struct process_2){(unsigned)number("pid", 4242), 2ull << 30, instance, compute_instance};
  // Not permitted to know.
  processes[1] = (struct process_2){4243, ~0ull, instance, compute_instance};
  *count = wild() ? 0xFFFFFFFFu : 2;
  return success;
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(
    struct device *device, unsigned *count, struct process_2 *processes) {
  CHECK(device);
  if (is_partitioned(device)) return forbidden;
  if (*count < 2) {
    *count = 2;
    return small;
  }
  unsigned instance = device->is_part ? 7 + device->part : 0xFFFFFFFFu;
  unsigned compute_instance = device->is_part ? 0 : 0xFFFFFFFFu;
  processes[0] = (struct process_2){(unsigned)number("pid", 4242), 2ull << 30, instance, compute_instance};
  processes[1] = (struct process_2){4244, 1ull << 20, instance, compute_instance};
  *count = 2;
  return success;
}
#endif
