#include "CText.h"

#include <charconv>
#include <cstdlib>
#include <string>
#include <system_error>

extern "C" bool ctext_parse_number(const uint8_t *text, size_t count, double *value) {
  const char *start = reinterpret_cast<const char *>(text);
  const char *const end = start + count;
  // from_chars does not accept a plus sign.
  if (count > 1 && *start == '+' && start[1] != '-') ++start;
  const char *const digits = start != end && *start == '-' ? start + 1 : start;
  // from_chars also reads the names of infinity and NaN, which are no numbers here.
  if (digits == end || (*digits != '.' && (*digits < '0' || *digits > '9'))) return false;
  const auto result = std::from_chars(start, end, *value);
  if (result.ptr != end) return false;
  if (result.ec == std::errc()) return true;
  if (result.ec != std::errc::result_out_of_range) return false;
  *value = std::strtod(std::string(start, end).c_str(), nullptr);
  return true;
}

// Bytes of the character that starts at `at`, or 0 when it is not valid UTF-8 (RFC 3629).
static size_t character(const uint8_t *at, size_t left) {
  const uint8_t lead = at[0];
  if (lead < 0x80) return 1;
  const auto follows = [&](size_t index, uint8_t low = 0x80, uint8_t high = 0xBF) {
    return index < left && at[index] >= low && at[index] <= high;
  };
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80, high = lead == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const uint8_t low = lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

extern "C" size_t ctext_utf8_prefix(const uint8_t *bytes, size_t count) {
  size_t at = 0;
  while (at < count) {
    const size_t length = character(bytes + at, count - at);
    if (length == 0) return at;
    at += length;
  }
  return count;
}
