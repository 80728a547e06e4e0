// The source revision that was passed to the build.
#pragma once

// The commit this program was built from, with the suffix "-dirty" if the tree had changes; empty if
// the build was not given one.
const char *cversion_revision(void);
