#pragma once
#include <sqlite3.h>
#include <stdint.h>

// SQLITE_STATIC is a macro that casts: the bytes stay where they are until the statement has run.
static inline int csqlite_bind_bytes(sqlite3_stmt *statement, int index, const void *bytes,
                                     uint64_t count) {
  return sqlite3_bind_blob64(statement, index, count ? bytes : "", count, SQLITE_STATIC);
}

// sqlite3_db_config is variadic: closing the connection leaves the log (WAL) where it is.
static inline int csqlite_keep_log(sqlite3 *connection) {
  return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}
