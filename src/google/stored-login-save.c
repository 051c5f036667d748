/*
 * The file says where a login is before the login is there: whatever ends the program half-way, logout finds it, and the
 * login before goes on. What the keyring holds tells itself which login it is, so that the file may be one behind.
 *
 *   file: where the one before is in the file, that, with "perhaps in the keyring too"; where there is none, "keyring"
 *     │   (in place, of a login in the file: the file with secrets ─→ done)
 *     └─→ keyring ─┬─ stored ─→ the file without secrets ─→ done
 *                  │               └─ cannot be written ─┬─ the one before was in the keyring: done all the same
 *                  │                                     └─ else out of the keyring ─→ fails
 *                  ├─ cannot ─→ the file with secrets ─→ done
 *                  └─ cancelled ─┬─ the keyring had none ─→ out of the keyring ─→ the file as it was ─→ fails
 *                                └─ it had, or cannot be asked: the file stays ─→ fails
 *
 * A keyring that hangs when it is cancelled may take the login afterwards, when nobody is there any more to hear of it. It
 * is not revoked for that: the service ends all of a person's with it, the one before too, which goes on. So the file says
 * that the keyring may hold something: what it has is the account's login, and logout ends it.
 */
#define G_LOG_DOMAIN "contactfs"

#include <glib/gstdio.h>

#include "google/error.h"
#include "google/keyring.h"
#include "google/secret.h"
#include "google/stored-login-file.h"

#define CLEAR_SECONDS 3

typedef struct {
  StoredLogin *login;
  gint64 deadline;
  gboolean in_place;
  GBytes *before;       /* the file as it was, or NULL: there was none. Wiped when freed */
  gboolean was_in_file; /* so was the login before, with its secrets */
  gboolean was_in_keyring;
  gboolean older; /* the keyring may hold the one before */
  char *why_file;
  GError *error; /* what the save fails with, while it is undone */
} Save;

static void
save_free (gpointer data)
{
  Save *self = data;

  stored_login_unref (self->login);
  g_clear_pointer (&self->before, g_bytes_unref);
  g_free (self->why_file);
  g_clear_error (&self->error);
  g_free (self);
}

/* work: on a worker, with the Save; nobody else touches it meanwhile. */
static void
run_on_worker (GTask *task, GTaskThreadFunc work, GAsyncReadyCallback callback)
{
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, callback, g_object_ref (task));

  g_task_set_task_data (worker, g_task_get_task_data (task), NULL);
  g_task_run_in_thread (worker, work);
}

static gboolean
write_file (const StoredLogin *login, GBytes *text, GError **error)
{
  g_autofree char *path = stored_login_path (login->folder);
  gsize size;
  const char *data = g_bytes_get_data (text, &size);

  if (stored_login_write_file (login->folder, path, data, size, error))
    return TRUE;
  g_prefix_error_literal (error, "The login cannot be kept: ");
  return FALSE;
}

/* ---- before the keyring is asked ---- */

static GBytes *
read_file (const char *folder)
{
  g_autofree char *path = stored_login_path (folder);
  char *text;
  gsize size;

  return g_file_get_contents (path, &text, &size, NULL) ? secret_bytes_take (text, size) : NULL;
}

static gboolean
check_in_place (const Save *self, const StoredLogin *before, GError **error)
{
  if (!self->in_place || self->before == NULL || before == NULL
      || g_strcmp0 (before->generation, self->login->filed) == 0)
    return TRUE;
  g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_STALE_ETAG, "The account '%s' has another login now",
               self->login->account);
  return FALSE;
}

static gboolean
announce (const Save *self, StoredLogin *before, GError **error)
{
  g_autoptr (GBytes) text = NULL;

  if (self->was_in_keyring || (self->was_in_file && (self->in_place || before->older_in_keyring)))
    return TRUE;
  if (self->was_in_file)
    before->older_in_keyring = TRUE;
  text = self->was_in_file ? stored_login_write (before, "file", TRUE)
                           : stored_login_write (self->login, "keyring", FALSE);
  return write_file (self->login, text, error);
}

static void
prepare (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  Save *self = data;
  g_autoptr (StoredLogin) before = NULL;
  g_autoptr (GError) missing = NULL;
  GError *error = NULL;

  self->before = read_file (self->login->folder);
  before = stored_login_read_file (self->login->account, self->login->folder, &missing);
  if (self->in_place && g_error_matches (missing, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND)) {
    g_task_return_error (worker, g_steal_pointer (&missing));
    return;
  }
  self->was_in_file = before != NULL && !before->in_keyring;
  self->was_in_keyring = before != NULL && before->in_keyring;
  /* the file is all that says so; what cannot be read may have said it */
  self->older = before != NULL ? before->in_keyring || before->older_in_keyring : self->before != NULL;
  if (check_in_place (self, before, &error) && announce (self, before, &error))
    g_task_return_boolean (worker, TRUE);
  else
    g_task_return_error (worker, error);
}

/* ---- the ways to end ---- */

static void
on_last_step (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* What was announced did not come about. The words are those of what failed. */
static void
restore (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  Save *self = data;
  g_autofree char *path = stored_login_path (self->login->folder);
  g_autoptr (GError) error = NULL;

  if (self->before == NULL)
    g_unlink (path);
  else if (!write_file (self->login, self->before, &error))
    g_info ("%s", error->message);
  g_task_return_error (worker, g_steal_pointer (&self->error));
}

static void
write_with_secrets (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  Save *self = data;
  g_autoptr (GBytes) text = stored_login_write (self->login, "file", TRUE);

  if (write_file (self->login, text, &self->error))
    g_task_return_boolean (worker, TRUE);
  else
    restore (worker, source, data, cancellable);
}

static void
write_without_secrets (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  Save *self = data;
  g_autoptr (GBytes) text = stored_login_write (self->login, "keyring", FALSE);
  GError *error = NULL;

  if (write_file (self->login, text, &error)) {
    g_task_return_boolean (worker, TRUE);
  } else if (self->was_in_keyring) {
    g_info ("The file is one login behind the keyring: %s", error->message);
    g_clear_error (&error);
    g_task_return_boolean (worker, TRUE);
  } else {
    g_task_return_error (worker, error);
  }
}

/* Nothing was changed, or so it cannot be said: the file tells that there may be something in the keyring. */
static void
fail_as_announced (GTask *task)
{
  Save *self = g_task_get_task_data (task);

  if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT,
                             "The login was interrupted while the keyring was asked, which may take it all the same%s. "
                             "To end what it has, run contactfs logout --account %s",
                             self->before != NULL ? "; until then the one before goes on" : "", self->login->account);
  else
    g_task_return_error (task, g_steal_pointer (&self->error));
}

static void
on_taken_back (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Save *self = g_task_get_task_data (task);

  if (keyring_clear_finish (result, NULL) && !self->older)
    run_on_worker (task, restore, on_last_step);
  else
    fail_as_announced (task);
}

static void
take_back (GTask *task)
{
  const Save *self = g_task_get_task_data (task);

  keyring_clear_async (self->login->account, g_get_monotonic_time () + CLEAR_SECONDS * G_USEC_PER_SEC, NULL,
                       on_taken_back, g_object_ref (task));
}

static void
on_written_without_secrets (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Save *self = g_task_get_task_data (task);

  if (g_task_propagate_boolean (G_TASK (result), &self->error))
    g_task_return_boolean (task, TRUE);
  else
    take_back (task);
}

/* ---- the keyring ---- */

static void
on_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Save *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  self->login->in_keyring = keyring_store_finish (result, &error);
  if (error == NULL) {
    run_on_worker (task, write_without_secrets, on_written_without_secrets);
    return;
  }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    self->error = g_steal_pointer (&error);
    if (self->older)
      fail_as_announced (task);
    else
      take_back (task);
    return;
  }
  /* a keyring that was too slow may keep it after all */
  self->login->older_in_keyring = self->older || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
  self->why_file = g_strdup (error->message);
  run_on_worker (task, write_with_secrets, on_last_step);
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Save *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) json = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error)) {
    g_task_return_error (task, error);
    return;
  }
  if (self->in_place && self->was_in_file) { /* it was put there, and those who use it may have no keyring */
    self->login->in_keyring = FALSE;
    self->login->older_in_keyring = self->older;
    run_on_worker (task, write_with_secrets, on_last_step);
    return;
  }
  json = stored_login_write (self->login, NULL, TRUE);
  keyring_store_async (self->login->account, json, self->deadline, g_task_get_cancellable (task), on_stored,
                       g_object_ref (task));
}

void
stored_login_save_async (StoredLogin *login, gboolean in_place, gint64 deadline, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Save *self = g_new0 (Save, 1);

  self->login = stored_login_ref (login);
  self->in_place = in_place;
  self->deadline = deadline;
  g_task_set_check_cancellable (task, FALSE); /* what has come about by then is told as it is */
  g_task_set_task_data (task, self, save_free);
  run_on_worker (task, prepare, on_prepared);
}

gboolean
stored_login_save_finish (GAsyncResult *result, char **why_file, GError **error)
{
  Save *self = g_task_get_task_data (G_TASK (result));

  *why_file = g_steal_pointer (&self->why_file);
  return g_task_propagate_boolean (G_TASK (result), error);
}
