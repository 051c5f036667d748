/* The address book on disk. The one file of this room that includes SQLite. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/state.h"

#include <gio/gio.h>
#include <sqlite3.h>

#include "emulator/json.h"

static const char schema[]
    = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
      "CREATE TABLE IF NOT EXISTS person (source_id TEXT PRIMARY KEY, resource_name TEXT NOT NULL, profile_id TEXT,"
      " previous TEXT NOT NULL, fields TEXT NOT NULL, photo TEXT, profile TEXT, deleted INT NOT NULL, domain INT NOT "
      "NULL,"
      " update_time INT NOT NULL, changed_at INT NOT NULL, revision INT NOT NULL);"
      "CREATE TABLE IF NOT EXISTS photo (key TEXT PRIMARY KEY, kind INT NOT NULL, seed INT NOT NULL, bytes BLOB);"
      "CREATE TABLE IF NOT EXISTS login (token TEXT PRIMARY KEY, scope TEXT NOT NULL, account TEXT NOT NULL);"
      "CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value INT NOT NULL);";

struct State {
  sqlite3 *db;
  sqlite3_stmt *put_person;
  sqlite3_stmt *put_photo;
  sqlite3_stmt *drop_photo;
  sqlite3_stmt *get_photo;
  sqlite3_stmt *put_token;
  sqlite3_stmt *drop_token;
  sqlite3_stmt *put_setting;
};

static void
complain (State *self)
{
  g_warning ("The state of people-emulator could not be written: %s", sqlite3_errmsg (self->db));
}

static void
run (State *self, sqlite3_stmt *statement)
{
  if (sqlite3_step (statement) != SQLITE_DONE)
    complain (self);
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
}

static gboolean
prepare_all (State *self)
{
  const struct {
    sqlite3_stmt **statement;
    const char *sql;
  } statements[] = {
    { &self->put_person, "REPLACE INTO person VALUES (?,?,?,?,?,?,?,?,?,?,?,?)" },
    { &self->put_photo, "REPLACE INTO photo VALUES (?,?,?,?)" },
    { &self->drop_photo, "DELETE FROM photo WHERE key=?" },
    { &self->get_photo, "SELECT kind, seed, bytes FROM photo WHERE key=?" },
    { &self->put_token, "REPLACE INTO login VALUES (?,?,?)" },
    { &self->drop_token, "DELETE FROM login WHERE token=?" },
    { &self->put_setting, "REPLACE INTO setting VALUES (?,?)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (statements); i++) {
    if (sqlite3_prepare_v2 (self->db, statements[i].sql, -1, statements[i].statement, NULL) != SQLITE_OK)
      return FALSE;
  }
  return TRUE;
}

State *
state_open (const char *directory, GError **error)
{
  g_autofree char *file = g_build_filename (directory, "people-emulator.sqlite", NULL);
  State *self;

  if (g_mkdir_with_parents (directory, 0700) != 0) {
    int code = errno;

    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "cannot make the folder %s: %s", directory,
                 g_strerror (code));
    return NULL;
  }
  self = g_new0 (State, 1);
  if (sqlite3_open (file, &self->db) != SQLITE_OK || sqlite3_exec (self->db, schema, NULL, NULL, NULL) != SQLITE_OK
      || !prepare_all (self)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot use %s: %s", file, sqlite3_errmsg (self->db));
    state_close (self);
    return NULL;
  }
  return self;
}

void
state_close (State *self)
{
  sqlite3_stmt *statement;

  while ((statement = sqlite3_next_stmt (self->db, NULL)) != NULL)
    sqlite3_finalize (statement);
  sqlite3_close (self->db);
  g_free (self);
}

static void
bind_text (sqlite3_stmt *statement, int index, const char *text)
{
  if (text != NULL)
    sqlite3_bind_text (statement, index, text, -1, SQLITE_TRANSIENT);
}

static void
save_photo (State *self, const Photo *photo)
{
  gsize size = 0;
  const void *data = photo->bytes != NULL ? g_bytes_get_data (photo->bytes, &size) : NULL;

  bind_text (self->put_photo, 1, photo->key);
  sqlite3_bind_int (self->put_photo, 2, (int)photo->kind);
  sqlite3_bind_int64 (self->put_photo, 3, (sqlite3_int64)photo->seed);
  if (data != NULL)
    sqlite3_bind_blob64 (self->put_photo, 4, data, size, SQLITE_STATIC);
  run (self, self->put_photo);
}

static void
follow_photo (State *self, const Photo *before, const Photo *after)
{
  if (before == after)
    return;
  if (before != NULL) {
    bind_text (self->drop_photo, 1, before->key);
    run (self, self->drop_photo);
  }
  if (after != NULL)
    save_photo (self, after);
}

/* {"names": ["entry", …], …} */
static char *
fields_text (const PersonState *person)
{
  g_autoptr (cJSON) object = cJSON_CreateObject ();
  g_autofree char *copy = NULL;
  char *text;

  for (guint i = 0; i < person->fields->len; i++) {
    const FieldText *field = person->fields->pdata[i];

    cJSON_AddItemToObject (
        object, field_name (field->field),
        cJSON_CreateStringArray ((const char *const *)field->entries, (int)g_strv_length (field->entries)));
  }
  text = cJSON_PrintUnformatted (object);
  copy = g_strdup (text);
  cJSON_free (text);
  return g_steal_pointer (&copy);
}

static void
save_person (State *self, const PersonState *person)
{
  g_autofree char *previous = person->previous_names != NULL ? g_strjoinv (" ", person->previous_names) : g_strdup ("");
  g_autofree char *fields = fields_text (person);
  sqlite3_stmt *put = self->put_person;

  bind_text (put, 1, person->source_id);
  bind_text (put, 2, person->resource_name);
  bind_text (put, 3, person->profile_id);
  bind_text (put, 4, previous);
  bind_text (put, 5, fields);
  bind_text (put, 6, person->photo != NULL ? person->photo->key : NULL);
  bind_text (put, 7, person->profile_photo != NULL ? person->profile_photo->key : NULL);
  sqlite3_bind_int (put, 8, person->deleted);
  sqlite3_bind_int (put, 9, person->domain_contact);
  sqlite3_bind_int64 (put, 10, person->update_time);
  sqlite3_bind_int64 (put, 11, person->changed_at);
  sqlite3_bind_int64 (put, 12, (sqlite3_int64)person->revision);
  run (self, put);
}

static void
execute (State *self, const char *sql)
{
  if (sqlite3_exec (self->db, sql, NULL, NULL, NULL) != SQLITE_OK)
    complain (self);
}

void
state_person_changed (const PersonState *before, const PersonState *after, gpointer state)
{
  State *self = state;

  execute (self, "BEGIN");
  follow_photo (self, before != NULL ? before->photo : NULL, after->deleted ? NULL : after->photo);
  follow_photo (self, before != NULL ? before->profile_photo : NULL, after->deleted ? NULL : after->profile_photo);
  save_person (self, after);
  execute (self, "COMMIT");
}

void
state_save_all (State *self, Model *model)
{
  g_autoptr (GPtrArray) everybody = model_everybody (model);

  execute (self, "BEGIN");
  for (guint i = 0; i < everybody->len; i++) {
    const PersonState *person = everybody->pdata[i];

    follow_photo (self, NULL, person->photo);
    follow_photo (self, NULL, person->profile_photo);
    save_person (self, person);
  }
  execute (self, "COMMIT");
}

static Photo *
load_photo (State *self, const char *key)
{
  sqlite3_stmt *get = self->get_photo;
  Photo *photo = NULL;

  if (key == NULL)
    return NULL;
  bind_text (get, 1, key);
  if (sqlite3_step (get) == SQLITE_ROW) {
    PhotoKind kind = (PhotoKind)sqlite3_column_int (get, 0);

    if (sqlite3_column_type (get, 2) == SQLITE_NULL) {
      photo = photo_new_face (kind, key, (guint64)sqlite3_column_int64 (get, 1));
    } else {
      const void *data = sqlite3_column_blob (get, 2);
      g_autoptr (GBytes) bytes = g_bytes_new (data, (gsize)sqlite3_column_bytes (get, 2));

      photo = photo_new_bytes (kind, key, bytes);
    }
  }
  sqlite3_reset (get);
  sqlite3_clear_bindings (get);
  return photo;
}

static void
load_fields (PersonState *person, const char *text)
{
  g_autoptr (cJSON) object = cJSON_Parse (text);
  const cJSON *list;

  cJSON_ArrayForEach (list, object)
  {
    int field = field_by_name (list->string);
    g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
    const cJSON *entry;

    if (field < 0)
      continue;
    cJSON_ArrayForEach (entry, list) g_strv_builder_add (builder, cJSON_IsString (entry) ? entry->valuestring : "");
    person_state_set_field (person, (Field)field, g_strv_builder_end (builder));
  }
}

static PersonState *
load_person (State *self, sqlite3_stmt *row)
{
  PersonState *person = person_state_new ((const char *)sqlite3_column_text (row, 1));
  const char *previous = (const char *)sqlite3_column_text (row, 3);
  g_autoptr (Photo) photo = load_photo (self, (const char *)sqlite3_column_text (row, 5));
  g_autoptr (Photo) profile = load_photo (self, (const char *)sqlite3_column_text (row, 6));

  g_free (person->source_id);
  person->source_id = g_strdup ((const char *)sqlite3_column_text (row, 0));
  person->profile_id = g_strdup ((const char *)sqlite3_column_text (row, 2));
  if (*previous != '\0')
    person->previous_names = g_strsplit (previous, " ", -1);
  load_fields (person, (const char *)sqlite3_column_text (row, 4));
  person_state_set_photo (person, photo);
  person_state_set_profile_photo (person, profile);
  person->deleted = sqlite3_column_int (row, 7);
  person->domain_contact = sqlite3_column_int (row, 8);
  person->update_time = sqlite3_column_int64 (row, 9);
  person->changed_at = sqlite3_column_int64 (row, 10);
  person->revision = (guint64)sqlite3_column_int64 (row, 11);
  return person;
}

gboolean
state_load_people (State *self, Model *model, GError **error)
{
  sqlite3_stmt *rows = NULL;
  gboolean any = FALSE;
  int result = sqlite3_prepare_v2 (self->db, "SELECT * FROM person ORDER BY revision", -1, &rows, NULL);

  while (result == SQLITE_OK || result == SQLITE_ROW) {
    result = sqlite3_step (rows);
    if (result != SQLITE_ROW)
      break;
    model_load (model, load_person (self, rows));
    any = TRUE;
  }
  if (result != SQLITE_DONE)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the saved address book cannot be read: %s",
                 sqlite3_errmsg (self->db));
  sqlite3_finalize (rows);
  return any;
}

void
state_load_tokens (State *self, OAuth *oauth)
{
  sqlite3_stmt *rows = NULL;

  if (sqlite3_prepare_v2 (self->db, "SELECT token, scope, account FROM login", -1, &rows, NULL) != SQLITE_OK)
    return;
  while (sqlite3_step (rows) == SQLITE_ROW)
    oauth_load (oauth, (const char *)sqlite3_column_text (rows, 0), (const char *)sqlite3_column_text (rows, 1),
                (const char *)sqlite3_column_text (rows, 2));
  sqlite3_finalize (rows);
}

void
state_token_changed (const char *refresh_token, const char *scope, const char *account, gpointer state)
{
  State *self = state;
  sqlite3_stmt *statement = scope != NULL ? self->put_token : self->drop_token;

  bind_text (statement, 1, refresh_token);
  if (scope != NULL) {
    bind_text (statement, 2, scope);
    bind_text (statement, 3, account);
  }
  run (self, statement);
}

guint
state_load_epoch (State *self)
{
  sqlite3_stmt *rows = NULL;
  guint epoch = 0;

  if (sqlite3_prepare_v2 (self->db, "SELECT value FROM setting WHERE name='epoch'", -1, &rows, NULL) == SQLITE_OK
      && sqlite3_step (rows) == SQLITE_ROW)
    epoch = (guint)sqlite3_column_int (rows, 0);
  sqlite3_finalize (rows);
  return epoch;
}

void
state_save_epoch (State *self, guint epoch)
{
  bind_text (self->put_setting, 1, "epoch");
  sqlite3_bind_int (self->put_setting, 2, (int)epoch);
  run (self, self->put_setting);
}
