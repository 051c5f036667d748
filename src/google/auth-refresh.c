/*
 * Tokens from a refresh grant:  step_grant ─→ on_answer ─┬─ 200 with a token, or refused: done
 *                                   ↑                    │
 *                                   └─── on_waited ←─────┴─ 429, 5xx, no answer
 */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "google/answer.h"
#include "google/attempts.h"
#include "google/auth-file.h"
#include "google/auth-source.h"
#include "google/error.h"
#include "google/json.h"
#include "google/secret.h"

#define MAX_ANSWER (64 * 1024)

typedef struct {
  HttpClient *http; /* borrowed */
  AuthorizedUser *user;
} Refresher;

typedef struct {
  HttpClient *http;
  AuthorizedUser *user;
  const gint64 *deadline;
  Attempts attempts;
  gint64 lifetime;
} Grant;

static void step_grant (GTask *task);

static void
grant_free (Grant *self)
{
  authorized_user_unref (self->user);
  attempts_clear (&self->attempts);
  g_free (self);
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (attempts_again_finish (result, &error))
    step_grant (task);
  else
    g_task_return_error (task, error);
}

static void
step_again (GTask *task, GError *error, gint64 retry_after)
{
  Grant *self = g_task_get_task_data (task);

  self->attempts.retry.deadline = *self->deadline;
  attempts_again_async (&self->attempts, error, retry_after, g_task_get_cancellable (task), on_waited,
                        g_object_ref (task));
}

static void
read_token (GTask *task, const JsonValue *root)
{
  Grant *self = g_task_get_task_data (task);
  const char *token = json_string (root, "access_token");
  const char *type = json_string (root, "token_type");

  if (token == NULL || !secret_is_token (token)) {
    g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                             "The token service answered without an access token: check the token_uri in %s",
                             self->user->path);
  } else if (type != NULL && g_ascii_strcasecmp (type, "Bearer") != 0) {
    g_task_return_new_error (
        task, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
        "The token service answered with another kind of token than Bearer: check the token_uri in %s",
        self->user->path);
  } else {
    self->lifetime = CLAMP (json_int (root, "expires_in"), 0, G_MAXINT32) * G_USEC_PER_SEC;
    g_task_return_pointer (task, g_strdup (token), (GDestroyNotify)secret_free);
  }
}

/* "invalid_grant: Token has been expired or revoked." */
static char *
refusal_words (const JsonValue *root, const HttpResponse *response)
{
  g_autofree char *code = answer_clean (json_string (root, "error"));
  g_autofree char *description = answer_clean (json_string (root, "error_description"));

  if (code == NULL)
    return answer_describe_raw (response->status, response->body);
  return description != NULL ? g_strdup_printf ("%s: %s", code, description) : g_strdup (code);
}

static void
read_refusal (GTask *task, const JsonValue *root, const HttpResponse *response)
{
  Grant *self = g_task_get_task_data (task);
  g_autofree char *words = refusal_words (root, response);

  if (response->status == 408 || response->status == 429 || response->status >= 500)
    step_again (task,
                g_error_new (PEOPLE_ERROR, response->status == 429 ? PEOPLE_ERROR_RATE : PEOPLE_ERROR_SERVER,
                             "The token service has trouble answering (%u, %s): try again later", response->status,
                             words),
                response->retry_after);
  else if (g_strcmp0 (json_string (root, "error"), "invalid_grant") == 0)
    g_task_return_new_error (
        task, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "The login in %s is no longer valid (%s): log in again. While the app's consent screen is in "
        "'Testing', a login ends after 7 days: press 'Publish app' in the Google Cloud console",
        self->user->path, words);
  else
    g_task_return_new_error (
        task, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "The token service refused the login in %s (%s): check the client it was made with, and log in "
        "again",
        self->user->path, words);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpResponse) response = http_send_finish (result, &error);
  JsonValue *root;
  gsize size;
  const char *body;

  if (response == NULL && attempts_may_pass (error)) {
    step_again (task, g_steal_pointer (&error), 0);
    return;
  }
  if (response == NULL) {
    g_task_return_error (task, g_steal_pointer (&error));
    return;
  }
  body = g_bytes_get_data (response->body, &size);
  root = json_parse (body, size, NULL);
  if (response->status == 200)
    read_token (task, root);
  else
    read_refusal (task, root, response);
  json_free_secret (root);
}

static void
step_grant (GTask *task)
{
  Grant *self = g_task_get_task_data (task);
  HttpRequest *request = http_request_new ("POST", self->user->token_uri);
  g_autoptr (GBytes) form = authorized_user_grant (self->user);

  http_request_add_header (request, "Accept", "application/json");
  http_request_set_body (request, "application/x-www-form-urlencoded", form);
  request->secret = TRUE;
  request->max_answer = MAX_ANSWER;
  http_send_async (self->http, request, *self->deadline, g_task_get_cancellable (task), on_answer, g_object_ref (task));
}

static void
refresher_make_async (gpointer data, const gint64 *deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer user_data)
{
  Refresher *refresher = data;
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Grant *self = g_new0 (Grant, 1);

  self->http = refresher->http;
  self->user = authorized_user_ref (refresher->user);
  self->deadline = deadline;
  attempts_init (&self->attempts, *deadline);
  g_task_set_task_data (task, self, (GDestroyNotify)grant_free);
  step_grant (task);
}

static char *
refresher_make_finish (GAsyncResult *result, gint64 *lifetime, GError **error)
{
  char *token = g_task_propagate_pointer (G_TASK (result), error);

  *lifetime = ((Grant *)g_task_get_task_data (G_TASK (result)))->lifetime;
  return token;
}

static void
refresher_free (gpointer data)
{
  Refresher *self = data;

  authorized_user_unref (self->user);
  g_free (self);
}

static const AuthSource refresh_source = { refresher_make_async, refresher_make_finish, refresher_free };

Auth *
auth_new_file (HttpClient *http, const char *path, GError **error)
{
  AuthorizedUser *user = authorized_user_load (path, error);
  Refresher *self;

  if (user == NULL)
    return NULL;
  self = g_new0 (Refresher, 1);
  self->http = http;
  self->user = user;
  return auth_new (&refresh_source, self, g_strdup_printf ("authorized_user file %s", path),
                   g_strdup (user->quota_project));
}
