#include "CNVML.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uintptr_t device_t;

// The structures of NVML's binary interface, which older versions keep as they were.
struct utilization { unsigned int gpu, memory; };
struct memory_1 { unsigned long long total, free, used; };
struct memory_2 {
  unsigned int version;
  unsigned long long total, reserved, free, used;
};
struct process_1 {
  unsigned int pid;
  unsigned long long memory;
};
struct process_2 {
  unsigned int pid;
  unsigned long long memory;
  unsigned int gpu_instance, compute_instance;
};
struct temperature_1 {
  unsigned int version;
  int sensor, temperature;
};
struct pci_3 {
  char legacy_bus[16];
  unsigned int domain, bus, device, id, subsystem;
  char bus_id[32];
};
struct field {
  unsigned int id, scope;
  long long timestamp, latency;
  int type, code;
  union {
    double real;
    unsigned int narrow;
    unsigned long long wide;
    long long signed_wide;
    int signed_narrow;
    unsigned short brief;
  } value;
};
_Static_assert(sizeof(struct memory_2) == 40, "nvmlMemory_v2_t");
_Static_assert(sizeof(struct process_2) == 24, "nvmlProcessInfo_t");
_Static_assert(sizeof(struct pci_3) == 68, "nvmlPciInfo_t");
_Static_assert(sizeof(struct field) == 40, "nvmlFieldValue_t");

// The version of an NVML structure includes its size.
#define VERSION(type, number) ((unsigned int)(sizeof(type) | (number) << 24))

typedef int (*void_call)(void);
typedef const char *(*describe_call)(int);
typedef int (*count_call)(unsigned int *);
typedef int (*at_call)(unsigned int, device_t *);
typedef int (*system_text_call)(char *, unsigned int);
typedef int (*device_text_call)(device_t, char *, unsigned int);
typedef int (*number_call)(device_t, unsigned int *);
typedef int (*wide_call)(device_t, unsigned long long *);
typedef int (*chosen_call)(device_t, int, unsigned int *);
typedef int (*pair_call)(device_t, unsigned int *, unsigned int *);
typedef int (*ecc_call)(device_t, int, int, unsigned long long *);
typedef int (*structure_call)(device_t, void *);
typedef int (*fields_call)(device_t, int, struct field *);
typedef int (*mig_at_call)(device_t, unsigned int, device_t *);
typedef int (*processes_call)(device_t, unsigned int *, void *);

struct cnvml {
  void *handle;
  void_call start, stop;
  describe_call describe;
  count_call count;
  at_call at;
  system_text_call driver_version;
  device_text_call name, uuid;
  structure_call pci, utilization, memory_1, memory_2, temperature_v;
  number_call power, limit, minor, mig_limit, mig_instance, mig_compute_instance;
  wide_call energy, reasons;
  chosen_call temperature, clock, pcie;
  pair_call encoder, decoder, mig_mode;
  ecc_call ecc;
  fields_call fields;
  mig_at_call mig_at;
  processes_call processes[2];
  int processes_are_old[2];
};

// The first of up to three names, newest first, that the library has; NULL when it has none.
static void *symbol(const cnvml *library, const char *first, const char *second, const char *third) {
  const char *names[] = {first, second, third};
  for (int index = 0; index < 3; index++) {
    void *found = names[index] ? dlsym(library->handle, names[index]) : NULL;
    if (found) return found;
  }
  return NULL;
}

static void load(cnvml *library) {
#define LOAD(member, ...) library->member = (__typeof__(library->member))symbol(library, __VA_ARGS__)
  LOAD(start, "nvmlInit_v2", "nvmlInit", NULL);
  LOAD(stop, "nvmlShutdown", NULL, NULL);
  LOAD(describe, "nvmlErrorString", NULL, NULL);
  LOAD(count, "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount", NULL);
  LOAD(at, "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex", NULL);
  LOAD(driver_version, "nvmlSystemGetDriverVersion", NULL, NULL);
  LOAD(name, "nvmlDeviceGetName", NULL, NULL);
  LOAD(uuid, "nvmlDeviceGetUUID", NULL, NULL);
  LOAD(pci, "nvmlDeviceGetPciInfo_v3", NULL, NULL);
  LOAD(utilization, "nvmlDeviceGetUtilizationRates", NULL, NULL);
  LOAD(memory_1, "nvmlDeviceGetMemoryInfo", NULL, NULL);
  LOAD(memory_2, "nvmlDeviceGetMemoryInfo_v2", NULL, NULL);
  LOAD(temperature_v, "nvmlDeviceGetTemperatureV", NULL, NULL);
  LOAD(temperature, "nvmlDeviceGetTemperature", NULL, NULL);
  LOAD(power, "nvmlDeviceGetPowerUsage", NULL, NULL);
  LOAD(limit, "nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit", NULL);
  LOAD(energy, "nvmlDeviceGetTotalEnergyConsumption", NULL, NULL);
  LOAD(clock, "nvmlDeviceGetClockInfo", NULL, NULL);
  LOAD(ecc, "nvmlDeviceGetTotalEccErrors", NULL, NULL);
  LOAD(reasons, "nvmlDeviceGetCurrentClocksEventReasons",
       "nvmlDeviceGetCurrentClocksThrottleReasons", NULL);
  LOAD(encoder, "nvmlDeviceGetEncoderUtilization", NULL, NULL);
  LOAD(decoder, "nvmlDeviceGetDecoderUtilization", NULL, NULL);
  LOAD(minor, "nvmlDeviceGetMinorNumber", NULL, NULL);
  LOAD(pcie, "nvmlDeviceGetPcieThroughput", NULL, NULL);
  LOAD(fields, "nvmlDeviceGetFieldValues", NULL, NULL);
  LOAD(mig_mode, "nvmlDeviceGetMigMode", NULL, NULL);
  LOAD(mig_limit, "nvmlDeviceGetMaxMigDeviceCount", NULL, NULL);
  LOAD(mig_at, "nvmlDeviceGetMigDeviceHandleByIndex", NULL, NULL);
  LOAD(mig_instance, "nvmlDeviceGetGpuInstanceId", NULL, NULL);
  LOAD(mig_compute_instance, "nvmlDeviceGetComputeInstanceId", NULL, NULL);
  LOAD(processes[0], "nvmlDeviceGetComputeRunningProcesses_v3",
       "nvmlDeviceGetComputeRunningProcesses_v2", NULL);
  LOAD(processes[1], "nvmlDeviceGetGraphicsRunningProcesses_v3",
       "nvmlDeviceGetGraphicsRunningProcesses_v2", NULL);
  // The first version of these has a shorter structure.
  const char *old[] = {"nvmlDeviceGetComputeRunningProcesses",
                       "nvmlDeviceGetGraphicsRunningProcesses"};
  for (int kind = 0; kind < 2; kind++) {
    if (library->processes[kind]) continue;
    LOAD(processes[kind], old[kind], NULL, NULL);
    library->processes_are_old[kind] = 1;
  }
#undef LOAD
}

cnvml *cnvml_open(const char *path, char *message, size_t capacity) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    snprintf(message, capacity, "%s", reason ? reason : path);
    return NULL;
  }
  cnvml *library = calloc(1, sizeof *library);
  if (!library) {
    snprintf(message, capacity, "%s: no memory", path);
    dlclose(handle);
    return NULL;
  }
  library->handle = handle;
  load(library);
  return library;
}

void cnvml_close(cnvml *library) {
  dlclose(library->handle);
  free(library);
}

// Calls a member if the library has it.
#define CALL(member, ...) \
  (library->member ? library->member(__VA_ARGS__) : cnvml_function_not_found)

int cnvml_start(const cnvml *library) { return CALL(start); }

int cnvml_stop(const cnvml *library) { return CALL(stop); }

const char *cnvml_describe(const cnvml *library, int code) {
  const char *text = library->describe ? library->describe(code) : NULL;
  return text ? text : "no description";
}

int cnvml_device_count(const cnvml *library, uint32_t *count) { return CALL(count, count); }

int cnvml_device_at(const cnvml *library, uint32_t index, uintptr_t *device) {
  return CALL(at, index, device);
}

int cnvml_text(
    const cnvml *library, uintptr_t device, uint32_t kind, char *text, uint32_t capacity) {
  int code = cnvml_function_not_found;
  text[0] = 0;
  switch (kind) {
    case cnvml_driver_version: code = CALL(driver_version, text, capacity); break;
    case cnvml_name: code = CALL(name, device, text, capacity); break;
    case cnvml_uuid: code = CALL(uuid, device, text, capacity); break;
    case cnvml_bus: {
      struct pci_3 about;
      memset(&about, 0, sizeof about);
      code = CALL(pci, device, &about);
      about.bus_id[sizeof about.bus_id - 1] = 0;
      if (code == cnvml_success) snprintf(text, capacity, "%s", about.bus_id);
      break;
    }
  }
  text[capacity - 1] = 0;
  return code;
}

static int temperature(const cnvml *library, device_t device, unsigned int *degrees) {
  struct temperature_1 now = {.version = VERSION(struct temperature_1, 1)};
  if (CALL(temperature_v, device, &now) == cnvml_success && now.temperature >= 0) {
    *degrees = (unsigned int)now.temperature;
    return cnvml_success;
  }
  return CALL(temperature, device, 0, degrees);
}

int cnvml_ask(const cnvml *library, uintptr_t device, uint32_t question, uint64_t *answer) {
  unsigned int number = 0, other = 0;
  unsigned long long wide = 0;
  int code = cnvml_function_not_found;
  switch (question) {
    case cnvml_temperature: code = temperature(library, device, &number); break;
    case cnvml_power: code = CALL(power, device, &number); break;
    case cnvml_power_limit: code = CALL(limit, device, &number); break;
    case cnvml_energy: code = CALL(energy, device, &wide); break;
    case cnvml_clock_graphics: code = CALL(clock, device, 0, &number); break;
    case cnvml_clock_sm: code = CALL(clock, device, 1, &number); break;
    case cnvml_clock_memory: code = CALL(clock, device, 2, &number); break;
    case cnvml_clock_video: code = CALL(clock, device, 3, &number); break;
    case cnvml_ecc_corrected: code = CALL(ecc, device, 0, 1, &wide); break;
    case cnvml_ecc_uncorrected: code = CALL(ecc, device, 1, 1, &wide); break;
    case cnvml_throttle_reasons: code = CALL(reasons, device, &wide); break;
    case cnvml_encoder: code = CALL(encoder, device, &number, &other); break;
    case cnvml_decoder: code = CALL(decoder, device, &number, &other); break;
    case cnvml_minor: code = CALL(minor, device, &number); break;
    case cnvml_pcie_transmitted: code = CALL(pcie, device, 0, &number); break;
    case cnvml_pcie_received: code = CALL(pcie, device, 1, &number); break;
    case cnvml_mig_is_on: code = CALL(mig_mode, device, &number, &other); break;
    case cnvml_mig_device_limit: code = CALL(mig_limit, device, &number); break;
    case cnvml_mig_instance: code = CALL(mig_instance, device, &number); break;
    case cnvml_mig_compute_instance: code = CALL(mig_compute_instance, device, &number); break;
  }
  *answer = number | wide;
  return code;
}

int cnvml_utilization(
    const cnvml *library, uintptr_t device, uint32_t *gpu, uint32_t *memory) {
  struct utilization now = {0, 0};
  int code = CALL(utilization, device, &now);
  *gpu = now.gpu;
  *memory = now.memory;
  return code;
}

int cnvml_memory(const cnvml *library, uintptr_t device, struct cnvml_memory *memory) {
  struct memory_2 now = {.version = VERSION(struct memory_2, 2)};
  int code = CALL(memory_2, device, &now);
  if (code == cnvml_success) {
    *memory = (struct cnvml_memory){now.total, now.reserved, now.free, now.used};
    return code;
  }
  if (code == cnvml_gpu_is_lost) return code;
  struct memory_1 old = {0, 0, 0};
  code = CALL(memory_1, device, &old);
  *memory = (struct cnvml_memory){old.total, 0, old.free, old.used};
  return code;
}

static void take(struct cnvml_field *field, const struct field *answer) {
  field->code = answer->code;
  field->is_wide = 0;
  field->value = 0;
  if (answer->code != cnvml_success) return;
  switch (answer->type) {
    case 0:  // double
      if (answer->value.real >= 0 && answer->value.real < 1e18)
        field->value = (uint64_t)answer->value.real;
      break;
    case 1: field->value = answer->value.narrow; break;
    case 2:  // unsigned long, which has 64 bits here
    case 3:
      field->is_wide = 1;
      field->value = answer->value.wide;
      break;
    case 4:
      field->is_wide = 1;
      if (answer->value.signed_wide > 0) field->value = (uint64_t)answer->value.signed_wide;
      break;
    case 5:
      if (answer->value.signed_narrow > 0) field->value = (uint64_t)answer->value.signed_narrow;
      break;
    case 6: field->value = answer->value.brief; break;
    default: field->code = cnvml_not_supported;
  }
}

int cnvml_fields(
    const cnvml *library, uintptr_t device, struct cnvml_field *fields, uint32_t count) {
  struct field asked[cnvml_field_limit];
  if (count > cnvml_field_limit) return cnvml_invalid_argument;
  memset(asked, 0, sizeof asked);
  for (uint32_t index = 0; index < count; index++) {
    asked[index].id = fields[index].id;
    int is_about_links = fields[index].id == cnvml_field_nvlink_transmitted_kib ||
                         fields[index].id == cnvml_field_nvlink_received_kib ||
                         fields[index].id == cnvml_field_nvlink_transmitted ||
                         fields[index].id == cnvml_field_nvlink_received;
    asked[index].scope = is_about_links ? UINT32_MAX : 0;
    asked[index].code = cnvml_not_supported;
  }
  int code = CALL(fields, device, (int)count, asked);
  for (uint32_t index = 0; index < count; index++) {
    if (code != cnvml_success) asked[index].code = code;
    take(&fields[index], &asked[index]);
  }
  return code;
}

int cnvml_mig_device_at(
    const cnvml *library, uintptr_t device, uint32_t index, uintptr_t *found) {
  return CALL(mig_at, device, index, found);
}

int cnvml_processes(
    const cnvml *library, uintptr_t device, uint32_t kind, struct cnvml_process *processes,
    uint32_t capacity, uint32_t *count) {
  struct process_2 found[cnvml_process_limit];
  unsigned int number = capacity < cnvml_process_limit ? capacity : cnvml_process_limit;
  const unsigned int requested = number;
  *count = 0;
  if (kind > 1) return cnvml_invalid_argument;
  int code = CALL(processes[kind], device, &number, found);
  if (code != cnvml_success) return code;
  if (number > requested) return cnvml_insufficient_size;
  const struct process_1 *old = (const struct process_1 *)found;
  for (unsigned int index = 0; index < number; index++)
    processes[index] =
        library->processes_are_old[kind]
            ? (struct cnvml_process){old[index].pid, old[index].memory}
            : (struct cnvml_process){found[index].pid, found[index].memory};
  *count = number;
  return code;
}
