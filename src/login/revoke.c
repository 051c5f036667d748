/* One request, tried once: the person waits, and can run it again. */
#define G_LOG_DOMAIN "contactfs"

#include "login/revoke.h"

#include "net/error.h"
#include "net/json.h"
#include "net/status.h"
#include "net/text.h"

#define MAX_ANSWER (64 * 1024)

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (HttpResponse) response = http_send_finish (result, &error);
  g_autoptr (JsonValue) root = NULL;
  g_autofree char *words = NULL;

  if (response == NULL) {
    g_task_return_error (task, error);
    return;
  }
  root = json_parse_bytes (response->body, NULL);
  if (response->status == 200 || g_strcmp0 (json_string (root, "error"), "invalid_token") == 0) {
    g_task_return_boolean (task, TRUE);
    return;
  }
  words = text_clean (json_string (root, "error_description"));
  if (words == NULL)
    words = status_describe_body (response->status, response->body);
  g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_SERVER, "the service did not revoke it: %s", words);
}

void
login_revoke_async (HttpClient *http, const StoredLogin *login, gint64 deadline, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  HttpRequest *request = http_request_new ("POST", login->revoke_uri);
  g_autoptr (GBytes) form = token_endpoint_form ("token", login->refresh_token, NULL);

  http_request_set_body (request, "application/x-www-form-urlencoded", form);
  request->max_answer = MAX_ANSWER;
  http_send_async (http, request, deadline, cancellable, on_answer, task);
}

gboolean
login_revoke_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
