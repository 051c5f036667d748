/* The rows of an account's database; store-open.c opens it. */
#define G_LOG_DOMAIN "contactfs"

#include "book/store-internal.h"

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
  gboolean good = code == SQLITE_DONE || code == SQLITE_ROW || book_store_fail (self, code, error);

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

void
book_store_trim (BookStore *self)
{
  sqlite3_db_release_memory (self->db);
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
      .emails = column_text (row, 8),
      .phones = column_text (row, 9),
      .labels = column_text (row, 10),
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
  bind_text (statement, 9, person->emails);
  bind_text (statement, 10, person->phones);
  bind_text (statement, 11, person->labels);
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

/* ---- labels ---- */

gboolean
book_store_each_label (BookStore *self, BookStoreLabelFunc func, gpointer data, GError **error)
{
  sqlite3_stmt *row = self->statements[EACH_LABEL];
  int code;

  while ((code = sqlite3_step (row)) == SQLITE_ROW)
    func (column_text (row, 0), column_text (row, 1), data);
  return finish (self, EACH_LABEL, code, error);
}

gboolean
book_store_put_label (BookStore *self, const char *resource_name, const char *name, GError **error)
{
  bind_text (self->statements[PUT_LABEL], 2, name);
  return run_with_text (self, PUT_LABEL, resource_name, error);
}

gboolean
book_store_remove_labels (BookStore *self, GError **error)
{
  return run (self, REMOVE_LABELS, error);
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

static gboolean
change_deletions (BookStore *self, StatementId id, const char *resource_name, GError **error)
{
  if (!run_with_text (self, id, resource_name, error))
    return FALSE;
  self->deletion_changes += (guint64)sqlite3_changes (self->db);
  return TRUE;
}

gboolean
book_store_put_deletion (BookStore *self, const char *resource_name, const char *version, GError **error)
{
  bind_text (self->statements[PUT_DELETION], 2, version);
  return change_deletions (self, PUT_DELETION, resource_name, error);
}

gboolean
book_store_remove_deletion (BookStore *self, const char *resource_name, GError **error)
{
  return change_deletions (self, REMOVE_DELETION, resource_name, error);
}

gboolean
book_store_rename_deletion (BookStore *self, const char *from, const char *to, GError **error)
{
  bind_text (self->statements[RENAME_DELETION], 2, from);
  return change_deletions (self, RENAME_DELETION, to, error);
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

char *
book_store_get_sent (BookStore *self, const char *resource_name, const char *version)
{
  sqlite3_stmt *row = self->statements[GET_SENT];
  char *sha256;
  int code;

  bind_text (row, 1, resource_name);
  bind_text (row, 2, version);
  code = sqlite3_step (row);
  sha256 = code == SQLITE_ROW ? g_strdup (column_text (row, 0)) : NULL;
  finish_or_warn (self, GET_SENT, code);
  return sha256;
}

gboolean
book_store_was_sent (BookStore *self, const char *resource_name, const char *version, const char *sha256)
{
  g_autofree char *sent = book_store_get_sent (self, resource_name, version);

  return g_strcmp0 (sent, sha256) == 0;
}
