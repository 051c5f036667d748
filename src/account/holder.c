/* Small enough to be written whole each time. */
#define G_LOG_DOMAIN "contactfs"

#include "account/holder.h"

#include <gio/gio.h>
#include <string.h>

#include "net/error.h"
#include "net/json.h"
#include "net/private-file.h"

#define OVER "over"

struct Holder {
  char *path;
  char *account;
  char *service;      /* the API's URL, without a slash at the end; NULL: not known */
  Identity *who;      /* or NULL: not known */
  gboolean over;      /* who has left */
  gboolean there;     /* there was a file */
  gboolean elsewhere; /* it is of another service */
  gboolean kept;      /* a mount goes on with it */
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
read_file (Holder *self, char **service)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (JsonValue) root = NULL;
  const char *id;

  if (!g_file_get_contents (self->path, &text, &length, NULL))
    return;
  root = json_parse (text, length, NULL);
  id = json_string (root, "id");
  self->there = TRUE;
  self->who = id != NULL ? identity_new (id, json_string (root, "email")) : NULL;
  self->over = json_string (root, OVER) != NULL;
  *service = without_slash (json_string (root, "service"));
}

Holder *
holder_open (const char *folder, const char *account, const char *api_url)
{
  Holder *self = g_new0 (Holder, 1);
  g_autofree char *service = NULL;

  self->path = g_build_filename (folder, "holder.json", NULL);
  self->account = g_strdup (account);
  read_file (self, &service);
  self->service = api_url != NULL ? without_slash (api_url) : g_strdup (service);
  /* Who it is elsewhere says nothing here. */
  self->elsewhere = self->there && g_strcmp0 (service, self->service) != 0;
  return self;
}

void
holder_free (Holder *self)
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
holder_begins_anew (Holder *self, const Identity *identity)
{
  gboolean anew = self->elsewhere || (self->over && !identity_is_same (self->who, identity));

  if (anew)
    g_clear_pointer (&self->who, identity_free);
  self->elsewhere = self->over = FALSE;
  return anew;
}

/* ---- keeping it ---- */

static GBytes *
write_json (const Holder *self)
{
  return json_write_secret ("service", self->service, "id", self->who != NULL ? self->who->id : NULL, "email",
                            self->who != NULL ? self->who->email : NULL, OVER, self->over ? "yes" : NULL, NULL);
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
holder_keep (Holder *self, GError **error)
{
  g_autoptr (GBytes) json = write_json (self);

  self->kept = TRUE;
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
    g_warning ("Whose account it is cannot be kept: %s", error->message);
  g_task_return_boolean (worker, TRUE);
}

static void
keep_in_background (const Holder *self)
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
has_left (const Holder *self)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  g_autoptr (Holder) now = holder_open (folder, NULL, NULL);

  return self->kept && now->over;
}

gboolean
holder_check (const Holder *self, const Identity *identity, GError **error)
{
  if (!identity_is_other (self->who, identity))
    return TRUE;
  if (has_left (self))
    g_set_error (
        error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "The account '%s' is that of %s now, and this mount shows the contacts of %s: unmount it, and mount it "
        "again",
        self->account, identity_name (identity), identity_name (self->who));
  else
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "The account '%s' is that of %s, and these credentials are those of %s: choose another name with "
                 "--account NAME, or run contactfs logout --account %s first",
                 self->account, identity_name (self->who), identity_name (identity), self->account);
  return FALSE;
}

gboolean
holder_admit (Holder *self, const Identity *identity, GError **error)
{
  if (self->who == NULL && identity != NULL) {
    self->who = identity_copy (identity);
    if (self->kept)
      keep_in_background (self);
  }
  return holder_check (self, identity, error);
}

gboolean
holder_end (const char *folder, GError **error)
{
  g_autoptr (Holder) self = holder_open (folder, NULL, NULL);
  g_autoptr (GBytes) json = NULL;

  if (!self->there || self->over)
    return FALSE;
  self->over = TRUE;
  json = write_json (self);
  return write_file (self->path, json, error);
}
