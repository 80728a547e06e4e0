#include "CText.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace {

// A decimal without sign: digits without trailing zeros, and the exponent of the first of them.
struct Decimal {
  char digits[24];
  int count;
  int exponent;
};

// Integers below 2^53 need no search for the shortest digits: a shorter decimal would be a
// different integer. Trailing zeros move into the exponent.
Decimal decimal_of_integer(uint64_t value) {
  Decimal result;
  auto end = std::to_chars(result.digits, result.digits + sizeof result.digits, value).ptr;
  result.count = static_cast<int>(end - result.digits);
  result.exponent = result.count - 1;
  while (result.count > 1 && result.digits[result.count - 1] == '0') --result.count;
  return result;
}

Decimal decimal_of(double value) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  Decimal result;
  result.count = 0;
  const char *cursor = text;
  for (; cursor < end && *cursor != 'e'; ++cursor)
    if (*cursor != '.') result.digits[result.count++] = *cursor;
  while (result.count > 1 && result.digits[result.count - 1] == '0') --result.count;
  result.exponent = 0;
  ++cursor;
  if (cursor < end && *cursor == '+') ++cursor;
  std::from_chars(cursor, end, result.exponent);
  return result;
}

}  // namespace

extern "C" size_t ctext_number(double value, uint8_t *bytes) {
  char *out = reinterpret_cast<char *>(bytes);
  if (std::isnan(value)) return std::memcpy(out, "NaN", 3), 3;
  if (std::isinf(value)) return std::memcpy(out, value > 0 ? "+Inf" : "-Inf", 4), 4;
  char *cursor = out;
  if (std::signbit(value)) {
    *cursor++ = '-';
    value = -value;
  }
  if (value == 0) {
    *cursor++ = '0';
    return static_cast<size_t>(cursor - out);
  }
  constexpr double exact_integers = 9007199254740992.0;  // 2^53
  const bool whole = value < exact_integers && value == std::floor(value);
  if (whole && value < 1e6) {
    cursor = std::to_chars(cursor, cursor + 8, static_cast<uint32_t>(value)).ptr;
    return static_cast<size_t>(cursor - out);
  }
  const Decimal decimal =
      whole ? decimal_of_integer(static_cast<uint64_t>(value)) : decimal_of(value);
  // Go's %g with the shortest precision takes the exponent form outside 1e-4 ..< 1e+06.
  const int exponent = decimal.exponent;
  const int point = exponent + 1;
  if (exponent < -4 || exponent >= 6) {
    *cursor++ = decimal.digits[0];
    if (decimal.count > 1) {
      *cursor++ = '.';
      std::memcpy(cursor, decimal.digits + 1, static_cast<size_t>(decimal.count - 1));
      cursor += decimal.count - 1;
    }
    *cursor++ = 'e';
    *cursor++ = exponent < 0 ? '-' : '+';
    const int magnitude = exponent < 0 ? -exponent : exponent;
    if (magnitude < 10) *cursor++ = '0';
    cursor = std::to_chars(cursor, cursor + 4, magnitude).ptr;
  } else if (point <= 0) {
    *cursor++ = '0';
    *cursor++ = '.';
    for (int zero = point; zero < 0; ++zero) *cursor++ = '0';
    std::memcpy(cursor, decimal.digits, static_cast<size_t>(decimal.count));
    cursor += decimal.count;
  } else {
    for (int index = 0; index < point; ++index)
      *cursor++ = index < decimal.count ? decimal.digits[index] : '0';
    if (decimal.count > point) {
      *cursor++ = '.';
      std::memcpy(cursor, decimal.digits + point, static_cast<size_t>(decimal.count - point));
      cursor += decimal.count - point;
    }
  }
  return static_cast<size_t>(cursor - out);
}

extern "C" size_t ctext_ecmascript_number(double value, uint8_t *bytes) {
  char *cursor = reinterpret_cast<char *>(bytes);
  const char *const start = cursor;
  if (value == 0) return *cursor = '0', 1;
  if (value < 0) *cursor++ = '-';
  const Decimal decimal = decimal_of(std::fabs(value));
  const int count = decimal.count;
  const int point = decimal.exponent + 1;  // n of ECMA-262, 6.1.6.1.20; count is its k
  const auto digits = [&](int from, int to) {
    for (int index = from; index < to; ++index)
      *cursor++ = index < count ? decimal.digits[index] : '0';
  };
  if (count <= point && point <= 21) {
    digits(0, point);
  } else if (0 < point && point <= 21) {
    digits(0, point);
    *cursor++ = '.';
    digits(point, count);
  } else if (-6 < point && point <= 0) {
    *cursor++ = '0';
    *cursor++ = '.';
    for (int zero = point; zero < 0; ++zero) *cursor++ = '0';
    digits(0, count);
  } else {
    digits(0, 1);
    if (count > 1) *cursor++ = '.';
    digits(1, count);
    *cursor++ = 'e';
    *cursor++ = decimal.exponent < 0 ? '-' : '+';
    cursor = std::to_chars(cursor, cursor + 4, std::abs(decimal.exponent)).ptr;
  }
  return static_cast<size_t>(cursor - start);
}

extern "C" size_t ctext_unsigned(uint64_t value, uint8_t *bytes) {
  char *out = reinterpret_cast<char *>(bytes);
  return static_cast<size_t>(std::to_chars(out, out + 20, value).ptr - out);
}

extern "C" size_t ctext_parse_double(const uint8_t *text, size_t count, double *value) {
  const char *start = reinterpret_cast<const char *>(text);
  const auto result = std::from_chars(start, start + count, *value);
  return result.ec == std::errc() ? static_cast<size_t>(result.ptr - start) : 0;
}
