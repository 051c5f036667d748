/*
 * waiting ── a reply with our state ─┬─ refused ──────────────────────────────→ ended
 *    │                               └─ a code ─→ exchanging ── a grant, or not ─→ ended
 *    └── time out, cancelled ─────────────────────────────────────────────────→ ended
 */
#define G_LOG_DOMAIN "contactfs"

#include "login/login.h"

#include "login/listener.h"
#include "login/request.h"
#include "net/error.h"
#include "net/secret.h"
#include "net/wait-limits.h"

#define EXCHANGE_SECONDS 30
#define PAGE_SECONDS     2

struct Login {
  HttpClient *http;         /* borrowed */
  const ClientFile *client; /* borrowed */
  LoginNoteFunc note;
  gpointer note_data;
  LoginListener *listener;
  LoginRequest *request;
  GPtrArray *visitors; /* of LoginVisitor, borrowed: those who brought an answer to our question */
  GTask *task;         /* while it waits */
  Limits limits;
  guint seconds;
  gint64 exchange_deadline; /* 0: not yet */
  gboolean saw_foreign;     /* an answer to another login */
  gboolean saw_stranger;    /* a connection that was not let in */
};

static const char foreign_words[]
    = "an answer to another login came and was not taken (its state is not the one that was "
      "sent out): use the page that this login opened";

/* ---- the end ---- */

static GTask *
leave_wait (Login *self)
{
  limits_stop (&self->limits);
  return g_steal_pointer (&self->task);
}

static void
fail (Login *self, GError *error)
{
  g_autoptr (GTask) task = leave_wait (self);

  if (task != NULL)
    g_task_return_error (task, error);
  else
    g_error_free (error);
}

static gboolean
on_time_out (gpointer data)
{
  Login *self = data;
  const char *came = self->saw_foreign    ? ", only one to another login (a wrong state)"
                     : self->saw_stranger ? ", only a program that was not let in"
                                          : "";

  fail (self,
        g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT,
                     "no answer came from the consent page within %u seconds%s: nothing was changed; run contactfs "
                     "login again",
                     self->seconds, came));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  fail (data, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the login was interrupted: nothing was changed"));
  return G_SOURCE_REMOVE;
}

/* ---- the token endpoint ---- */

static GError *
explain_refusal (const TokenResponse *response)
{
  if (g_str_equal (response->code, "invalid_client") || g_str_equal (response->code, "unauthorized_client"))
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                        "the token service does not take this client (%s): its secret was changed or it was deleted; "
                        "download the client file again from the Google Cloud console, and log in with --client FILE",
                        response->words);
  if (g_str_equal (response->code, "redirect_uri_mismatch"))
    return g_error_new (
        PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "the token service does not let this client come back to this computer (%s): make one of the type "
        "“Desktop app” in the Google Cloud console",
        response->words);
  if (g_str_equal (response->code, "invalid_grant"))
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                        "the token service takes the code of this login no more (%s): log in again, and look "
                        "whether this computer's clock is right",
                        response->words);
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "the token service refused the login (%s): nothing was changed",
                      response->words);
}

static GError *
check_response (const TokenResponse *response)
{
  if (response->access_token == NULL)
    return explain_refusal (response);
  if (response->scope != NULL && !login_scope_granted (response->scope))
    return g_error_new_literal (PEOPLE_ERROR, PEOPLE_ERROR_PERMISSION,
                                "the consent page did not grant access to the contacts: log in again and tick "
                                "the box “See, edit, download, and permanently delete your contacts”");
  if (response->refresh_token == NULL)
    return g_error_new_literal (
        PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "the token service gave access for an hour, but no refresh token for the time after: remove "
        "this app at https://myaccount.google.com/permissions and log in again");
  return NULL;
}

static void
on_token_response (GObject *source, GAsyncResult *result, gpointer data)
{
  Login *self = data;
  GError *error = NULL;
  g_autoptr (TokenResponse) response = token_endpoint_request_finish (result, &error);
  g_autoptr (GTask) task = leave_wait (self);

  if (response != NULL)
    error = check_response (response);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&response), (GDestroyNotify)token_response_free);
}

static void
exchange (Login *self, const char *code)
{
  g_autoptr (GBytes) form
      = token_endpoint_form ("grant_type", "authorization_code", "code", code, "client_id", self->client->id,
                             "client_secret", self->client->secret, "redirect_uri", self->request->redirect_uri,
                             "code_verifier", self->request->verifier, NULL);

  limits_stop (&self->limits);
  self->exchange_deadline = g_get_monotonic_time () + EXCHANGE_SECONDS * G_USEC_PER_SEC;
  token_endpoint_request_async (self->http, self->client->token_uri, form, &self->exchange_deadline,
                                g_task_get_cancellable (self->task), on_token_response, self);
}

/* ---- replies ---- */

gboolean
login_is_waiting (const Login *self)
{
  return self->task != NULL && self->exchange_deadline == 0;
}

static LoginReply
take_reply (Login *self, const char *query)
{
  g_autoptr (GError) error = NULL;
  char *code = NULL;
  LoginReply reply = login_request_read (self->request, query, &code, &error);
  gboolean waiting = login_is_waiting (self);

  if (reply == LOGIN_REPLY_FOREIGN && waiting) {
    if (!self->saw_foreign)
      self->note (foreign_words, self->note_data);
    self->saw_foreign = TRUE;
  }
  if (reply == LOGIN_REPLY_CODE && waiting)
    exchange (self, code);
  if (reply == LOGIN_REPLY_REFUSED && waiting)
    fail (self, g_steal_pointer (&error));
  secret_free (code);
  return reply;
}

/* Said once: whoever comes again and again is not to fill the terminal. */
static void
on_refused (const char *sentence, gpointer data)
{
  Login *self = data;

  if (login_is_waiting (self) && !self->saw_stranger)
    self->note (sentence, self->note_data);
  self->saw_stranger = TRUE;
}

static void
send_away (Login *self, LoginVisitor *visitor, LoginPage page, const char *words)
{
  g_ptr_array_remove (self->visitors, visitor);
  login_visitor_answer (visitor, page, words);
}

static void
on_visited (LoginVisitor *visitor, const char *query, gpointer data)
{
  Login *self = data;
  LoginReply reply;

  /* Before the reply is taken: that may be the end already, and the page of the end is for this visitor. */
  g_ptr_array_add (self->visitors, visitor);
  reply = take_reply (self, query);
  if (reply == LOGIN_REPLY_NONE)
    send_away (self, visitor, LOGIN_PAGE_MISSING, "This address only takes the answer of the login that is under way");
  if (reply == LOGIN_REPLY_FOREIGN)
    send_away (self, visitor, LOGIN_PAGE_FOREIGN, foreign_words);
}

void
login_paste (Login *self, const char *text)
{
  const char *query = login_request_pasted (text);

  if (query == NULL || take_reply (self, query) == LOGIN_REPLY_NONE)
    self->note ("this is not the address that the browser was sent back to: paste the whole line that begins with "
                "http://127.0.0.1",
                self->note_data);
}

/* ---- the whole ---- */

Login *
login_new (HttpClient *http, const ClientFile *client, LoginNoteFunc note, gpointer data, GError **error)
{
  g_autoptr (Login) self = g_new0 (Login, 1);

  self->http = http;
  self->client = client;
  self->note = note;
  self->note_data = data;
  self->visitors = g_ptr_array_new ();
  self->listener = login_listener_new (on_visited, on_refused, self, error);
  if (self->listener == NULL)
    return NULL;
  self->request = login_request_new (client, login_listener_port (self->listener));
  return g_steal_pointer (&self);
}

void
login_free (Login *self)
{
  if (self == NULL)
    return;
  login_listener_free (self->listener);
  login_request_free (self->request);
  g_ptr_array_unref (self->visitors);
  g_free (self);
}

const char *
login_url (const Login *self)
{
  return self->request->url;
}

void
login_wait_async (Login *self, guint seconds, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  self->task = g_task_new (NULL, cancellable, callback, data);
  self->seconds = seconds;
  limits_start (&self->limits, g_get_monotonic_time () + (gint64)seconds * G_USEC_PER_SEC, on_time_out, cancellable,
                on_cancelled, self);
}

TokenResponse *
login_wait_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
login_conclude_async (Login *self, gboolean good, const char *words, GAsyncReadyCallback callback, gpointer data)
{
  for (guint i = 0; i < self->visitors->len; i++)
    login_visitor_answer (self->visitors->pdata[i], good ? LOGIN_PAGE_DONE : LOGIN_PAGE_FAILED, words);
  g_ptr_array_set_size (self->visitors, 0);
  login_listener_drain_async (self->listener, g_get_monotonic_time () + PAGE_SECONDS * G_USEC_PER_SEC, callback, data);
}
