/* Small enough to be written whole each time. */
#define G_LOG_DOMAIN "contactfs"

#include "account/principal.h"

#include <gio/gio.h>
#include <string.h>

#include "net/error.h"
#include "net/json.h"
#include "net/private-file.h"

#define LEFT "left"

struct Principal {
  char *path;
  char *account;
  char *service;          /* the API's URL, without a slash at the end; NULL: not known */
  Identity *who;          /* or NULL: not known */
  gboolean has_left;      /* who has logged out */
  gboolean stored;        /* there was a file */
  gboolean other_service; /* the file is of another one */
  gboolean saved;         /* changes go on to the file */
};

static char *
without_slash (const char *url)
{
  gsize length = url != NULL ? strlen (url) : 0;

  while (length > 0 && url[length - 1] == '/')
    length--;
  return url != NULL ? g_strndup (url, length) : NULL;
}

static void
read_file (Principal *self, char **service)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (JsonValue) root = NULL;
  const char *id;

  if (!g_file_get_contents (self->path, &text, &length, NULL))
    return;
  root = json_parse (text, length, NULL);
  id = json_string (root, "id");
  self->stored = TRUE;
  self->who = id != NULL ? identity_new (id, json_string (root, "email")) : NULL;
  self->has_left = json_string (root, LEFT) != NULL;
  *service = without_slash (json_string (root, "service"));
}

Principal *
principal_open (const char *folder, const char *account, const char *api_url)
{
  Principal *self = g_new0 (Principal, 1);
  g_autofree char *service = NULL;

  self->path = g_build_filename (folder, "principal.json", NULL);
  self->account = g_strdup (account);
  read_file (self, &service);
  self->service = api_url != NULL ? without_slash (api_url) : g_strdup (service);
  /* A person of another service says nothing here. */
  self->other_service = self->stored && g_strcmp0 (service, self->service) != 0;
  return self;
}

void
principal_free (Principal *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->account);
  g_free (self->service);
  identity_free (self->who);
  g_free (self);
}

gboolean
principal_start_over (Principal *self, const Identity *identity)
{
  gboolean over = self->other_service || (self->has_left && !identity_is_same (self->who, identity));

  if (over)
    g_clear_pointer (&self->who, identity_free);
  self->other_service = self->has_left = FALSE;
  return over;
}

/* ---- writing it ---- */

static GBytes *
write_json (const Principal *self)
{
  return json_write_secret ("service", self->service, "id", self->who != NULL ? self->who->id : NULL, "email",
                            self->who != NULL ? self->who->email : NULL, LEFT, self->has_left ? "yes" : NULL, NULL);
}

static gboolean
write_file (const char *path, GBytes *json, GError **error)
{
  gsize size;
  const char *text = g_bytes_get_data (json, &size);

  return private_file_write (path, text, size, error);
}

/* A full disk keeps nobody from mounting what was mounted before. */
static gboolean
is_written (const char *path, GBytes *json)
{
  gsize size;
  const char *expected = g_bytes_get_data (json, &size);
  g_autofree char *text = NULL;
  gsize length;

  return g_file_get_contents (path, &text, &length, NULL) && length == size && memcmp (text, expected, size) == 0;
}

gboolean
principal_save (Principal *self, GError **error)
{
  g_autoptr (GBytes) json = write_json (self);

  self->saved = TRUE;
  return is_written (self->path, json) || write_file (self->path, json, error);
}

typedef struct {
  char *path;
  GBytes *json;
} Write;

static void
write_free (gpointer data)
{
  Write *self = data;

  g_free (self->path);
  g_bytes_unref (self->json);
  g_free (self);
}

static void
write_in_thread (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Write *self = data;
  g_autoptr (GError) error = NULL;

  if (!write_file (self->path, self->json, &error))
    g_warning ("whose account it is cannot be kept: %s", error->message);
  g_task_return_boolean (worker, TRUE);
}

static void
write_in_background (const Principal *self)
{
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, NULL, NULL);
  Write *write = g_new0 (Write, 1);

  write->path = g_strdup (self->path);
  write->json = write_json (self);
  g_task_set_task_data (worker, write, write_free);
  g_task_run_in_thread (worker, write_in_thread);
}

/* contactfs logout, meanwhile. */
static gboolean
principal_left (const Principal *self)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  g_autoptr (Principal) now = principal_open (folder, NULL, NULL);

  return self->saved && now->has_left;
}

gboolean
principal_check (const Principal *self, const Identity *identity, GError **error)
{
  if (!identity_is_other (self->who, identity))
    return TRUE;
  if (principal_left (self))
    g_set_error (
        error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "the account “%s” is that of %s now, and this mount shows the contacts of %s: unmount it, and mount it "
        "again",
        self->account, identity_name (identity), identity_name (self->who));
  else
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "the account “%s” is that of %s, and these credentials are those of %s: choose another name with "
                 "--account NAME, or run contactfs logout --account %s first",
                 self->account, identity_name (self->who), identity_name (identity), self->account);
  return FALSE;
}

gboolean
principal_admit (Principal *self, const Identity *identity, GError **error)
{
  if (self->who == NULL && identity != NULL) {
    self->who = identity_copy (identity);
    if (self->saved)
      write_in_background (self);
  }
  return principal_check (self, identity, error);
}

gboolean
principal_end (const char *folder, GError **error)
{
  g_autoptr (Principal) self = principal_open (folder, NULL, NULL);
  g_autoptr (GBytes) json = NULL;

  if (!self->stored || self->has_left)
    return FALSE;
  self->has_left = TRUE;
  json = write_json (self);
  return write_file (self->path, json, error);
}
