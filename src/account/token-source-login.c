/*
 * Tokens from what `contactfs login` left behind, which is read again for each: another process may have logged in or
 * been given another refresh token meanwhile.
 *
 *   lock ─→ load ─┬─ refused before? ─→ fails, and nobody is asked
 *                 └─ grant ─┬─ a token ─→ a new refresh token? ─→ renew ─→ done
 *                           └─ invalid_grant: it is remembered as refused ─→ fails
 *
 * A new refresh token that cannot be stored is kept here, and is stored by a later run: the one on the disk is dead.
 */
#define G_LOG_DOMAIN "contactfs"

#include "account/login-lock.h"
#include "account/stored-login.h"
#include "account/token-endpoint.h"
#include "account/token-source.h"
#include "net/error.h"
#include "net/secret.h"

#define RENEW_SECONDS 20
#define GRANT_SECONDS 30

/* What a run waits for. */
typedef enum { IDLE, LOCKING, LOADING, ASKING, RENEWING } Stage;

/* A run may outlast the TokenCache, so both hold it. */
typedef struct {
  grefcount references;
  HttpClient *http; /* owned */
  char *account, *folder;
  Identity *identity;  /* of the login that there was at the beginning, or NULL */
  gboolean in_keyring; /* as it was seen last */
  Stage stage;         /* there is one run at a time */
  char *refused;       /* hash of the refresh token that was refused last, or NULL */
  GError *refusal;
  StoredLogin *unkept; /* with a refresh token that could not be stored; NULL: none */
  char *stale;         /* hash of the one that is stored in its place; another there is another login */
} Source;

typedef struct {
  Source *source;
  gint64 *deadline;
  LoginLock *lock;
  StoredLogin *login;
  char *stored; /* hash of the refresh token on the disk, or in the keyring */
  TokenResponse *response;
} Run;

/* login: NULL for none. Takes stale. */
static void
set_unkept (Source *self, StoredLogin *login, char *stale)
{
  StoredLogin *before = self->unkept;

  self->unkept = login != NULL ? stored_login_ref (login) : NULL;
  stored_login_unref (before);
  g_free (self->stale);
  self->stale = stale;
}

static void
source_unref (gpointer data)
{
  Source *self = data;

  if (!g_ref_count_dec (&self->references))
    return;
  http_client_unref (self->http);
  g_free (self->account);
  g_free (self->folder);
  identity_free (self->identity);
  g_free (self->refused);
  g_clear_error (&self->refusal);
  set_unkept (self, NULL, NULL);
  g_free (self);
}

static void
run_free (gpointer data)
{
  Run *self = data;

  login_lock_free (self->lock);
  stored_login_unref (self->login);
  g_free (self->stored);
  token_response_free (self->response);
  source_unref (self->source);
  g_free (self);
}

static void
enter (GTask *task, Stage stage)
{
  ((Run *)g_task_get_task_data (task))->source->stage = stage;
}

/* error NULL: with the token of the response. Takes error. */
static void
end (GTask *task, GError *error)
{
  Run *self = g_task_get_task_data (task);
  TokenResponse *response = self->response;

  enter (task, IDLE);
  g_clear_pointer (&self->lock, login_lock_free);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    access_token_return (task, g_steal_pointer (&response->access_token), response->lifetime,
                         response->identity != NULL ? response->identity : self->login->identity);
}

/* ---- what the token endpoint said ---- */

static char *
hash (const char *token)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, token, -1);
}

static GError *
explain_refusal (const Run *self, const TokenResponse *response)
{
  g_autofree char *login = g_strdup_printf ("the login of the account “%s”", self->source->account);
  g_autofree char *command = stored_login_command (self->source->account);
  g_autofree char *renew = g_strdup_printf ("log in again: %s", command);

  return token_response_error (response, login, renew);
}

/* What is stored is dead: until it changes, nobody is asked any more. */
static void
remember_refusal (Source *self, const StoredLogin *login, const GError *refusal)
{
  g_free (self->refused);
  self->refused = hash (login->refresh_token);
  g_clear_error (&self->refusal);
  self->refusal = g_error_copy (refusal);
}

static void
on_renewed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  g_autofree char *why_file = NULL;
  g_autoptr (GError) error = NULL;

  if (stored_login_renew_finish (result, &why_file, &error)) {
    set_unkept (self->source, NULL, NULL);
    if (why_file != NULL)
      g_message ("%s; the login is in a file of its own from now on, which you alone can read", why_file);
  } else {
    set_unkept (self->source, self->login, g_steal_pointer (&self->stored));
    g_warning (
        "the service gave a new login in place of the old one, and it could not be kept; only this mount has it: %s",
        error->message);
  }
  end (task, NULL);
}

static void
on_token_response (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  const char *given;
  char *refresh_token;
  GError *error = NULL;

  self->response = token_endpoint_request_finish (result, &error);
  if (self->response != NULL && self->response->access_token == NULL) {
    error = explain_refusal (self, self->response);
    if (g_str_equal (self->response->code, "invalid_grant"))
      remember_refusal (self->source, self->login, error);
  }
  if (error != NULL) {
    end (task, error);
    return;
  }
  given = self->response->refresh_token != NULL ? self->response->refresh_token : self->login->refresh_token;
  if (self->source->unkept == NULL && g_str_equal (given, self->login->refresh_token)) {
    end (task, NULL);
    return;
  }
  /* Not cancelled with those who wait: the old token is dead, and this one must not get lost. */
  enter (task, RENEWING);
  refresh_token = g_strdup (given);
  stored_login_renew_async (self->login, refresh_token, g_get_monotonic_time () + RENEW_SECONDS * G_USEC_PER_SEC,
                            on_renewed, g_object_ref (task));
  secret_free (refresh_token);
}

/* ---- what is stored ---- */

static void
step_request (GTask *task)
{
  Run *self = g_task_get_task_data (task);
  g_autoptr (GBytes) form
      = token_endpoint_form ("grant_type", "refresh_token", "client_id", self->login->client_id, "client_secret",
                             self->login->client_secret, "refresh_token", self->login->refresh_token, NULL);

  /* Not cancelled, and with a time of its own: a service that hands out another refresh token may have done so already,
   * and an answer that nobody takes is a lost login. */
  *self->deadline = MAX (*self->deadline, g_get_monotonic_time () + GRANT_SECONDS * G_USEC_PER_SEC);
  enter (task, ASKING);
  token_endpoint_request_async (self->source->http, self->login->token_uri, form, self->deadline, NULL,
                                on_token_response, g_object_ref (task));
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  g_autofree char *now = NULL;
  GError *error = NULL;

  self->login = stored_login_load_finish (result, &error);
  if (self->login == NULL) {
    end (task, error);
    return;
  }
  self->source->in_keyring = self->login->in_keyring;
  self->stored = hash (self->login->refresh_token);
  if (g_strcmp0 (self->stored, self->source->stale) == 0) {
    stored_login_unref (self->login);
    self->login = stored_login_ref (self->source->unkept);
  } else {
    set_unkept (self->source, NULL, NULL); /* somebody has logged in, or it has been stored after all */
  }
  now = hash (self->login->refresh_token);
  if (g_strcmp0 (now, self->source->refused) == 0)
    end (task, g_error_copy (self->source->refusal));
  else
    step_request (task);
}

static void
on_locked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->lock = login_lock_finish (result, &error);
  if (self->lock == NULL) {
    end (task, error);
    return;
  }
  enter (task, LOADING);
  stored_login_load_async (self->source->account, self->source->folder, *self->deadline, g_task_get_cancellable (task),
                           on_loaded, g_object_ref (task));
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
  enter (task, LOCKING);
  login_lock_async (source->folder, cancellable, on_locked, g_object_ref (task));
}

static const char *
stored_hanging (gpointer data)
{
  const Source *self = data;

  if (self->stage == LOCKING)
    return "another program has been at work with this login for long; contactfs login or logout may be waiting for "
           "somebody in a terminal";
  if (self->stage == ASKING)
    return "the token service does not answer; try again later";
  return self->stage == LOADING && self->in_keyring
             ? "the keyring, where the login is, does not answer; unlock it, or look whether it runs"
             : NULL;
}

static const Identity *
stored_identity (gpointer data)
{
  const Source *self = data;

  return self->identity;
}

static gboolean
stored_unfinished (gpointer data)
{
  const Source *self = data;

  return self->stage == ASKING || self->stage == RENEWING;
}

static char *
stored_advice (gpointer data, TokenProblem problem)
{
  const Source *self = data;
  g_autofree char *command = stored_login_command (self->account);

  return g_strdup_printf ("log in again%s: %s",
                          problem == TOKEN_PROBLEM_SCOPE ? ", and tick the box for contacts on the consent page" : "",
                          command);
}

static const TokenSource stored_source = {
  .goes_on = TRUE, /* it has the lock, and may have been given another refresh token */
  .make_async = stored_make_async,
  .advice = stored_advice,
  .hanging = stored_hanging,
  .identity = stored_identity,
  .unfinished = stored_unfinished,
  .free = source_unref,
};

TokenCache *
token_cache_new_login (HttpClient *http, const char *account, const char *folder, GError **error)
{
  g_autoptr (StoredLogin) login = stored_login_peek (account, folder, error);
  const char *who = login != NULL ? identity_name (login->identity) : NULL;
  Source *self;

  if (login == NULL && error != NULL && *error != NULL)
    return NULL;
  self = g_new0 (Source, 1);
  g_ref_count_init (&self->references);
  self->http = http_client_ref (http);
  self->account = g_strdup (account);
  self->folder = g_strdup (folder);
  self->identity = login != NULL ? identity_copy (login->identity) : NULL;
  self->in_keyring = login != NULL && login->in_keyring;
  return token_cache_new (&stored_source, self,
                          who != NULL ? g_strdup_printf ("stored login of %s", who) : g_strdup ("stored login"));
}
