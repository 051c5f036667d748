/*
 * load:    file on a worker ─┬─ place: file ──────────────→ done
 *                            └─ place: keyring ─→ keyring ─→ another login than the file says? the file ─→ done
 * older:   keyring ─→ done
 * forget:  keyring ─→ file ─→ done
 */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <glib/gstdio.h>

#include "google/error.h"
#include "google/keyring.h"
#include "google/stored-login-file.h"

typedef struct {
  char *account, *folder;
  gint64 deadline;
  StoredLogin *login;
  gboolean in_keyring; /* of a forget: it may be there */
} Keep;

static void
keep_free (Keep *self)
{
  g_free (self->account);
  g_free (self->folder);
  stored_login_unref (self->login);
  g_free (self);
}

static Keep *
keep_new_data (const char *account, const char *folder)
{
  Keep *self = g_new0 (Keep, 1);

  self->account = g_strdup (account);
  self->folder = g_strdup (folder);
  return self;
}

static GTask *
keep_new (const char *account, const char *folder, gint64 deadline, GCancellable *cancellable,
          GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Keep *self = keep_new_data (account, folder);

  self->deadline = deadline;
  g_task_set_task_data (task, self, (GDestroyNotify)keep_free);
  return task;
}

/* ---- load ---- */

static void
return_login (GTask *task)
{
  Keep *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (stored_login_is_whole (self->login, &error))
    g_task_return_pointer (task, g_steal_pointer (&self->login), (GDestroyNotify)stored_login_unref);
  else
    g_task_return_error (task, error);
}

/* A login that was killed on its way to the file, and renews the one that it tells of: the next who looks there is to see
 * what the keyring has. */
static void
catch_up (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  StoredLogin *login = ((Keep *)data)->login;
  g_autofree char *path = stored_login_path (login->folder);
  g_autoptr (GBytes) text = stored_login_write (login, "keyring", FALSE);
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *bytes = g_bytes_get_data (text, &size);

  if (!stored_login_write_file (login->folder, path, bytes, size, &error))
    g_info ("%s", error->message);
  g_task_return_boolean (worker, TRUE);
}

static void
on_caught_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;

  return_login (task);
}

static void
take_secret (StoredLogin *login, GBytes *secret)
{
  gsize size;
  const char *text = g_bytes_get_data (secret, &size);
  JsonValue *root = json_parse (text, size, NULL);

  stored_login_read (login, root);
  json_free_secret (root);
}

/* It is not the service that is. Takes error. */
static GError *
out_of_reach (const char *account, GError *error)
{
  g_autofree char *command = stored_login_command (account);
  GError *made = g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                              "%s. The login of the account '%s' is in the keyring of your desktop session: mount from "
                              "there, or log in here: %s",
                              error->message, account, command);

  g_error_free (error);
  return made;
}

/* There are two keyrings, and the one that the login is in is the other. */
static GError *
of_another_login (const char *account)
{
  g_autofree char *command = stored_login_command (account);

  return g_error_new (
      PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
      "The keyring has another login of the account '%s' than the one that was made last: log in again: "
      "%s",
      account, command);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Keep *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autofree char *lineage = NULL;
  g_autoptr (GBytes) secret = keyring_lookup_finish (result, &error);

  if (secret == NULL) {
    g_autofree char *command = stored_login_command (self->account);

    if (error == NULL)
      error = g_error_new (
          PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
          "The login of the account '%s' cannot be had from the keyring, which is locked or has lost it: "
          "unlock the keyring, or log in again: %s",
          self->account, command);
    else if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE))
      error = out_of_reach (self->account, error);
    g_task_return_error (task, error);
    return;
  }
  lineage = g_strdup (self->login->lineage);
  take_secret (self->login, secret);
  if (g_strcmp0 (self->login->generation, self->login->filed) == 0 || !stored_login_is_whole (self->login, NULL)) {
    return_login (task);
  } else if (g_strcmp0 (self->login->lineage, lineage) != 0) {
    g_task_return_error (task, of_another_login (self->account));
  } else {
    g_autoptr (GTask) worker = g_task_new (NULL, NULL, on_caught_up, g_object_ref (task));

    g_free (self->login->filed);
    self->login->filed = g_strdup (self->login->generation);
    g_task_set_task_data (worker, self, NULL);
    g_task_run_in_thread (worker, catch_up);
  }
}

static void
read_on_worker (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  Keep *self = data;
  GError *error = NULL;
  StoredLogin *login = stored_login_read_file (self->account, self->folder, &error);

  if (login != NULL)
    g_task_return_pointer (worker, login, (GDestroyNotify)stored_login_unref);
  else
    g_task_return_error (worker, error);
}

static void
on_file_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Keep *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->login = g_task_propagate_pointer (G_TASK (result), &error);
  if (self->login == NULL) {
    if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND))
      error->code = PEOPLE_ERROR_AUTH;
    g_task_return_error (task, error);
  } else if (self->login->in_keyring) {
    keyring_lookup_async (self->account, self->deadline, g_task_get_cancellable (task), on_looked_up,
                          g_object_ref (task));
  } else {
    return_login (task);
  }
}

void
stored_login_load_async (const char *account, const char *folder, gint64 deadline, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = keep_new (account, folder, deadline, cancellable, callback, data);
  g_autoptr (GTask) worker = g_task_new (NULL, cancellable, on_file_read, g_object_ref (task));

  g_task_set_task_data (worker, keep_new_data (account, folder), (GDestroyNotify)keep_free);
  g_task_run_in_thread (worker, read_on_worker);
}

StoredLogin *
stored_login_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- the one before ---- */

static void
on_older_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Keep *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) secret = keyring_lookup_finish (result, &error);

  if (error != NULL) {
    g_task_return_error (task, error);
  } else if (secret == NULL) {
    g_task_return_pointer (task, NULL, NULL);
  } else {
    self->login = stored_login_new_empty (self->account, self->folder);
    take_secret (self->login, secret);
    return_login (task);
  }
}

void
stored_login_load_older_async (const char *account, const char *folder, gint64 deadline, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = keep_new (account, folder, deadline, cancellable, callback, data);

  keyring_lookup_async (account, deadline, cancellable, on_older_looked_up, g_object_ref (task));
}

StoredLogin *
stored_login_load_older_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- forget ---- */

static void
remove_file (GTask *task)
{
  Keep *self = g_task_get_task_data (task);
  g_autofree char *path = stored_login_path (self->folder);

  if (g_unlink (path) != 0 && errno != ENOENT)
    g_task_return_new_error (task, G_IO_ERROR, g_io_error_from_errno (errno), "The login in %s cannot be removed: %s",
                             path, g_strerror (errno));
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Keep *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  /* The file stays as long as the keyring has it: it says where there is still something to forget. */
  if (keyring_clear_finish (result, &error)
      || (!self->in_keyring && !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH)))
    remove_file (task);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
stored_login_forget_async (const char *account, const char *folder, gboolean in_keyring, gint64 deadline,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = keep_new (account, folder, deadline, cancellable, callback, data);
  Keep *self = g_task_get_task_data (task);

  self->in_keyring = in_keyring;
  keyring_clear_async (account, deadline, cancellable, on_cleared, g_object_ref (task));
}

gboolean
stored_login_forget_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
