// C interface to simdjson: elements of a JSON text (RFC 8259) one at a time, as a flat row of tokens.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Readable bytes required behind a text, of any content.
enum { ctext_json_padding = 64 };
// Deepest nesting of arrays and objects.
enum { ctext_json_depth = 32 };

enum {
  // count members, each a key and a value; bits is the index of the token behind the object.
  ctext_json_object = 1,
  // count elements; bits is the index of the token behind the array.
  ctext_json_array,
  // count bytes at the address bits: valid UTF-8, unescaped.
  ctext_json_key,
  ctext_json_string,
  // A string with an escape that is not a character (a lone surrogate).
  ctext_json_bad_string,
  // bits is the double's.
  ctext_json_number,
  // A number that is not representable as a finite double.
  ctext_json_large_number,
  ctext_json_true,
  ctext_json_false,
  ctext_json_null,
};

struct ctext_json_token {
  uint32_t kind;
  uint32_t count;
  uint64_t bits;
};

// A parser and the tokens of its last element. Its memory is kept from text to text.
struct ctext_json {
  const struct ctext_json_token *tokens;
  size_t token_count;
  // Bytes of memory it keeps, approximately.
  size_t kept_bytes;
  // The error, a sentence without a full stop, and the offset of its byte in the text, SIZE_MAX if
  // unknown.
  const char *error;
  size_t error_offset;
  struct ctext_json_state *state;
};

// An element may have at most token_limit tokens.
struct ctext_json *ctext_json_create(size_t token_limit);
void ctext_json_destroy(struct ctext_json *json);

// The braces, brackets, colons and commas of a text, those in strings included.
size_t ctext_json_structures(const uint8_t *text, size_t count);

// Opens a text, which must not change while its elements and tokens are read. ctext_json_padding bytes
// behind its count bytes must be readable. An object is its own only element, the elements of an array
// are its elements. Returns whether the text is an object or an array.
bool ctext_json_open(struct ctext_json *json, const uint8_t *text, size_t count);
// Reads the tokens of the next element: 1, 0 at the end, -1 if the text is not JSON.
int ctext_json_next(struct ctext_json *json);
// Whether the opened text is an array.
bool ctext_json_is_array(const struct ctext_json *json);

#ifdef __cplusplus
}
#endif
