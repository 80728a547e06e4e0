// C interface to numbers of the C++ standard library and patterns of RE2.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "CTextJSON.h"

#ifdef __cplusplus
extern "C" {
#endif

// Largest output of ctext_number in bytes.
enum { ctext_number_capacity = 32 };

// Writes a value as Go's strconv.FormatFloat(v, 'g', -1, 64) does: the shortest digits that read
// back as the same double, the exponent form (at least two exponent digits) below 1e-4 and from
// 1e+06 on, "NaN", "+Inf", "-Inf". Returns the bytes written, at most ctext_number_capacity.
size_t ctext_number(double value, uint8_t *out);

// Writes a whole number in decimal digits, at most 20. Returns the bytes written.
size_t ctext_unsigned(uint64_t value, uint8_t *out);

// Reads a decimal floating-point number at the start of text. Returns the bytes consumed, 0 if there is
// no number or it does not fit a double.
size_t ctext_parse_double(const uint8_t *text, size_t count, double *value);

// A compiled RE2 pattern: the syntax of Go's regexp, matched in linear time.
typedef struct ctext_pattern ctext_pattern;

// Compiles a pattern. On failure returns NULL and leaves a sentence, cut to capacity and
// NUL-terminated, in message.
ctext_pattern *ctext_pattern_create(const char *text, size_t count, char *message, size_t capacity);
void ctext_pattern_destroy(ctext_pattern *pattern);
// Whether the pattern matches anywhere in text, as Go's MatchString.
bool ctext_pattern_matches(const ctext_pattern *pattern, const uint8_t *text, size_t count);

#ifdef __cplusplus
}
#endif
