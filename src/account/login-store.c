/*
 * The login store: a login in the keyring, or in a file where there is none.
 *
 * load:    file on a worker ─┬─ place: file ────→ done
 *                            └─ place: keyring ─→ keyring ─→ done
 * save:    keyring ─┬─ stored ─→ file ─┬─ written ─→ the one before out of the keyring ─→ done
 *                   │                  └─ not ─→ out of the keyring ─→ fails
 *                   └─ cannot ─→ file with secrets ─→ done; cancelled ─→ fails
 * renew:   in the keyring? ─→ keyring ─┬─ stored ─→ done
 *          in the file? ───────────────┴─ cannot ─→ file with secrets on a worker ─→ done
 * forget:  keyring ─→ file ─→ done
 */
#define G_LOG_DOMAIN "contactfs"

#include "account/keyring.h"
#include "account/stored-login-file.h"
#include "net/error.h"
#include "net/private-file.h"
#include "net/secret.h"

/* What is left in the keyring is nobody's login. */
#define CLEAR_SECONDS 3

typedef struct {
  char *account, *folder;
  gint64 deadline;
  StoredLogin *login;
  StoredLogin *before; /* of a save; NULL: there is none */
  gboolean in_keyring; /* of a forget: it may be there */
  char *why_file;
  GError *error; /* what a save fails with, while it is undone */
} Operation;

static void
operation_free (Operation *self)
{
  g_free (self->account);
  g_free (self->folder);
  stored_login_unref (self->login);
  stored_login_unref (self->before);
  g_free (self->why_file);
  g_clear_error (&self->error);
  g_free (self);
}

static GTask *
operation_new (const char *account, const char *folder, gint64 deadline, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Operation *self = g_new0 (Operation, 1);

  self->account = g_strdup (account);
  self->folder = g_strdup (folder);
  self->deadline = deadline;
  g_task_set_task_data (task, self, (GDestroyNotify)operation_free);
  return task;
}

/* ---- load ---- */

static void
return_login (GTask *task)
{
  Operation *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (stored_login_is_whole (self->login, &error))
    g_task_return_pointer (task, g_steal_pointer (&self->login), (GDestroyNotify)stored_login_unref);
  else
    g_task_return_error (task, error);
}

/* It is not the service that is. Takes error. */
static GError *
out_of_reach (const char *account, GError *error)
{
  g_autofree char *command = stored_login_command (account);
  GError *made = g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                              "%s; the login of the account “%s” is in the keyring of your desktop session: mount from "
                              "there, or log in here: %s",
                              error->message, account, command);

  g_error_free (error);
  return made;
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Operation *self = g_task_get_task_data (task);
  g_autofree char *command = stored_login_command (self->account);
  GError *error = NULL;
  g_autoptr (GBytes) secret = keyring_lookup_finish (result, &error);

  if (secret != NULL) {
    stored_login_take_secret (self->login, secret);
    return_login (task);
    return;
  }
  if (error == NULL)
    error = g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                         "the login of the account “%s” cannot be had from the keyring, which is locked or has lost "
                         "it: unlock the keyring, or log in again: %s",
                         self->account, command);
  else if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE))
    error = out_of_reach (self->account, error);
  g_task_return_error (task, error);
}

static void
read_in_thread (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Operation *self = data;
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
  Operation *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->login = g_task_propagate_pointer (G_TASK (result), &error);
  if (self->login == NULL) {
    if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND))
      error->code = PEOPLE_ERROR_AUTH;
    g_task_return_error (task, error);
  } else if (self->login->in_keyring) {
    keyring_lookup_async (self->account, self->login->generation, self->deadline, g_task_get_cancellable (task),
                          on_looked_up, g_object_ref (task));
  } else {
    return_login (task);
  }
}

void
stored_login_load_async (const char *account, const char *folder, gint64 deadline, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = operation_new (account, folder, deadline, cancellable, callback, data);
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, on_file_read, task);

  g_task_set_task_data (worker, g_task_get_task_data (task), NULL);
  g_task_run_in_thread (worker, read_in_thread);
}

StoredLogin *
stored_login_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- save ---- */

static void
on_cleaned_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Operation *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!keyring_clear_finish (result, NULL, &error))
    g_info ("what nobody looks for stays in the keyring: %s", error->message);
  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
clean_up (GTask *task, const StoredLogin *login)
{
  keyring_clear_async (login->account, login->generation, g_get_monotonic_time () + CLEAR_SECONDS * G_USEC_PER_SEC,
                       NULL, on_cleaned_up, g_object_ref (task));
}

static void
on_saved_in_keyring (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Operation *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  self->login->in_keyring = keyring_store_finish (result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_task_return_error (task, g_steal_pointer (&error));
    return;
  }
  self->why_file = error != NULL ? g_strdup (error->message) : NULL;
  if (!stored_login_write_file (self->login, &self->error)) {
    if (self->login->in_keyring)
      clean_up (task, self->login);
    else
      g_task_return_error (task, g_steal_pointer (&self->error));
  } else if (self->login->in_keyring && self->before != NULL && self->before->in_keyring) {
    clean_up (task, self->before);
  } else {
    g_task_return_boolean (task, TRUE);
  }
}

void
stored_login_save_async (StoredLogin *login, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = operation_new (login->account, login->folder, deadline, cancellable, callback, data);
  Operation *self = g_task_get_task_data (task);
  g_autoptr (GBytes) secret = stored_login_secret (login);

  self->login = stored_login_ref (login);
  self->before = stored_login_peek (login->account, login->folder, NULL);
  g_task_set_check_cancellable (task, FALSE); /* what has come about by then is told as it is */
  keyring_store_async (login->account, login->generation, secret, deadline, cancellable, on_saved_in_keyring,
                       g_object_ref (task));
}

gboolean
stored_login_save_finish (GAsyncResult *result, char **why_file, GError **error)
{
  Operation *self = g_task_get_task_data (G_TASK (result));

  *why_file = g_steal_pointer (&self->why_file);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- renew ---- */

static void
write_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Operation *self = data;
  GError *error = NULL;

  if (stored_login_write_file (self->login, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* By a task of its own: a thread may be the last to let go of its task, and the Operation is the loop's. */
static void
write_in_worker (GTask *task)
{
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, on_written, g_object_ref (task));

  g_task_set_task_data (worker, g_task_get_task_data (task), NULL);
  g_task_run_in_thread (worker, write_in_thread);
}

static void
on_renewed_in_keyring (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Operation *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (keyring_store_finish (result, &error)) {
    g_task_return_boolean (task, TRUE);
    return;
  }
  self->why_file = g_strdup (error->message);
  self->login->in_keyring = FALSE;
  write_in_worker (task);
}

void
stored_login_renew_async (StoredLogin *login, const char *refresh_token, gint64 deadline, GAsyncReadyCallback callback,
                          gpointer data)
{
  g_autoptr (GTask) task = operation_new (login->account, login->folder, deadline, NULL, callback, data);
  Operation *self = g_task_get_task_data (task);
  g_autoptr (GBytes) secret = NULL;

  secret_free (login->refresh_token);
  login->refresh_token = g_strdup (refresh_token);
  secret = stored_login_secret (login);
  self->login = stored_login_ref (login);
  if (login->in_keyring)
    keyring_store_async (login->account, login->generation, secret, deadline, NULL, on_renewed_in_keyring,
                         g_object_ref (task));
  else
    write_in_worker (task);
}

gboolean
stored_login_renew_finish (GAsyncResult *result, char **why_file, GError **error)
{
  return stored_login_save_finish (result, why_file, error);
}

/* ---- forget ---- */

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Operation *self = g_task_get_task_data (task);
  g_autofree char *path = stored_login_path (self->folder);
  g_autoptr (GError) error = NULL, not_removed = NULL;
  gboolean any = FALSE;
  gboolean cleared = keyring_clear_finish (result, &any, &error);

  /* The file stays as long as the keyring has it: it says where there is still something to forget. */
  if (!cleared
      && (self->in_keyring || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH)
          || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (!private_file_remove (path, &not_removed))
    g_task_return_error (task, g_steal_pointer (&not_removed));
  else
    g_task_return_boolean (task, any);
}

void
stored_login_forget_async (const char *account, const char *folder, gboolean in_keyring, gint64 deadline,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = operation_new (account, folder, deadline, cancellable, callback, data);
  Operation *self = g_task_get_task_data (task);

  self->in_keyring = in_keyring;
  keyring_clear_async (account, NULL, deadline, cancellable, on_cleared, g_object_ref (task));
}

gboolean
stored_login_forget_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
