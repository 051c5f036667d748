/* The SQLite database of an account. The one file that includes <sqlite3.h>. */
#define G_LOG_DOMAIN "contactfs"

#include "book/store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
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
};

typedef enum {
  BEGIN,
  COMMIT,
  ROLLBACK,
  EACH_PERSON,
  PUT_PERSON,
  REMOVE_PERSON,
  REMOVE_PEOPLE,
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

static const char *const statements[N_STATEMENTS] = {
  [BEGIN] = "BEGIN IMMEDIATE",
  [COMMIT] = "COMMIT",
  [ROLLBACK] = "ROLLBACK",
  [EACH_PERSON] = "SELECT resource_name, name, base_name, update_time, profile_update_time, photo_url, profile_url,"
                  " superseded FROM people ORDER BY resource_name",
  [PUT_PERSON] = "REPLACE INTO people (resource_name, name, base_name, update_time, profile_update_time, photo_url,"
                 " profile_url, superseded) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  [REMOVE_PERSON] = "DELETE FROM people WHERE resource_name = ?",
  [REMOVE_PEOPLE] = "DELETE FROM people",
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

struct BookStore {
  char *path;
  sqlite3 *db;
  sqlite3_stmt *statements[N_STATEMENTS];
};

/* ---- opening ---- */

/* code is what SQLite answered; its words are better while the connection still has them. */
static gboolean
fail (BookStore *self, int code, GError **error)
{
  gboolean has_words = self->db && sqlite3_errcode (self->db) == (code & 0xff);

  g_set_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED, "The database %s cannot be used: %s", self->path,
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
  g_set_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED, "The database %s cannot be opened: %s", self->path,
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
                 "The database %s was made by a later contactfs (format %d, this one knows %d). Use that one, or move "
                 "the file away.",
                 self->path, version, (int)G_N_ELEMENTS (migrations));
    return FALSE;
  }
  if (code == SQLITE_OK)
    code = check (self);
  if (code != SQLITE_OK) {
    *damaged = is_damage (code);
    return fail (self, code, error);
  }
  if ((guint)version < G_N_ELEMENTS (migrations))
    code = migrate (self, version);
  if (code == SQLITE_OK)
    code = prepare_all (self);
  if (code == SQLITE_OK)
    return TRUE;
  *damaged = is_damage (code) || code == SQLITE_ERROR; /* its tables are missing or not ours */
  return fail (self, code, error);
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
                 "%s, and it cannot be set aside: %s. Move it away by hand.", why, g_strerror (errno));
    return FALSE;
  }
  g_unlink (index);
  g_warning (
      "%s. It was set aside as %s and the contacts are listed anew; people who share a name may be called differently.",
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

/* ---- statements ---- a text is bound without a copy: it outlives the statement's run, which ends in finish */

static void
bind_text (sqlite3_stmt *statement, int index, const char *text)
{
  sqlite3_bind_text (statement, index, text, -1, SQLITE_STATIC);
}

static const char *
column_text (sqlite3_stmt *statement, int index)
{
  return (const char *)sqlite3_column_text (statement, index);
}

static gboolean
finish (BookStore *self, StatementId id, int code, GError **error)
{
  gboolean good = code == SQLITE_DONE || code == SQLITE_ROW || fail (self, code, error);

  sqlite3_reset (self->statements[id]);
  sqlite3_clear_bindings (self->statements[id]);
  return good;
}

static gboolean
run (BookStore *self, StatementId id, GError **error)
{
  return finish (self, id, sqlite3_step (self->statements[id]), error);
}

/* For reads whose callers can do without: the warning is all that is left of the error. */
static void
finish_or_warn (BookStore *self, StatementId id, int code)
{
  g_autoptr (GError) error = NULL;

  if (!finish (self, id, code, &error))
    g_warning ("%s", error->message);
}

static gboolean
run_with_text (BookStore *self, StatementId id, const char *text, GError **error)
{
  bind_text (self->statements[id], 1, text);
  return run (self, id, error);
}

gboolean
book_store_begin (BookStore *self, GError **error)
{
  return run (self, BEGIN, error);
}

gboolean
book_store_commit (BookStore *self, GError **error)
{
  return run (self, COMMIT, error);
}

void
book_store_rollback (BookStore *self)
{
  /* SQLite has rolled back by itself after some errors. */
  if (!sqlite3_get_autocommit (self->db))
    finish_or_warn (self, ROLLBACK, sqlite3_step (self->statements[ROLLBACK]));
}

/* ---- people ---- */

gboolean
book_store_each_person (BookStore *self, BookStorePersonFunc func, gpointer data, GError **error)
{
  sqlite3_stmt *row = self->statements[EACH_PERSON];
  int code;

  while ((code = sqlite3_step (row)) == SQLITE_ROW) {
    BookStorePerson person = {
      .resource_name = column_text (row, 0),
      .name = column_text (row, 1),
      .base_name = column_text (row, 2),
      .update_time = sqlite3_column_int64 (row, 3),
      .profile_update_time = sqlite3_column_int64 (row, 4),
      .photo_url = column_text (row, 5),
      .profile_url = column_text (row, 6),
      .superseded = column_text (row, 7),
    };

    func (&person, data);
  }
  return finish (self, EACH_PERSON, code, error);
}

gboolean
book_store_put_person (BookStore *self, const BookStorePerson *person, GError **error)
{
  sqlite3_stmt *statement = self->statements[PUT_PERSON];

  bind_text (statement, 1, person->resource_name);
  bind_text (statement, 2, person->name);
  bind_text (statement, 3, person->base_name);
  sqlite3_bind_int64 (statement, 4, person->update_time);
  sqlite3_bind_int64 (statement, 5, person->profile_update_time);
  bind_text (statement, 6, person->photo_url);
  bind_text (statement, 7, person->profile_url);
  bind_text (statement, 8, person->superseded);
  return run (self, PUT_PERSON, error);
}

gboolean
book_store_remove_person (BookStore *self, const char *resource_name, GError **error)
{
  return run_with_text (self, REMOVE_PERSON, resource_name, error);
}

gboolean
book_store_remove_people (BookStore *self, GError **error)
{
  return run (self, REMOVE_PEOPLE, error);
}

/* ---- facts ---- */

char *
book_store_get (BookStore *self, const char *key)
{
  sqlite3_stmt *row = self->statements[GET_FACT];
  char *value = NULL;
  int code;

  bind_text (row, 1, key);
  if ((code = sqlite3_step (row)) == SQLITE_ROW)
    value = g_strdup (column_text (row, 0));
  finish_or_warn (self, GET_FACT, code);
  return value;
}

gboolean
book_store_set (BookStore *self, const char *key, const char *value, GError **error)
{
  if (!value)
    return run_with_text (self, REMOVE_FACT, key, error);
  bind_text (self->statements[PUT_FACT], 2, value);
  return run_with_text (self, PUT_FACT, key, error);
}

/* ---- photos ---- */

static void
read_photo (sqlite3_stmt *row, BookStorePhoto *out)
{
  out->size = sqlite3_column_int64 (row, 1);
  out->last_use = sqlite3_column_int64 (row, 2);
  out->cached = sqlite3_column_int (row, 3) != 0;
  g_strlcpy (out->mime_type, column_text (row, 4), sizeof out->mime_type);
  g_strlcpy (out->sha256, column_text (row, 5), sizeof out->sha256);
}

gboolean
book_store_get_photo (BookStore *self, const char *version, BookStorePhoto *out)
{
  sqlite3_stmt *row = self->statements[GET_PHOTO];
  int code;

  bind_text (row, 1, version);
  if ((code = sqlite3_step (row)) == SQLITE_ROW)
    read_photo (row, out);
  finish_or_warn (self, GET_PHOTO, code);
  return code == SQLITE_ROW;
}

gboolean
book_store_put_photo (BookStore *self, const char *version, const BookStorePhoto *photo, GError **error)
{
  sqlite3_stmt *statement = self->statements[PUT_PHOTO];

  bind_text (statement, 1, version);
  sqlite3_bind_int64 (statement, 2, photo->size);
  sqlite3_bind_int64 (statement, 3, photo->last_use);
  sqlite3_bind_int (statement, 4, photo->cached);
  bind_text (statement, 5, photo->mime_type);
  bind_text (statement, 6, photo->sha256);
  return run (self, PUT_PHOTO, error);
}

gboolean
book_store_touch_photo (BookStore *self, const char *version, gint64 last_use, GError **error)
{
  sqlite3_stmt *statement = self->statements[TOUCH_PHOTO];

  sqlite3_bind_int64 (statement, 1, last_use);
  bind_text (statement, 2, version);
  return run (self, TOUCH_PHOTO, error);
}

gint64
book_store_cached_bytes (BookStore *self)
{
  sqlite3_stmt *row = self->statements[CACHED_BYTES];
  int code = sqlite3_step (row);
  gint64 bytes = code == SQLITE_ROW ? sqlite3_column_int64 (row, 0) : 0;

  finish_or_warn (self, CACHED_BYTES, code);
  return bytes;
}

gboolean
book_store_each_cached_photo (BookStore *self, BookStorePhotoFunc func, gpointer data, GError **error)
{
  sqlite3_stmt *row = self->statements[EACH_CACHED_PHOTO];
  int code;

  while ((code = sqlite3_step (row)) == SQLITE_ROW) {
    BookStorePhoto photo;

    read_photo (row, &photo);
    if (!func (column_text (row, 0), &photo, data))
      break;
  }
  return finish (self, EACH_CACHED_PHOTO, code, error);
}

/* ---- deletions ---- */

gboolean
book_store_put_deletion (BookStore *self, const char *resource_name, const char *version, GError **error)
{
  bind_text (self->statements[PUT_DELETION], 2, version);
  return run_with_text (self, PUT_DELETION, resource_name, error);
}

gboolean
book_store_remove_deletion (BookStore *self, const char *resource_name, GError **error)
{
  return run_with_text (self, REMOVE_DELETION, resource_name, error);
}

gboolean
book_store_rename_deletion (BookStore *self, const char *from, const char *to, GError **error)
{
  bind_text (self->statements[RENAME_DELETION], 2, from);
  return run_with_text (self, RENAME_DELETION, to, error);
}

gboolean
book_store_each_deletion (BookStore *self, BookStoreDeletionFunc func, gpointer data, GError **error)
{
  sqlite3_stmt *row = self->statements[EACH_DELETION];
  int code;

  while ((code = sqlite3_step (row)) == SQLITE_ROW)
    func (column_text (row, 0), column_text (row, 1), data);
  return finish (self, EACH_DELETION, code, error);
}

/* ---- sent ---- */

gboolean
book_store_put_sent (BookStore *self, const char *resource_name, const char *version, const char *sha256,
                     GError **error)
{
  bind_text (self->statements[PUT_SENT], 2, version);
  bind_text (self->statements[PUT_SENT], 3, sha256);
  return run_with_text (self, PUT_SENT, resource_name, error);
}

gboolean
book_store_was_sent (BookStore *self, const char *resource_name, const char *version, const char *sha256)
{
  sqlite3_stmt *row = self->statements[GET_SENT];
  gboolean was_sent;
  int code;

  bind_text (row, 1, resource_name);
  bind_text (row, 2, version);
  code = sqlite3_step (row);
  was_sent = code == SQLITE_ROW && g_str_equal (column_text (row, 0), sha256);
  finish_or_warn (self, GET_SENT, code);
  return was_sent;
}
