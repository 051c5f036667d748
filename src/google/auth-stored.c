/*
 * Tokens from what `contactfs login` left behind, which is read again for each: another process may have logged in or
 * been given another refresh token meanwhile.
 *
 *   lock ─→ load ─→ somebody else's, or refused before? ─→ fails, and nobody is asked. Nobody knows? ─→ doubtful
 *            ↑ └──→ grant ─┬─ a token ─→ a new refresh token? ─→ save ─→ done
 *            │             │                            └─ a logout that did not wait for the lock? ─→ revoke ─→ fails
 *            │             └─ invalid_grant: once more from here, then it is remembered as refused
 *            └─────────────────┘
 */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "google/auth-source.h"
#include "google/error.h"
#include "google/grant.h"
#include "google/login-learn.h"
#include "google/login-lock.h"
#include "google/login-revoke.h"
#include "google/people.h"
#include "google/secret.h"
#include "google/stored-login.h"

#define SAVE_SECONDS   20
#define GRANT_SECONDS  30
#define REVOKE_SECONDS 20

typedef struct {
  grefcount references;
  HttpClient *http; /* owned */
  char *account, *folder;
  char *api_url;     /* NULL: Google's */
  char *person;      /* whose it is, or NULL: not known, or nobody's */
  char *login;       /* which one is known to be that person's, or NULL */
  char *lineage;     /* NULL: there was no login when it was opened */
  char *made;        /* which one the last token was made of, or NULL */
  gboolean doubtful; /* that may be another person's */
  char *foreign;     /* which one is known to be another person's, or NULL, and */
  GError *foreign_error;
  char *who;           /* the person for people, or NULL */
  gboolean in_keyring; /* as it was seen last */
  guint locking;       /* runs that wait for the lock */
  guint loading;       /* runs that read it */
  guint asking;        /* runs that ask the token service */
  guint saving;        /* runs that keep what it gave */
  char *refused;       /* hash of the refresh token that was refused last, or NULL */
  GError *refusal;
} Source;

typedef struct {
  Source *source;
  gint64 *deadline;
  LoginLock *lock;
  StoredLogin *login;
  Grant *grant;
  gboolean doubtful;
  char *tried; /* hash of the refresh token that was refused in this run, or NULL */
  GError *refusal;
} Run;

static void step_load (GTask *task);

static void
source_unref (gpointer data)
{
  Source *self = data;

  if (!g_ref_count_dec (&self->references))
    return;
  http_client_unref (self->http);
  g_free (self->account);
  g_free (self->folder);
  g_free (self->api_url);
  g_free (self->person);
  g_free (self->login);
  g_free (self->made);
  g_free (self->lineage);
  g_free (self->foreign);
  g_clear_error (&self->foreign_error);
  g_free (self->who);
  g_free (self->refused);
  g_clear_error (&self->refusal);
  g_free (self);
}

static void
run_free (gpointer data)
{
  Run *self = data;

  login_lock_free (self->lock);
  stored_login_unref (self->login);
  grant_free (self->grant);
  g_free (self->tried);
  g_clear_error (&self->refusal);
  source_unref (self->source);
  g_free (self);
}

static char *
hash (const char *token)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, token, -1);
}

static void
fail (GTask *task, GError *error)
{
  Run *self = g_task_get_task_data (task);

  g_clear_pointer (&self->lock, login_lock_free);
  g_task_return_error (task, error);
}

static void
succeed (GTask *task)
{
  Run *self = g_task_get_task_data (task);
  Source *source = self->source;

  source->doubtful = self->doubtful;
  g_free (source->made);
  source->made = g_strdup (self->login->generation);
  g_clear_pointer (&self->lock, login_lock_free);
  g_task_return_pointer (task, g_steal_pointer (&self->grant->access_token), (GDestroyNotify)secret_free);
}

/* ---- what the token endpoint said ---- */

/* What is stored is dead: until it changes, nobody is asked any more. */
static void
give_up (GTask *task)
{
  Run *self = g_task_get_task_data (task);
  Source *source = self->source;

  g_free (source->refused);
  source->refused = g_strdup (self->tried);
  g_clear_error (&source->refusal);
  source->refusal = g_error_copy (self->refusal);
  fail (task, g_steal_pointer (&self->refusal));
}

static void
refused (GTask *task, const Grant *grant)
{
  Run *self = g_task_get_task_data (task);
  g_autofree char *login = g_strdup_printf ("The login of the account '%s'", self->source->account);
  g_autofree char *command = stored_login_command (self->source->account);
  g_autofree char *renew = g_strdup_printf ("log in again: %s", command);
  GError *error = grant_refusal (grant, login, renew);
  gboolean first = self->tried == NULL;

  if (!g_str_equal (grant->code, "invalid_grant")) {
    fail (task, error);
    return;
  }
  g_clear_error (&self->refusal);
  self->refusal = error;
  g_free (self->tried);
  self->tried = hash (self->login->refresh_token);
  if (first)
    step_load (task); /* somebody who does not know of the lock may have been faster */
  else
    give_up (task);
}

static void
on_revoked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!login_revoke_finish (result, &error))
    g_warning ("A new token of the login that was ended could not be revoked: remove the app at "
               "https://myaccount.google.com/permissions (%s)",
               error->message);
  fail (task, g_steal_pointer (&self->refusal));
}

/* Nobody would find what came for a login that is not there any more. Takes error. */
static void
end_with_login (GTask *task, GError *error)
{
  Run *self = g_task_get_task_data (task);
  g_autoptr (StoredLogin) renewed = stored_login_with_token (self->login, self->grant->refresh_token);

  g_clear_error (&self->refusal);
  self->refusal = error;
  self->refusal->code = PEOPLE_ERROR_AUTH;
  login_revoke_async (self->source->http, renewed, g_get_monotonic_time () + REVOKE_SECONDS * G_USEC_PER_SEC, NULL,
                      on_revoked, g_object_ref (task));
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  g_autofree char *why_file = NULL;
  g_autoptr (GError) error = NULL;

  self->source->saving--;
  if (stored_login_save_finish (result, &why_file, &error)) {
    if (why_file != NULL && self->login->in_keyring)
      g_message ("%s; the login is in a file of its own from now on, which you alone can read", why_file);
    succeed (task);
  } else if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND)) {
    end_with_login (task, g_steal_pointer (&error));
  } else if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_STALE_ETAG)) {
    step_load (task); /* the token of the newer one is the one to use */
  } else {
    g_warning ("The service gave a new login in place of the old one, and it could not be kept: %s", error->message);
    succeed (task);
  }
}

static void
on_granted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (Grant) grant = grant_ask_finish (result, &error);

  self->source->asking--;
  if (grant == NULL) {
    fail (task, error);
    return;
  }
  if (grant->access_token == NULL) {
    refused (task, grant);
    return;
  }
  g_clear_pointer (&self->grant, grant_free);
  self->grant = g_steal_pointer (&grant);
  if (self->grant->refresh_token == NULL || g_str_equal (self->grant->refresh_token, self->login->refresh_token)) {
    succeed (task);
    return;
  }
  {
    g_autoptr (StoredLogin) renewed = stored_login_with_token (self->login, self->grant->refresh_token);

    self->source->saving++;
    /* Not cancelled with those who wait: the old token is dead, and this one must not get lost. */
    stored_login_save_async (renewed, TRUE, g_get_monotonic_time () + SAVE_SECONDS * G_USEC_PER_SEC, NULL, on_saved,
                             g_object_ref (task));
  }
}

/* ---- what is stored ---- */

static void
step_grant (GTask *task)
{
  Run *self = g_task_get_task_data (task);
  g_autoptr (GBytes) form
      = grant_form ("grant_type", "refresh_token", "client_id", self->login->client_id, "client_secret",
                    self->login->client_secret, "refresh_token", self->login->refresh_token, NULL);

  /* Not cancelled, and with a time of its own: a service that hands out another refresh token may have done so already,
   * and an answer that nobody takes is a lost login. */
  *self->deadline = MAX (*self->deadline, g_get_monotonic_time () + GRANT_SECONDS * G_USEC_PER_SEC);
  self->source->asking++;
  grant_ask_async (self->source->http, self->login->token_uri, form, self->deadline, NULL, on_granted,
                   g_object_ref (task));
}

/* The names and photos of whoever was logged in before stay theirs: nothing of the next one's gets between them. */
static GError *
check_owner (const Source *source, const StoredLogin *login, gboolean *doubtful)
{
  gboolean known = source->person != NULL && login->person != NULL;
  gboolean same = g_strcmp0 (source->login, login->generation) == 0;
  gboolean anybodys = source->person == NULL && source->login == NULL;
  gboolean seen = source->person == NULL && login->person != NULL;
  gboolean renewed = source->lineage != NULL && g_strcmp0 (source->lineage, login->lineage) == 0;

  if (source->foreign != NULL && g_strcmp0 (source->foreign, login->generation) == 0)
    return g_error_copy (source->foreign_error);
  *doubtful = !known && !same && !anybodys && (renewed || seen);
  if (known ? g_str_equal (source->person, login->person) : same || anybodys || renewed || seen)
    return NULL;
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                      "The account '%s' is now that of %s, and this mount shows the contacts of %s: unmount it, and "
                      "mount it again",
                      source->account, login->who != NULL ? login->who : "somebody else",
                      source->who != NULL ? source->who : "whoever was logged in before");
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  g_autofree char *now = NULL;
  GError *error = NULL;

  self->source->loading--;
  g_clear_pointer (&self->login, stored_login_unref);
  self->login = stored_login_load_finish (result, &error);
  if (self->login != NULL) {
    self->source->in_keyring = self->login->in_keyring;
    error = check_owner (self->source, self->login, &self->doubtful);
  }
  if (error != NULL) {
    fail (task, error);
    return;
  }
  now = hash (self->login->refresh_token);
  if (g_strcmp0 (now, self->source->refused) == 0)
    fail (task, g_error_copy (self->source->refusal));
  else if (g_strcmp0 (now, self->tried) == 0)
    give_up (task);
  else
    step_grant (task);
}

static void
step_load (GTask *task)
{
  Run *self = g_task_get_task_data (task);

  self->source->loading++;
  stored_login_load_async (self->source->account, self->source->folder, *self->deadline, g_task_get_cancellable (task),
                           on_loaded, g_object_ref (task));
}

static void
on_locked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->source->locking--;
  self->lock = login_lock_finish (result, &error);
  if (self->lock != NULL)
    step_load (task);
  else
    fail (task, error);
}

/* ---- the source ---- */

static void
stored_make_async (gpointer data, gint64 *deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                   gpointer user_data)
{
  Source *source = data;
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Run *self = g_new0 (Run, 1);

  g_ref_count_inc (&source->references);
  self->source = source;
  self->deadline = deadline;
  g_task_set_task_data (task, self, run_free);
  source->locking++;
  login_lock_async (source->folder, FALSE, cancellable, on_locked, g_object_ref (task));
}

static char *
stored_make_finish (GAsyncResult *result, gint64 *lifetime, GError **error)
{
  Run *self = g_task_get_task_data (G_TASK (result));

  *lifetime = self->grant != NULL ? self->grant->lifetime : 0;
  return g_task_propagate_pointer (G_TASK (result), error);
}

static const char *
stored_hanging (gpointer data)
{
  const Source *self = data;

  if (self->locking > 0)
    return "another program has been at work with this login for long; contactfs login or logout may be waiting for "
           "somebody in a terminal";
  if (self->asking > 0)
    return "the token service does not answer; try again later";
  return self->loading > 0 && self->in_keyring
             ? "the keyring, where the login is, does not answer; unlock it, or look whether it runs"
             : NULL;
}

static const char *
stored_owner (gpointer data)
{
  const Source *self = data;

  return self->person;
}

static const char *
stored_login (gpointer data)
{
  const Source *self = data;

  return self->made != NULL ? self->made : self->login;
}

static const char *
stored_lineage (gpointer data)
{
  const Source *self = data;

  return self->lineage;
}

static gboolean
stored_doubtful (gpointer data)
{
  const Source *self = data;

  return self->doubtful;
}

static gboolean
stored_unfinished (gpointer data)
{
  const Source *self = data;

  return self->asking > 0 || self->saving > 0;
}

static void
stored_identify (gpointer data, const char *person, const char *who)
{
  Source *self = data;

  self->doubtful = FALSE;
  if (self->made != NULL) {
    g_free (self->login);
    self->login = g_strdup (self->made);
  }
  if (person == NULL)
    return;
  g_free (self->person);
  self->person = g_strdup (person);
  g_free (self->who);
  self->who = g_strdup (who);
  login_learn (self->account, self->folder, self->login, person, who, self->api_url);
}

static void
stored_disown (gpointer data, const char *person, const char *who, const GError *why)
{
  Source *self = data;

  self->doubtful = FALSE;
  g_free (self->foreign);
  self->foreign = g_strdup (stored_login (self));
  g_clear_error (&self->foreign_error);
  self->foreign_error = g_error_copy (why);
  if (person != NULL)
    login_learn (self->account, self->folder, self->foreign, person, who, self->api_url);
}

static char *
stored_advice (gpointer data, AuthTrouble trouble)
{
  const Source *self = data;
  g_autofree char *command = stored_login_command (self->account);

  return g_strdup_printf ("log in again%s: %s",
                          trouble == AUTH_SCOPE_MISSING ? ", and tick the box for contacts on the consent page" : "",
                          command);
}

static const AuthSource stored_source = {
  .goes_on = TRUE, /* it has the lock, and may have been given another refresh token */
  .make_async = stored_make_async,
  .make_finish = stored_make_finish,
  .advice = stored_advice,
  .hanging = stored_hanging,
  .owner = stored_owner,
  .login = stored_login,
  .lineage = stored_lineage,
  .identify = stored_identify,
  .disown = stored_disown,
  .doubtful = stored_doubtful,
  .unfinished = stored_unfinished,
  .free = source_unref,
};

Auth *
auth_new_stored (HttpClient *http, const char *account, const char *folder, const char *api_url, GError **error)
{
  g_autoptr (StoredLogin) login = stored_login_peek (account, folder, error);
  Source *self;

  if (login == NULL && error != NULL && *error != NULL)
    return NULL;
  self = g_new0 (Source, 1);
  g_ref_count_init (&self->references);
  self->http = http_client_ref (http);
  self->account = g_strdup (account);
  self->folder = g_strdup (folder);
  self->api_url = g_strcmp0 (api_url, PEOPLE_DEFAULT_API_URL) != 0 ? g_strdup (api_url) : NULL;
  self->person = login != NULL ? g_strdup (login->person) : NULL;
  self->login = login != NULL ? g_strdup (login->generation) : NULL;
  self->lineage = login != NULL ? g_strdup (login->lineage) : NULL;
  self->who = login != NULL ? g_strdup (login->who) : NULL;
  self->in_keyring = login != NULL && login->in_keyring;
  return auth_new (&stored_source, self,
                   login != NULL && login->who != NULL ? g_strdup_printf ("stored login of %s", login->who)
                                                       : g_strdup ("stored login"));
}
