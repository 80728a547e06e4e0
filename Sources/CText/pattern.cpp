#include "CText.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstring>
#include <memory>

struct ctext_pattern {
  re2::RE2 expression;
  ctext_pattern(re2::StringPiece text, const re2::RE2::Options &options)
      : expression(text, options) {}
};

extern "C" ctext_pattern *ctext_pattern_create(const char *text, size_t count, char *message,
                                               size_t capacity) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto pattern = std::make_unique<ctext_pattern>(re2::StringPiece(text, count), options);
  if (pattern->expression.ok()) return pattern.release();
  const std::string &error = pattern->expression.error();
  if (capacity > 0) {
    const size_t kept = std::min(error.size(), capacity - 1);
    std::memcpy(message, error.data(), kept);
    message[kept] = 0;
  }
  return nullptr;
}

extern "C" void ctext_pattern_destroy(ctext_pattern *pattern) { delete pattern; }

extern "C" bool ctext_pattern_matches(const ctext_pattern *pattern, const uint8_t *text,
                                      size_t count) {
  return re2::RE2::PartialMatch(
      re2::StringPiece(reinterpret_cast<const char *>(text), count), pattern->expression);
}
