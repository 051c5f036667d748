/* What the parts of the store share: store-open.c opens and mends the database, store.c reads and writes its rows,
 * store-sync.c brings commits to the disk. No other file includes <sqlite3.h>. Loop thread only. */
#pragma once

#include "book/store.h"

#include <sqlite3.h>

typedef enum {
  BEGIN,
  COMMIT,
  ROLLBACK,
  EACH_PERSON,
  PUT_PERSON,
  REMOVE_PERSON,
  REMOVE_PEOPLE,
  EACH_LABEL,
  PUT_LABEL,
  REMOVE_LABELS,
  GET_FACT,
  PUT_FACT,
  REMOVE_FACT,
  GET_PHOTO,
  PUT_PHOTO,
  TOUCH_PHOTO,
  CACHED_BYTES,
  EACH_CACHED_PHOTO,
  PUT_DELETION,
  REMOVE_DELETION,
  RENAME_DELETION,
  EACH_DELETION,
  GET_SENT,
  PUT_SENT,
  N_STATEMENTS
} StatementId;

struct BookStore {
  char *path;
  sqlite3 *db;
  sqlite3_stmt *statements[N_STATEMENTS];
  guint64 deletion_changes; /* of the table deletions; so many of them are on the disk: */
  guint64 synced_deletion_changes;
};

/* In store-open.c. code is what SQLite answered. Always FALSE. */
gboolean book_store_fail (BookStore *self, int code, GError **error);
