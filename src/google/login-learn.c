/* lock ─→ load ─→ the same login, and nobody's yet? ─→ save in place */
#define G_LOG_DOMAIN "contactfs"

#include "google/login-learn.h"

#include "google/login-lock.h"
#include "google/stored-login.h"

#define KEYRING_SECONDS 20

typedef struct {
  char *account, *folder, *login, *person, *who, *api_url;
  LoginLock *lock;
} Learn;

static void
learn_free (Learn *self)
{
  login_lock_free (self->lock);
  g_free (self->account);
  g_free (self->folder);
  g_free (self->login);
  g_free (self->person);
  g_free (self->who);
  g_free (self->api_url);
  g_free (self);
}

static gint64
keyring_deadline (void)
{
  return g_get_monotonic_time () + KEYRING_SECONDS * G_USEC_PER_SEC;
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *why_file = NULL;
  g_autoptr (GError) error = NULL;

  if (!stored_login_save_finish (result, &why_file, &error))
    g_info ("Whose login it is cannot be kept: %s", error->message);
  learn_free (data);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  Learn *self = data;
  g_autoptr (StoredLogin) login = stored_login_load_finish (result, NULL);
  g_autoptr (StoredLogin) known = NULL;

  if (login == NULL || login->person != NULL || g_strcmp0 (login->generation, self->login) != 0) {
    learn_free (self);
    return;
  }
  known = stored_login_with_person (login, self->person, self->who, self->api_url);
  stored_login_save_async (known, TRUE, keyring_deadline (), NULL, on_saved, self);
}

static void
on_locked (GObject *source, GAsyncResult *result, gpointer data)
{
  Learn *self = data;

  self->lock = login_lock_finish (result, NULL);
  stored_login_load_async (self->account, self->folder, keyring_deadline (), NULL, on_loaded, self);
}

void
login_learn (const char *account, const char *folder, const char *login, const char *person, const char *who,
             const char *api_url)
{
  Learn *self = g_new0 (Learn, 1);

  self->account = g_strdup (account);
  self->folder = g_strdup (folder);
  self->login = g_strdup (login);
  self->person = g_strdup (person);
  self->who = g_strdup (who);
  self->api_url = g_strdup (api_url);
  login_lock_async (folder, FALSE, NULL, on_locked, self);
}
