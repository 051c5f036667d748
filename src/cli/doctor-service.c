/*
 * Checks of the service: is it reached, does it agree about the time, is there a token, and what may be done with it.
 *
 * Each asks in its own loop run, with a deadline of its own; what needs an earlier one that is bad is skipped.
 */
#define G_LOG_DOMAIN "contactfs"

#include <stdlib.h>
#include <string.h>

#include "account/stored-login.h"
#include "cli/demo.h"
#include "cli/doctor.h"
#include "net/secret.h"
#include "people/people.h"
#include "settings/accounts.h"
#include "settings/credentials.h"
#include "settings/folders.h"

#define SERVICE_TIMEOUT 10  /* seconds for each check, or --timeout if that is less */
#define CLOCK_TOLERANCE 120 /* seconds: signed requests are good for minutes */

typedef struct {
  const Options *options;
  Report *report;
  const char *api_url;
  GMainLoop *loop;
  GAsyncResult *result; /* of what was asked */
  HttpClient *http;
  Principal *principal;
  TokenCache *token_cache;
} Visit;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  Visit *self = data;
  self->result = g_object_ref (result);
  g_main_loop_quit (self->loop);
}

static gint64
deadline (const Visit *self)
{
  return g_get_monotonic_time () + MIN (self->options->timeout, SERVICE_TIMEOUT) * G_TIME_SPAN_SECOND;
}

/* What on_answer was given; transfer full. */
static GAsyncResult *
wait_for_answer (Visit *self)
{
  g_main_loop_run (self->loop);
  return g_steal_pointer (&self->result);
}

/* ---- the way there ---- */

static void
check_clock (Visit *self, gint64 date)
{
  gint64 ahead = g_get_real_time () / G_USEC_PER_SEC - date;
  if (date == 0)
    report_add (self->report, REPORT_SKIPPED, "clock", "the service does not tell the time");
  else if (labs (ahead) > CLOCK_TOLERANCE)
    report_add (self->report, REPORT_BAD, "clock",
                "this computer's clock is %" G_GINT64_FORMAT " seconds %s: set it, for example by `sudo timedatectl "
                "set-ntp true`",
                ABS (ahead), ahead > 0 ? "ahead" : "behind");
  else
    report_add (self->report, REPORT_GOOD, "clock", "the clock is right");
}

/* FALSE: nothing more can be asked. */
static gboolean
check_reach (Visit *self)
{
  g_autofree char *url = g_strconcat (self->api_url, g_str_has_suffix (self->api_url, "/") ? "" : "/", NULL);
  HttpRequest *request = http_request_new ("GET", url);
  request->max_answer = 1024 * 1024;
  http_send_async (self->http, request, deadline (self), NULL, on_answer, self);
  g_autoptr (GAsyncResult) result = wait_for_answer (self);
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpResponse) response = http_send_finish (result, &error);
  gboolean https = g_ascii_strncasecmp (self->api_url, "https:", 6) == 0;

  if (response != NULL) {
    report_add (self->report, REPORT_GOOD, "network", "%s answers", self->api_url);
    report_add (self->report, https ? REPORT_GOOD : REPORT_SKIPPED, "certificate", "%s",
                https ? "the service's certificate is in order" : "there is none on this computer itself");
    check_clock (self, response->date);
    return TRUE;
  }
  if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TLS)) {
    report_add (self->report, REPORT_GOOD, "network", "%s is reached", self->api_url);
    report_add (self->report, REPORT_BAD, "certificate",
                "%s; is the clock right, is the package ca-certificates installed, does a proxy read along?",
                error->message);
  } else {
    report_add (self->report, REPORT_BAD, "network", "%s", error->message);
    report_add (self->report, REPORT_SKIPPED, "certificate", "the service is not reached");
  }
  report_add (self->report, REPORT_SKIPPED, "clock", "the service did not tell the time");
  return FALSE;
}

/* ---- who we are ---- */

static void
check_credentials (Visit *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Credentials) found = credentials_find (self->options, &error);
  if (found != NULL)
    self->token_cache = credentials_open (found, self->http, &error);
  if (self->token_cache != NULL && !principal_start_over (self->principal, token_cache_identity (self->token_cache)))
    token_cache_set_principal (self->token_cache, self->principal);
  if (self->token_cache == NULL)
    report_add (self->report, REPORT_BAD, "credentials", "%s", error->message);
  else
    report_add (self->report, REPORT_GOOD, "credentials", "in use: %s", token_cache_describe (self->token_cache));
  g_autofree char *exposed = self->token_cache != NULL ? credentials_exposed (found) : NULL;
  if (exposed != NULL)
    report_add (self->report, REPORT_BAD, "credentials", "others can read %s: run `chmod 600 %s`", exposed, exposed);
}

static gboolean
check_token (Visit *self)
{
  token_cache_get_async (self->token_cache, deadline (self), NULL, on_answer, self);
  g_autoptr (GAsyncResult) result = wait_for_answer (self);
  g_autoptr (GError) error = NULL;
  char *token = token_cache_get_finish (self->token_cache, result, &error);
  if (token == NULL)
    report_add (self->report, REPORT_BAD, "token", "%s", error->message);
  else
    report_add (self->report, REPORT_GOOD, "token", "an access token can be had");
  secret_free (token);
  return error == NULL;
}

/* ---- what we may do ---- */

static void
skip_permissions (Visit *self, const char *why)
{
  report_add (self->report, REPORT_SKIPPED, "api", "%s", why);
  report_add (self->report, REPORT_SKIPPED, "permission", "%s", why);
}

static void
report_permissions (Visit *self, const GError *error)
{
  static const char enabled[] = "the People API is enabled";
  if (error == NULL) {
    report_add (self->report, REPORT_GOOD, "api", "%s", enabled);
    report_add (self->report, REPORT_GOOD, "permission", "contacts can be listed");
  } else if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_DISABLED)) {
    report_add (self->report, REPORT_BAD, "api", "%s", error->message);
    report_add (self->report, REPORT_SKIPPED, "permission", "the API is not enabled");
  } else if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_SCOPE)
             || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_PERMISSION)) {
    report_add (self->report, REPORT_GOOD, "api", "%s", enabled);
    report_add (self->report, REPORT_BAD, "permission", "%s", error->message);
  } else if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH)) {
    report_add (self->report, REPORT_SKIPPED, "api", "the token is refused");
    report_add (self->report, REPORT_BAD, "permission", "%s", error->message);
  } else if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_RATE)) {
    report_add (self->report, REPORT_GOOD, "api", "%s", enabled);
    report_add (self->report, REPORT_SKIPPED, "permission", "%s", error->message);
  } else {
    report_add (self->report, REPORT_BAD, "api", "%s", error->message);
    report_add (self->report, REPORT_SKIPPED, "permission", "the API did not answer the question");
  }
}

static void
check_permissions (Visit *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PeopleClient) people = people_client_new (self->http, self->token_cache, self->api_url, &error);
  if (people != NULL) {
    people_check_async (people, deadline (self), NULL, on_answer, self);
    g_autoptr (GAsyncResult) result = wait_for_answer (self);
    people_check_finish (people, result, &error);
  }
  report_permissions (self, error);
}

/* ---- the demo ---- */

static gboolean
is_demo (const Options *options)
{
  g_autofree char *folder = folders_config (DEMO_ACCOUNT);
  return strcmp (options->account, DEMO_ACCOUNT) == 0 && options->api_url == NULL && options->token_command == NULL
         && options->credentials == NULL && !stored_login_exists (folder);
}

static void
report_demo (Report *report)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program = demo_find_program (&error);
  if (program == NULL)
    report_add (report, REPORT_BAD, "network", "%s", error->message);
  else
    report_add (report, REPORT_GOOD, "network",
                "the account “" DEMO_ACCOUNT "” is that of contactfs demo: its service is %s, on this computer, with "
                "sample people",
                program);
  report_add (report, REPORT_GOOD, "credentials",
              "the demo needs none; for contacts of your own, name another account with --account NAME");
  report_add (report, REPORT_SKIPPED, "others",
              "contactfs demo makes and asks its service itself: nothing else is needed");
}

static void
visit (Visit *self)
{
  gboolean reached = check_reach (self);
  check_credentials (self);
  if (self->token_cache == NULL) {
    report_add (self->report, REPORT_SKIPPED, "token", "there are no credentials");
    skip_permissions (self, "there is no token");
  } else if (!check_token (self)) { /* it may come from elsewhere: asked for even where the API is not reached */
    skip_permissions (self, "there is no token");
  } else if (!reached) {
    skip_permissions (self, "the service is not reached");
  } else {
    check_permissions (self);
  }
}

static void
report_nowhere (Report *report, const GError *error)
{
  static const char *const others[] = { "certificate", "clock", "credentials", "token", "api", "permission" };
  report_add (report, REPORT_BAD, "network", "%s", error->message);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    report_add (report, REPORT_SKIPPED, others[i], "it is not known which service is meant");
}

void
doctor_check_service (const Options *options, Report *report)
{
  if (is_demo (options)) {
    report_demo (report);
    return;
  }
  g_autoptr (Credentials) found = credentials_find (options, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *usual
      = found == NULL ? g_strdup (PEOPLE_DEFAULT_API_URL) : credentials_find_api_url (found, options->api_url, &error);
  if (usual == NULL) {
    report_nowhere (report, error);
    return;
  }
  Visit self = { .options = options,
                 .report = report,
                 .api_url = options->api_url != NULL ? options->api_url : usual,
                 .loop = g_main_loop_new (NULL, FALSE),
                 .http = http_client_new () };
  g_autoptr (Folders) folders = folders_new (options->account);
  self.principal = principal_open (folders->state, options->account, self.api_url);
  visit (&self);
  g_clear_pointer (&self.token_cache, token_cache_free);
  principal_free (self.principal);
  http_client_free (self.http);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_main_loop_unref (self.loop);
}
