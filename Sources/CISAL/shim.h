#pragma once
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

// Swift cannot import a macro that is an expression.
static const uint32_t cisal_level1_bytes = ISAL_DEF_LVL1_DEFAULT;
