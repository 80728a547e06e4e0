#include "CVersion.h"

const char *cversion_revision(void) { return ML_EXPORTER_REVISION; }
