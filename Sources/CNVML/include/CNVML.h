// NVIDIA's management library (NVML), opened at run time: nothing here links to it.
//
// Every function returns an NVML code: 0, or why there is no answer. A library that lacks the
// entry point answers cnvml_function_not_found. Devices are handles as NVML gave them.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnvml cnvml;

enum {
  cnvml_success = 0,
  cnvml_invalid_argument = 2,
  cnvml_not_supported = 3,
  cnvml_no_permission = 4,
  cnvml_not_found = 6,
  cnvml_insufficient_size = 7,
  cnvml_driver_not_loaded = 9,
  cnvml_function_not_found = 13,
  cnvml_gpu_is_lost = 15,
  cnvml_deprecated = 26,
  cnvml_gpu_not_found = 28,
};

// Opens the library. Without success NULL and the loader's reason in message.
cnvml *cnvml_open(const char *path, char *message, size_t capacity);
void cnvml_close(cnvml *library);
int cnvml_start(const cnvml *library);
int cnvml_stop(const cnvml *library);
// NVML's message for a code; never NULL.
const char *cnvml_describe(const cnvml *library, int code);

int cnvml_device_count(const cnvml *library, uint32_t *count);
int cnvml_device_at(const cnvml *library, uint32_t index, uintptr_t *device);

// Texts end with a zero; the last two are about a device.
enum cnvml_text_kind { cnvml_driver_version, cnvml_name, cnvml_uuid, cnvml_bus };
int cnvml_text(const cnvml *library, uintptr_t device, uint32_t kind, char *text, uint32_t capacity);

// One number each, in NVML's own units.
enum cnvml_question {
  cnvml_temperature,          // degrees Celsius
  cnvml_power,                // mW
  cnvml_power_limit,          // mW, the one that is enforced
  cnvml_energy,               // mJ since the driver was loaded
  cnvml_clock_graphics,       // MHz
  cnvml_clock_sm,
  cnvml_clock_memory,
  cnvml_clock_video,
  cnvml_ecc_corrected,        // errors in the life of the device
  cnvml_ecc_uncorrected,
  cnvml_throttle_reasons,     // bits
  cnvml_encoder,              // percent
  cnvml_decoder,
  cnvml_minor,                // N of /dev/nvidiaN
  cnvml_pcie_transmitted,     // KB/s over the 20 ms that the call takes
  cnvml_pcie_received,
  cnvml_mig_is_on,            // 0 or 1
  cnvml_mig_device_limit,
  cnvml_mig_instance,         // of a MIG device: its GPU instance
  cnvml_mig_compute_instance,
};
int cnvml_ask(const cnvml *library, uintptr_t device, uint32_t question, uint64_t *answer);

// Percent of time, of the device and of its memory.
int cnvml_utilization(const cnvml *library, uintptr_t device, uint32_t *gpu, uint32_t *memory);

// Bytes. Old libraries count what the driver reserves as used and leave reserved at 0.
struct cnvml_memory {
  uint64_t total, reserved, free, used;
};
int cnvml_memory(const cnvml *library, uintptr_t device, struct cnvml_memory *memory);

// Counters by number (NVML_FI_*), all links together where a number is about links.
struct cnvml_field {
  uint32_t id;
  int32_t code;     // why there is no value
  int32_t is_wide;  // the value has 64 bits
  uint64_t value;
};
enum {
  cnvml_field_limit = 16,
  cnvml_field_memory_temperature = 82,
  cnvml_field_pcie_replays = 94,
  cnvml_field_nvlink_transmitted_kib = 138,
  cnvml_field_nvlink_received_kib = 139,
  cnvml_field_remapped_corrected = 142,
  cnvml_field_remapped_uncorrected = 143,
  cnvml_field_remapping_failed = 145,
  cnvml_field_pcie_transmitted = 197,
  cnvml_field_pcie_received = 198,
  cnvml_field_nvlink_transmitted = 202,
  cnvml_field_nvlink_received = 204,
};
int cnvml_fields(const cnvml *library, uintptr_t device, struct cnvml_field *fields, uint32_t count);

int cnvml_mig_device_at(const cnvml *library, uintptr_t device, uint32_t index, uintptr_t *found);

// A process that holds memory of a device; UINT64_MAX when NVML does not know how much.
struct cnvml_process {
  uint32_t pid;
  uint64_t memory;
};
enum { cnvml_process_limit = 1024 };
// Of one kind (0 compute, 1 graphics), at most capacity of them.
int cnvml_processes(
    const cnvml *library, uintptr_t device, uint32_t kind, struct cnvml_process *processes,
    uint32_t capacity, uint32_t *count);

#ifdef __cplusplus
}
#endif
