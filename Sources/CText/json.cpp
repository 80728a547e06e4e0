#define SIMDJSON_EXCEPTIONS 0
#include "CText.h"

#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

using namespace simdjson;

// A text that is read to its end. Kept apart from the parser's other memory: simdjson wants its
// document, its array and the iterators to stay where they are.
struct ctext_json_state {
  ondemand::parser parser;
  ondemand::document document;
  std::optional<ondemand::array_iterator> element;
  const uint8_t *text = nullptr;
  size_t count = 0;
  bool is_array = false;
  bool is_done = false;
  size_t token_limit = 0;
  size_t token_capacity = 0;
  std::unique_ptr<ctext_json_token[]> tokens;
  size_t token_count = 0;
  // Where the strings with escapes stand, undone.
  std::unique_ptr<uint8_t[]> strings;
  size_t string_capacity = 0;
  uint8_t *string_end = nullptr;
};

namespace {

enum class Failure { none, syntax, depth, tokens, memory };

bool is_blank(uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

// Whether text is a number of RFC 8259, section 6, whatever its size.
bool is_number(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - first;
  };
  if (at < text.size() && text[at] == '-') ++at;
  const size_t whole = at;
  const size_t count = digits();
  if (count == 0 || (count > 1 && text[whole] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  while (at < text.size() && is_blank(static_cast<uint8_t>(text[at]))) ++at;
  return at == text.size();
}

class Flattener {
 public:
  explicit Flattener(ctext_json_state &state) : state(state) {}

  Failure value(ondemand::value value, int depth) {
    ondemand::json_type type;
    if (value.type().get(type)) return Failure::syntax;
    switch (type) {
      case ondemand::json_type::object: {
        ondemand::object object;
        if (value.get_object().get(object)) return Failure::syntax;
        return members(object, depth);
      }
      case ondemand::json_type::array: {
        ondemand::array array;
        if (value.get_array().get(array)) return Failure::syntax;
        return elements(array, depth);
      }
      case ondemand::json_type::number: return number(value);
      case ondemand::json_type::string: {
        ondemand::raw_json_string raw;
        if (value.get_raw_json_string().get(raw)) return Failure::syntax;
        return string(raw, ctext_json_string);
      }
      case ondemand::json_type::boolean: {
        bool is_true;
        if (value.get_bool().get(is_true)) return Failure::syntax;
        return atom(is_true ? ctext_json_true : ctext_json_false);
      }
      case ondemand::json_type::null: {
        bool is_null;
        if (value.is_null().get(is_null) || !is_null) return Failure::syntax;
        return atom(ctext_json_null);
      }
    }
    return Failure::syntax;
  }

  Failure members(ondemand::object &object, int depth) {
    if (depth >= ctext_json_depth) return Failure::depth;
    const size_t place = state.token_count;
    if (!push(ctext_json_object)) return failure;
    uint32_t count = 0;
    for (auto field : object) {
      ondemand::raw_json_string key;
      if (field.key().get(key)) return Failure::syntax;
      if (const auto wrong = string(key, ctext_json_key); wrong != Failure::none) return wrong;
      ondemand::value member;
      if (field.value().get(member)) return Failure::syntax;
      if (const auto wrong = value(member, depth + 1); wrong != Failure::none) return wrong;
      ++count;
    }
    close(place, count);
    return Failure::none;
  }

  Failure elements(ondemand::array &array, int depth) {
    if (depth >= ctext_json_depth) return Failure::depth;
    const size_t place = state.token_count;
    if (!push(ctext_json_array)) return failure;
    uint32_t count = 0;
    for (auto item : array) {
      ondemand::value element;
      if (item.get(element)) return Failure::syntax;
      if (const auto wrong = value(element, depth + 1); wrong != Failure::none) return wrong;
      ++count;
    }
    close(place, count);
    return Failure::none;
  }

 private:
  ctext_json_token *push(uint32_t kind) {
    if (state.token_count == state.token_capacity && !grow()) return nullptr;
    auto &token = state.tokens[state.token_count++];
    token.kind = kind;
    token.count = 0;
    return &token;
  }

  bool grow() {
    if (state.token_capacity >= state.token_limit) {
      failure = Failure::tokens;
      return false;
    }
    const size_t capacity =
        std::min(state.token_limit, std::max<size_t>(256, state.token_capacity * 2));
    std::unique_ptr<ctext_json_token[]> roomier(new (std::nothrow) ctext_json_token[capacity]);
    if (!roomier) {
      failure = Failure::memory;
      return false;
    }
    if (state.token_count > 0)
      std::memcpy(roomier.get(), state.tokens.get(), state.token_count * sizeof(ctext_json_token));
    state.tokens = std::move(roomier);
    state.token_capacity = capacity;
    return true;
  }

  void close(size_t place, uint32_t count) {
    state.tokens[place].count = count;
    state.tokens[place].bits = state.token_count;
  }

  Failure atom(uint32_t kind) { return push(kind) ? Failure::none : failure; }

  Failure number(ondemand::value &value) {
    double number;
    const auto error = value.get_double().get(number);
    if (error) {
      return is_number(value.raw_json_token()) ? atom(ctext_json_large_number) : Failure::syntax;
    }
    auto token = push(ctext_json_number);
    if (!token) return failure;
    std::memcpy(&token->bits, &number, sizeof number);
    return Failure::none;
  }

  Failure string(ondemand::raw_json_string raw, uint32_t kind) {
    auto token = push(kind);
    if (!token) return failure;
    // The first pass over the text has seen the closing quote.
    const auto first = reinterpret_cast<const uint8_t *>(raw.raw());
    auto last = first;
    while (*last != '"' && *last != '\\') ++last;
    if (*last == '"') {
      token->bits = reinterpret_cast<uintptr_t>(first);
      token->count = static_cast<uint32_t>(last - first);
      return Failure::none;
    }
    uint8_t *const start = state.string_end;
    std::string_view plain;
    if (state.parser.unescape(raw, state.string_end).get(plain)) {
      // Escapes that no character has are a mistake of the value; others of the syntax.
      if (!has_known_escapes(first)) return Failure::syntax;
      state.string_end = start;
      token->kind = ctext_json_bad_string;
      return Failure::none;
    }
    // U+0000 ends the page for parsers of the text formats, Prometheus' own included. It is only
    // possible with an escape, so that strings without one need no search.
    if (plain.find('\0') != std::string_view::npos) {
      state.string_end = start;
      token->kind = ctext_json_bad_string;
      return Failure::none;
    }
    token->bits = reinterpret_cast<uintptr_t>(start);
    token->count = static_cast<uint32_t>(plain.size());
    return Failure::none;
  }

  static bool has_known_escapes(const uint8_t *at) {
    for (; *at != '"'; ++at) {
      if (*at != '\\') continue;
      ++at;
      switch (*at) {
        case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': break;
        case 'u':
          for (int digit = 0; digit < 4; ++digit) {
            ++at;
            if (!std::isxdigit(*at)) return false;
          }
          break;
        default: return false;
      }
    }
    return true;
  }

  ctext_json_state &state;
  Failure failure = Failure::none;
};

const char *sentence(Failure failure) {
  switch (failure) {
    case Failure::depth: return "nesting deeper than 32 levels";
    case Failure::tokens: return "too many values in one element";
    case Failure::memory: return "out of memory";
    default: return "not valid JSON";
  }
}

const char *sentence(error_code error) {
  switch (error) {
    case UTF8_ERROR: return "not valid UTF-8";
    case UNCLOSED_STRING: return "unterminated string";
    case UNESCAPED_CHARS: return "unescaped control character in a string";
    case EMPTY: return "empty text";
    case CAPACITY: case MEMALLOC: return "out of memory";
    default: return "not valid JSON";
  }
}

// Whether only white space follows what was read.
bool is_at_end(ctext_json_state &state) {
  return state.document.current_location().error() == OUT_OF_BOUNDS;
}

int refuse(ctext_json *json, const char *sentence) {
  auto &state = *json->state;
  json->error = sentence;
  json->error_offset = SIZE_MAX;
  const char *place = nullptr;
  if (state.document.current_location().get(place) == SUCCESS && place != nullptr) {
    const auto offset = reinterpret_cast<const uint8_t *>(place) - state.text;
    if (offset >= 0 && static_cast<size_t>(offset) <= state.count) json->error_offset = offset;
  }
  state.is_done = true;
  return -1;
}

void tell_memory(ctext_json *json) {
  const auto &state = *json->state;
  json->tokens = state.tokens.get();
  json->token_count = state.token_count;
  json->kept_bytes = state.token_capacity * sizeof(ctext_json_token) + state.string_capacity +
                     state.parser.capacity() * 6;
}

}  // namespace

extern "C" ctext_json *ctext_json_create(size_t token_limit) {
  auto json = std::make_unique<ctext_json>();
  json->state = new ctext_json_state;
  json->state->token_limit = token_limit;
  return json.release();
}

extern "C" void ctext_json_destroy(ctext_json *json) {
  if (json == nullptr) return;
  delete json->state;
  delete json;
}

extern "C" bool ctext_json_is_array(const ctext_json *json) { return json->state->is_array; }

extern "C" size_t ctext_json_structures(const uint8_t *text, size_t count) {
  size_t found = 0;
  for (size_t at = 0; at < count; ++at) {
    const uint8_t byte = text[at];
    // [ and {, ] and } differ in one bit.
    found += (byte == ',') | (byte == ':') | ((byte | 0x20) == '{') | ((byte | 0x20) == '}');
  }
  return found;
}

extern "C" bool ctext_json_open(ctext_json *json, const uint8_t *text, size_t count) {
  auto &state = *json->state;
  state.element.reset();
  state.text = text;
  state.count = count;
  state.is_done = false;
  state.is_array = false;
  state.token_count = 0;
  json->error = nullptr;
  json->error_offset = SIZE_MAX;
  // Unescaping never lengthens a string, but simdjson copies whole blocks of padding size.
  const size_t required = count + 2 * ctext_json_padding;
  if (required > state.string_capacity) {
    const size_t capacity = std::max<size_t>(4096, required);
    state.strings.reset(new (std::nothrow) uint8_t[capacity]);
    state.string_capacity = state.strings ? capacity : 0;
    if (!state.strings) {
      json->error = sentence(Failure::memory);
      state.is_done = true;
      return false;
    }
  }
  state.string_end = state.strings.get();
  const auto error =
      state.parser.iterate(reinterpret_cast<const char *>(text), count, count + ctext_json_padding)
          .get(state.document);
  if (error) {
    json->error = sentence(error);
    state.is_done = true;
    return false;
  }
  ondemand::json_type type;
  if (state.document.type().get(type) ||
      (type != ondemand::json_type::object && type != ondemand::json_type::array)) {
    json->error = "neither an object nor an array";
    json->error_offset = 0;
    state.is_done = true;
    return false;
  }
  if (type == ondemand::json_type::object) return true;
  state.is_array = true;
  ondemand::array array;
  ondemand::array_iterator first;
  if (state.document.get_array().get(array) || array.begin().get(first)) {
    refuse(json, "not valid JSON");
    return false;
  }
  state.element = first;
  return true;
}

extern "C" int ctext_json_next(ctext_json *json) {
  auto &state = *json->state;
  if (state.is_done) return json->error == nullptr ? 0 : -1;
  state.token_count = 0;
  state.string_end = state.strings.get();
  Flattener flattener(state);
  Failure failure = Failure::none;
  if (state.element) {
    if (!(*state.element != ondemand::array_iterator())) {
      if (!is_at_end(state)) return refuse(json, "unexpected text after the array");
      state.is_done = true;
      return 0;
    }
    ondemand::value element;
    if ((**state.element).get(element)) return refuse(json, "not valid JSON");
    failure = flattener.value(element, 1);
    if (failure == Failure::none) ++*state.element;
  } else {
    ondemand::object object;
    if (state.document.get_object().get(object)) return refuse(json, "not valid JSON");
    failure = flattener.members(object, 0);
    if (failure == Failure::none) {
      if (!is_at_end(state)) return refuse(json, "unexpected text after the object");
      state.is_done = true;
    }
  }
  if (failure != Failure::none) return refuse(json, sentence(failure));
  tell_memory(json);
  return 1;
}
