/* An account's database: how it is made, brought up to date, and set aside when it is damaged. */
#define G_LOG_DOMAIN "contactfs"

#include "book/store-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK (book_store_error, book_store_error)

/* Element n brings a database from user_version n to n + 1. Never change one that was released: add another. */
static const char *const migrations[] = {
  "CREATE TABLE people (resource_name TEXT PRIMARY KEY, name TEXT NOT NULL, base_name TEXT NOT NULL,"
  " update_time INTEGER NOT NULL, profile_update_time INTEGER NOT NULL, photo_url TEXT, profile_url TEXT,"
  " superseded TEXT) WITHOUT ROWID;"
  "CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
  "CREATE TABLE photos (version TEXT PRIMARY KEY, size INTEGER NOT NULL, last_use INTEGER NOT NULL,"
  " cached INTEGER NOT NULL, mime_type TEXT NOT NULL) WITHOUT ROWID;"
  "CREATE INDEX photos_by_use ON photos (last_use, size) WHERE cached;"
  "CREATE TABLE deletions (resource_name TEXT PRIMARY KEY, version TEXT) WITHOUT ROWID;",
  "ALTER TABLE photos ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';"
  "CREATE TABLE sent (resource_name TEXT PRIMARY KEY, version TEXT NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;",
  "ALTER TABLE people ADD COLUMN emails TEXT; ALTER TABLE people ADD COLUMN phones TEXT;"
  "ALTER TABLE people ADD COLUMN labels TEXT;"
  "CREATE TABLE labels (resource_name TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;",
};

static const char *const statements[N_STATEMENTS] = {
  [BEGIN] = "BEGIN IMMEDIATE",
  [COMMIT] = "COMMIT",
  [ROLLBACK] = "ROLLBACK",
  [EACH_PERSON] = "SELECT resource_name, name, base_name, update_time, profile_update_time, photo_url, profile_url,"
                  " superseded, emails, phones, labels FROM people ORDER BY resource_name",
  [PUT_PERSON] = "REPLACE INTO people (resource_name, name, base_name, update_time, profile_update_time, photo_url,"
                 " profile_url, superseded, emails, phones, labels) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  [REMOVE_PERSON] = "DELETE FROM people WHERE resource_name = ?",
  [REMOVE_PEOPLE] = "DELETE FROM people",
  [EACH_LABEL] = "SELECT resource_name, name FROM labels ORDER BY resource_name",
  [PUT_LABEL] = "REPLACE INTO labels (resource_name, name) VALUES (?, ?)",
  [REMOVE_LABELS] = "DELETE FROM labels",
  [GET_FACT] = "SELECT value FROM facts WHERE key = ?",
  [PUT_FACT] = "REPLACE INTO facts (key, value) VALUES (?, ?)",
  [REMOVE_FACT] = "DELETE FROM facts WHERE key = ?",
  [GET_PHOTO] = "SELECT version, size, last_use, cached, mime_type, sha256 FROM photos WHERE version = ?",
  [PUT_PHOTO] = "REPLACE INTO photos (version, size, last_use, cached, mime_type, sha256) VALUES (?, ?, ?, ?, ?, ?)",
  [TOUCH_PHOTO] = "UPDATE photos SET last_use = ? WHERE version = ?",
  [CACHED_BYTES] = "SELECT sum(size) FROM photos WHERE cached",
  [EACH_CACHED_PHOTO] = "SELECT version, size, last_use, cached, mime_type, sha256 FROM photos WHERE cached"
                        " ORDER BY last_use, size, version",
  [PUT_DELETION] = "REPLACE INTO deletions (resource_name, version) VALUES (?, ?)",
  [REMOVE_DELETION] = "DELETE FROM deletions WHERE resource_name = ?",
  [RENAME_DELETION] = "UPDATE OR REPLACE deletions SET resource_name = ? WHERE resource_name = ?",
  [EACH_DELETION] = "SELECT resource_name, version FROM deletions ORDER BY resource_name",
  [GET_SENT] = "SELECT sha256 FROM sent WHERE resource_name = ? AND version = ?",
  [PUT_SENT] = "REPLACE INTO sent (resource_name, version, sha256) VALUES (?, ?, ?)",
};

/* SQLite's words are better while the connection still has them. */
gboolean
book_store_fail (BookStore *self, int code, GError **error)
{
  gboolean has_words = self->db && sqlite3_errcode (self->db) == (code & 0xff);

  g_set_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED, "the database %s cannot be used: %s", self->path,
               has_words ? sqlite3_errmsg (self->db) : sqlite3_errstr (code));
  return FALSE;
}

/* Made here so that it is 0600 from its first moment; SQLite gives -wal and -shm the mode of the database. */
static gboolean
make_private (BookStore *self, GError **error)
{
  int fd = g_open (self->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  int saved;

  if (fd >= 0 && fchmod (fd, 0600) == 0)
    return g_close (fd, error);
  saved = errno;
  if (fd >= 0)
    close (fd);
  g_set_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED, "the database %s cannot be opened: %s", self->path,
               g_strerror (saved));
  return FALSE;
}

/* What a database of ours cannot answer with: it was overwritten or cut off. Not: a full disk, a lack of permission,
 * another process at work, SQL that this version of SQLite does not take. */
static gboolean
is_damage (int code)
{
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

static int
query_int (BookStore *self, const char *sql, int *out)
{
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL);

  if (code == SQLITE_OK && (code = sqlite3_step (statement)) == SQLITE_ROW) {
    *out = sqlite3_column_int (statement, 0);
    code = SQLITE_OK;
  }
  sqlite3_finalize (statement);
  return code;
}

/* Reads all of it, which is a few milliseconds, and finds damage now rather than in the middle of a mount. As a statement:
 * the table pragma_quick_check takes no number since SQLite 3.46. */
static int
check (BookStore *self)
{
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2 (self->db, "PRAGMA quick_check(1)", -1, &statement, NULL);

  if (code == SQLITE_OK && (code = sqlite3_step (statement)) == SQLITE_ROW)
    code = g_strcmp0 ((const char *)sqlite3_column_text (statement, 0), "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
  sqlite3_finalize (statement);
  return code;
}

static int
prepare_all (BookStore *self)
{
  int code = SQLITE_OK;

  for (int i = 0; code == SQLITE_OK && i < N_STATEMENTS; i++)
    code = sqlite3_prepare_v3 (self->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &self->statements[i], NULL);
  return code;
}

static int
migrate (BookStore *self, int version)
{
  int code = sqlite3_exec (self->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
  g_autofree char *set_version = g_strdup_printf ("PRAGMA user_version = %d", (int)G_N_ELEMENTS (migrations));

  for (guint i = (guint)version; code == SQLITE_OK && i < G_N_ELEMENTS (migrations); i++)
    code = sqlite3_exec (self->db, migrations[i], NULL, NULL, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_exec (self->db, set_version, NULL, NULL, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_exec (self->db, "COMMIT", NULL, NULL, NULL);
  return code;
}

static void
disconnect (BookStore *self)
{
  for (int i = 0; i < N_STATEMENTS; i++)
    g_clear_pointer (&self->statements[i], sqlite3_finalize);
  g_clear_pointer (&self->db, sqlite3_close);
}

/* *damaged is set when it failed because of what is in the file. */
static gboolean
connect (BookStore *self, gboolean *damaged, GError **error)
{
  int version = 0, code;

  *damaged = FALSE;
  if (!make_private (self, error))
    return FALSE;
  code = sqlite3_open_v2 (self->path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout (self->db, 1000);
    /* The account's lock keeps other mounts out: SQLite need not lock and unlock the file for each photo. */
    code = sqlite3_exec (self->db,
                         "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
                         NULL, NULL, NULL);
  }
  if (code == SQLITE_OK)
    code = query_int (self, "PRAGMA user_version", &version);
  if (code == SQLITE_OK && version > (int)G_N_ELEMENTS (migrations)) {
    g_set_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_NEWER,
                 "the database %s was made by a later contactfs (format %d, this one knows %d): use that one, or move "
                 "the file away",
                 self->path, version, (int)G_N_ELEMENTS (migrations));
    return FALSE;
  }
  if (code == SQLITE_OK)
    code = check (self);
  if (code != SQLITE_OK) {
    *damaged = is_damage (code);
    return book_store_fail (self, code, error);
  }
  if ((guint)version < G_N_ELEMENTS (migrations))
    code = migrate (self, version);
  if (code == SQLITE_OK)
    code = prepare_all (self);
  if (code == SQLITE_OK)
    return TRUE;
  *damaged = is_damage (code) || code == SQLITE_ERROR; /* its tables are missing or not ours */
  return book_store_fail (self, code, error);
}

/* With its log, so that somebody could still get at what is in there. */
static gboolean
set_aside (BookStore *self, const char *why, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%dT%H%M%S.%f");
  g_autofree char *aside = g_strdup_printf ("%s.damaged-%s", self->path, time);
  g_autofree char *log = g_strconcat (self->path, "-wal", NULL), *log_aside = g_strconcat (aside, "-wal", NULL);
  g_autofree char *index = g_strconcat (self->path, "-shm", NULL);

  if (g_rename (self->path, aside) != 0 || (g_rename (log, log_aside) != 0 && errno != ENOENT)) {
    g_set_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED,
                 "%s, and it cannot be set aside: %s; move it away by hand", why, g_strerror (errno));
    return FALSE;
  }
  g_unlink (index);
  g_warning (
      "%s; it was set aside as %s and the contacts are listed anew; people who share a name may be called differently",
      why, aside);
  return TRUE;
}

BookStore *
book_store_open (const char *path, GError **error)
{
  g_autoptr (BookStore) self = g_new0 (BookStore, 1);
  g_autoptr (GError) first = NULL;
  gboolean damaged;

  self->path = g_strdup (path);
  if (connect (self, &damaged, &first))
    return g_steal_pointer (&self);
  if (!damaged) {
    g_propagate_error (error, g_steal_pointer (&first));
    return NULL;
  }
  disconnect (self);
  if (!set_aside (self, first->message, error) || !connect (self, &damaged, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
book_store_close (BookStore *self)
{
  if (!self)
    return;
  disconnect (self);
  g_free (self->path);
  g_free (self);
}
