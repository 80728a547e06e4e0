// Distributions of Boost.Math and the XXH3 hash behind C functions. None of them throws: an argument
// outside the domain gives NaN.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// P(X > x) of the chi-square distribution; freedom > 0.
double ctext_chi_square_survival(double x, double freedom);

// 1 - erf(x).
double ctext_erfc(double x);

// P(K > x) of Kolmogorov's limiting distribution.
double ctext_kolmogorov_survival(double x);

// The regularized incomplete beta function I_x(a, b); a, b > 0, x in 0...1.
double ctext_regularized_beta(double a, double b, double x);

// XXH3, 64 bits, seed 0.
uint64_t ctext_hash64(const uint8_t *bytes, size_t count);

// Offset of the first byte that is no valid UTF-8, or count.
size_t ctext_utf8_prefix(const uint8_t *bytes, size_t count);

// Writes a finite number as ECMAScript's Number::toString (RFC 8785): the shortest digits that read
// back as the same double. Returns the bytes written, at most ctext_number_capacity.
size_t ctext_ecmascript_number(double value, uint8_t *out);

// Reads a whole field as strtod does: beyond the range of a double is infinite, below it zero.
// Returns whether the text is a decimal number from end to end.
bool ctext_parse_number(const uint8_t *text, size_t count, double *value);

#ifdef __cplusplus
}
#endif
