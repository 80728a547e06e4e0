// What the build was told about its source.
#pragma once

// The commit this program was built from, "-dirty" behind it when the tree had changes; empty when
// the build was not told.
const char *cversion_revision(void);
