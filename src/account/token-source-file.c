/*
 * Tokens from a credentials file:
 *
 *   make ─→ load the file (worker) ─→ on_loaded ─┬─ refused before, and the file is the same: the same error
 *                                                   └─ grant ─→ on_token_response: a token, or a refusal to remember
 */
#define G_LOG_DOMAIN "contactfs"

#include "account/credentials-file.h"
#include "account/token-source.h"
#include "net/error.h"
#include "net/secret.h"

/* How long a refusal that may pass is not put to the test. */
#define REFUSAL_LASTS (60 * G_USEC_PER_SEC)

/* A run may outlast the TokenCache, so both hold it. */
typedef struct {
  grefcount references;
  HttpClient *http;
  char *path, *subject;
  CredentialsOrigin origin;
  CredentialsFile *file;
  Identity *subject_identity; /* of a service account, or NULL */
  GError *refused;            /* what came of file, or NULL */
  gint64 refused_until;       /* monotonic */
} FileSource;

typedef struct {
  FileSource *source;
  CredentialsFile *file;
  const gint64 *deadline;
} Run;

static void
file_source_unref (gpointer source)
{
  FileSource *self = source;

  if (!g_ref_count_dec (&self->references))
    return;
  http_client_unref (self->http);
  g_free (self->path);
  g_free (self->subject);
  credentials_file_unref (self->file);
  identity_free (self->subject_identity);
  g_clear_error (&self->refused);
  g_free (self);
}

static void
run_free (Run *self)
{
  file_source_unref (self->source);
  credentials_file_unref (self->file);
  g_free (self);
}

/* ---- the file ---- */

/* Who said that this file is to be used: somebody who has forgotten it must be told. */
static CredentialsFile *
load (const char *path, CredentialsOrigin origin, const char *subject, GError **error)
{
  CredentialsFile *file = credentials_file_load (path, subject, error);

  if (file == NULL && origin == CREDENTIALS_ENVIRONMENT)
    g_prefix_error (error, "$GOOGLE_APPLICATION_CREDENTIALS names %s. ", path);
  if (file == NULL && origin == CREDENTIALS_GCLOUD)
    g_prefix_error (error, "gcloud's application default credentials were looked at, since there are no others. ");
  return file;
}

typedef struct {
  CredentialsFile *known;
  CredentialsOrigin origin;
  char *subject;
} Load;

static void
load_free (Load *self)
{
  credentials_file_unref (self->known);
  g_free (self->subject);
  g_free (self);
}

static void
load_in_thread (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  Load *self = data;
  GError *error = NULL;
  g_autoptr (CredentialsFile) file = NULL;

  /* A pipe can be read once only. What came from a file that is gone is still good. */
  if (g_file_test (self->known->path, G_FILE_TEST_IS_REGULAR))
    file = load (self->known->path, self->origin, self->subject, &error);
  if (error != NULL)
    g_task_return_error (worker, error);
  else if (file == NULL || g_str_equal (file->digest, self->known->digest))
    g_task_return_pointer (worker, credentials_file_ref (self->known), (GDestroyNotify)credentials_file_unref);
  else
    g_task_return_pointer (worker, g_steal_pointer (&file), (GDestroyNotify)credentials_file_unref);
}

static void
file_source_adopt (FileSource *self, CredentialsFile *file)
{
  if (self->file == file)
    return;
  g_info ("%s has changed and was read again", self->path);
  credentials_file_unref (self->file);
  self->file = credentials_file_ref (file);
  g_clear_error (&self->refused);
}

static void
file_source_remember (FileSource *self, const CredentialsFile *file, const GError *error, gboolean lasts)
{
  if (self->file != file)
    return;
  g_clear_error (&self->refused);
  self->refused = g_error_copy (error);
  self->refused_until = lasts ? G_MAXINT64 : g_get_monotonic_time () + REFUSAL_LASTS;
}

/* ---- a run ---- */

static void
on_token_response (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (TokenResponse) response = token_endpoint_request_finish (result, &error);
  gboolean lasts;

  if (response == NULL) {
    g_task_return_error (task, error);
  } else if (response->access_token == NULL) {
    error = credentials_file_error (self->file, self->source->origin, response, &lasts);
    file_source_remember (self->source, self->file, error, lasts);
    g_task_return_error (task, error);
  } else {
    g_clear_error (&self->source->refused);
    access_token_return (task, g_steal_pointer (&response->access_token), response->lifetime,
                         self->file->service_account ? self->source->subject_identity : response->identity);
  }
}

static void
step_request (GTask *task)
{
  Run *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) form = credentials_file_form (self->file, &error);

  if (form != NULL)
    token_endpoint_request_async (self->source->http, self->file->token_uri, form, self->deadline,
                                  g_task_get_cancellable (task), on_token_response, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Run *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->file = g_task_propagate_pointer (G_TASK (result), &error);
  if (g_task_return_error_if_cancelled (task)) {
    g_clear_error (&error);
    return;
  }
  if (self->file == NULL) {
    g_task_return_error (task, error);
    return;
  }
  file_source_adopt (self->source, self->file);
  if (self->source->refused != NULL && g_get_monotonic_time () < self->source->refused_until)
    g_task_return_error (task, g_error_copy (self->source->refused));
  else
    step_request (task);
}

static void
file_make_async (gpointer data, gint64 *deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer user_data)
{
  FileSource *source = data;
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, on_loaded, task);
  Run *self = g_new0 (Run, 1);
  Load *job = g_new0 (Load, 1);

  g_ref_count_inc (&source->references);
  self->source = source;
  self->deadline = deadline;
  g_task_set_task_data (task, self, (GDestroyNotify)run_free);
  job->known = credentials_file_ref (source->file);
  job->origin = source->origin;
  job->subject = g_strdup (source->subject);
  g_task_set_task_data (worker, job, (GDestroyNotify)load_free);
  g_task_run_in_thread (worker, load_in_thread);
}

static const char *
file_quota_project (gpointer data)
{
  FileSource *self = data;

  return self->file->quota_project;
}

/* Of a person's login only the token endpoint tells. */
static const Identity *
file_identity (gpointer data)
{
  const FileSource *self = data;

  return self->file->service_account ? self->subject_identity : NULL;
}

static char *
file_advice (gpointer data, TokenProblem problem)
{
  const FileSource *self = data;

  return credentials_file_advice (self->file, self->origin, problem);
}

static const TokenSource file_source = {
  .make_async = file_make_async,
  .advice = file_advice,
  .quota_project = file_quota_project,
  .identity = file_identity,
  .free = file_source_unref,
};

TokenCache *
token_cache_new_file (HttpClient *http, const char *path, CredentialsOrigin origin, const char *subject, GError **error)
{
  g_autofree char *described = NULL;
  const char *why = origin == CREDENTIALS_ENVIRONMENT ? " (named by GOOGLE_APPLICATION_CREDENTIALS)"
                    : origin == CREDENTIALS_GCLOUD    ? " (gcloud's application default credentials)"
                                                      : "";
  CredentialsFile *file = load (path, origin, subject, error);
  FileSource *self;

  if (file == NULL)
    return NULL;
  self = g_new0 (FileSource, 1);
  g_ref_count_init (&self->references);
  self->http = http_client_ref (http);
  self->path = g_strdup (path);
  self->subject = g_strdup (subject);
  self->origin = origin;
  self->file = file;
  self->subject_identity = subject != NULL ? identity_new (subject, NULL) : NULL;
  described = credentials_file_describe (file);
  return token_cache_new (&file_source, self, g_strconcat (described, why, NULL));
}
