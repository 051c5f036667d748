/*
 * libsecret, with a deadline around it: the caller is answered when the deadline passes, and what libsecret says later
 * is dropped. libsecret keeps its session with a service, also when that one has died and another has taken its place:
 * what fails in a session that was there before is asked once more in a new one.
 */
#define G_LOG_DOMAIN "contactfs"

#include "account/keyring.h"

#include <libsecret/secret.h>
#include <string.h>

#include "net/error.h"
#include "net/wait-limits.h"

static const SecretSchema schema = {
  "contactfs",
  SECRET_SCHEMA_NONE,
  { { "account", SECRET_SCHEMA_ATTRIBUTE_STRING }, { "generation", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
};

/* Something was answered in libsecret's present session. */
static gboolean in_session;

typedef struct Call Call;

struct Call {
  GTask *task; /* NULL: answered */
  GCancellable *cancellable;
  Limits limits;
  GHashTable *attributes; /* of the item; of a clear, all items with these */
  GBytes *secret;         /* to be stored, or NULL */
  gboolean removed;
  gboolean may_fail; /* the session is not of this call: it may have ended with its service */
  void (*ask) (Call *self);
};

/* ---- ending ---- */

/* Its callback may come while libsecret still works; self stays until that has ended. */
static GTask *
call_answer (Call *self)
{
  limits_stop (&self->limits);
  return g_steal_pointer (&self->task);
}

static void
call_free (Call *self)
{
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->secret, g_bytes_unref);
  g_hash_table_unref (self->attributes);
  g_free (self);
}

static void
call_fail (Call *self, GError *error)
{
  g_autoptr (GTask) task = call_answer (self);

  if (task != NULL)
    g_task_return_error (task, error);
  else
    g_error_free (error);
}

static gboolean
on_deadline (gpointer data)
{
  Call *self = data;

  call_fail (self, g_error_new_literal (PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT,
                                        "the keyring did not answer in time: unlock it, or look whether it runs"));
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Call *self = data;

  call_fail (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the request was cancelled"));
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* Takes error. */
static void
call_end_with_error (Call *self, GError *error)
{
  g_autofree char *words = NULL;
  gboolean again
      = self->may_fail && self->task != NULL && !g_error_matches (error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED);

  g_dbus_error_strip_remote_error (error);
  words = g_strdup (error->message);
  g_clear_error (&error);
  secret_service_disconnect ();
  in_session = FALSE;
  if (again) {
    g_info ("the keyring cannot be used (%s): trying it in a new session", words);
    self->may_fail = FALSE;
    self->ask (self);
    return;
  }
  call_fail (self, g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE, "the keyring cannot be used (%s)", words));
  call_free (self);
}

/* ---- the three questions ---- */

static void
wipe_password (gpointer password)
{
  secret_password_free (password);
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *self = data;
  GError *error = NULL;
  char *password = secret_password_lookup_nonpageable_finish (result, &error);
  g_autoptr (GBytes) secret
      = password != NULL ? g_bytes_new_with_free_func (password, strlen (password), wipe_password, password) : NULL;

  if (error != NULL) {
    call_end_with_error (self, error);
    return;
  }
  in_session = TRUE;
  {
    g_autoptr (GTask) task = call_answer (self);

    if (task != NULL)
      g_task_return_pointer (task, g_steal_pointer (&secret), (GDestroyNotify)g_bytes_unref);
  }
  call_free (self);
}

static void
end_with_success (Call *self)
{
  g_autoptr (GTask) task = call_answer (self);

  in_session = TRUE;
  if (task != NULL)
    g_task_return_int (task, self->removed);
  call_free (self);
}

static void
on_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (secret_password_store_finish (result, &error))
    end_with_success (data);
  else
    call_end_with_error (data, error);
}

static void
on_left (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *self = data;
  GError *error = NULL;
  GList *left = secret_password_search_finish (result, &error);

  if (error != NULL) {
    call_end_with_error (self, error);
    return;
  }
  if (left != NULL)
    call_fail (
        self, g_error_new_literal (PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "the keyring is locked: unlock it, and try again"));
  g_list_free_full (left, g_object_unref);
  end_with_success (self);
}

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *self = data;
  GError *error = NULL;

  self->removed = secret_password_clear_finish (result, &error) || self->removed;
  if (error != NULL)
    call_end_with_error (self, error);
  else /* that nothing was removed is no error, be there nothing or nothing that is unlocked */
    secret_password_searchv (&schema, self->attributes, SECRET_SEARCH_NONE, self->cancellable, on_left, self);
}

static void
ask_lookup (Call *self)
{
  secret_password_lookupv (&schema, self->attributes, self->cancellable, on_found, self);
}

static void
ask_store (Call *self)
{
  const char *account = g_hash_table_lookup (self->attributes, "account");
  g_autofree char *label = g_strdup_printf ("contactfs login for %s", account);

  secret_password_storev (&schema, self->attributes, SECRET_COLLECTION_DEFAULT, label,
                          g_bytes_get_data (self->secret, NULL), self->cancellable, on_stored, self);
}

static void
ask_clear (Call *self)
{
  secret_password_clearv (&schema, self->attributes, self->cancellable, on_cleared, self);
}

/* ---- asking ---- */

/* Neither the environment nor the runtime folder names one: GLib would tell how it tried to start one. */
static gboolean
is_without_session (void)
{
  g_autofree char *bus = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);

  return g_getenv ("DBUS_SESSION_BUS_ADDRESS") == NULL && !g_file_test (bus, G_FILE_TEST_EXISTS);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *self = data;
  GError *error = NULL;
  GDBusConnection *bus = g_bus_get_finish (result, &error);

  if (bus == NULL) {
    if (is_without_session ()) {
      g_clear_error (&error);
      error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no desktop session here");
    }
    call_end_with_error (self, error);
    return;
  }
  /* GLib ends a program whose session bus goes away; a mount stays. libsecret takes this same connection. */
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  self->may_fail = in_session;
  self->ask (self);
  g_object_unref (bus);
}

static void
call_start (const char *account, const char *generation, GBytes *secret, void (*ask) (Call *self), gint64 deadline,
            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  Call *self = g_new0 (Call, 1);

  self->task = g_task_new (NULL, cancellable, callback, data);
  self->cancellable = g_cancellable_new ();
  self->attributes = secret_attributes_build (&schema, "account", account, generation != NULL ? "generation" : NULL,
                                              generation, NULL);
  self->secret = secret != NULL ? g_bytes_ref (secret) : NULL;
  self->ask = ask;
  limits_start (&self->limits, deadline, on_deadline, cancellable, on_cancelled, self);
  g_bus_get (G_BUS_TYPE_SESSION, self->cancellable, on_bus, self);
}

void
keyring_lookup_async (const char *account, const char *generation, gint64 deadline, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data)
{
  call_start (account, generation, NULL, ask_lookup, deadline, cancellable, callback, data);
}

GBytes *
keyring_lookup_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
keyring_store_async (const char *account, const char *generation, GBytes *secret, gint64 deadline,
                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  call_start (account, generation, secret, ask_store, deadline, cancellable, callback, data);
}

gboolean
keyring_store_finish (GAsyncResult *result, GError **error)
{
  return keyring_clear_finish (result, NULL, error);
}

void
keyring_clear_async (const char *account, const char *generation, gint64 deadline, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  call_start (account, generation, NULL, ask_clear, deadline, cancellable, callback, data);
}

gboolean
keyring_clear_finish (GAsyncResult *result, gboolean *any, GError **error)
{
  gssize removed = g_task_propagate_int (G_TASK (result), error);

  if (any != NULL)
    *any = removed > 0;
  return removed >= 0; /* -1 with an error */
}
