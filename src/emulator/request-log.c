/* What was asked and how it was answered. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/request-log.h"

#include <stdio.h>

#include "emulator/clock.h"
#include "emulator/json.h"

#define N_ORIGINS 3

typedef struct Waiter {
  RequestLog *log; /* borrowed */
  Request *request;
  Pattern *pattern;
  guint count;
  gboolean ended;
  guint timeout;
} Waiter;

struct RequestLog {
  FILE *file;
  gboolean verbose;
  GPtrArray *entries;                 /* LogEntry */
  GHashTable *connections[N_ORIGINS]; /* set of connection numbers */
  GPtrArray *waiters;                 /* Waiter */
  guint last_number;
  guint mutations_now;
  guint mutations_most;
  guint overlaps;
  guint requests_now[N_ORIGINS];
  guint requests_most[N_ORIGINS];
  guint photo_authorizations;
  guint generation; /* requests from before a reset do not end in the new log */
};

typedef struct UnderWay {
  RequestLog *log;
  LogEntry *entry; /* NULL once the log was reset */
  guint generation;
  Origin origin;
  gboolean mutation;
  gint64 started;
} UnderWay;

static void
log_entry_free (gpointer data)
{
  LogEntry *entry = data;

  g_free (entry->method);
  g_free (entry->path);
  g_free (entry->query);
  g_free (entry->user_agent);
  g_free (entry->quota_project);
  g_free (entry);
}

static void
waiter_free (gpointer data)
{
  Waiter *waiter = data;

  if (waiter->timeout != 0)
    g_source_remove (waiter->timeout);
  pattern_free (waiter->pattern);
  request_unref (waiter->request);
  g_free (waiter);
}

RequestLog *
request_log_new (const char *file, gboolean verbose, GError **error)
{
  g_autoptr (RequestLog) self = g_new0 (RequestLog, 1);

  self->verbose = verbose;
  self->entries = g_ptr_array_new_with_free_func (log_entry_free);
  self->waiters = g_ptr_array_new_with_free_func (waiter_free);
  for (int i = 0; i < N_ORIGINS; i++)
    self->connections[i] = g_hash_table_new (g_int64_hash, g_int64_equal);
  if (file != NULL) {
    self->file = fopen (file, "ae");
    if (self->file == NULL) {
      int code = errno;

      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "cannot write the request log %s: %s", file,
                   g_strerror (code));
      return NULL;
    }
  }
  return g_steal_pointer (&self);
}

void
request_log_free (RequestLog *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->waiters);
  for (int i = 0; i < N_ORIGINS; i++)
    g_hash_table_unref (self->connections[i]);
  g_ptr_array_unref (self->entries);
  if (self->file != NULL)
    fclose (self->file);
  g_free (self);
}

static void
append_string (GString *out, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_string_append_printf (out, ",\"%s\":", name);
  json_append_quoted (out, value);
}

static void
append_entry (GString *out, const LogEntry *entry)
{
  g_autofree char *time = clock_format (entry->time);

  g_string_append_printf (out, "{\"number\":%u,\"time\":\"%s\",\"origin\":\"%s\"", entry->number, time,
                          origin_name (entry->origin));
  append_string (out, "method", entry->method);
  append_string (out, "path", entry->path);
  append_string (out, "query", entry->query);
  append_string (out, "user_agent", entry->user_agent);
  append_string (out, "quota_project", entry->quota_project);
  append_string (out, "fault", entry->fault);
  g_string_append_printf (out,
                          ",\"http\":\"%s\",\"connection\":%" G_GUINT64_FORMAT ",\"status\":%u,\"request_bytes\":%zu,"
                          "\"bytes\":%zu,\"ms\":%.1f,\"ended\":%s,\"mutation\":%s,\"authorization\":%s}",
                          entry->http_version, entry->connection, entry->status, entry->request_bytes, entry->bytes,
                          entry->milliseconds, entry->ended ? "true" : "false", entry->mutation ? "true" : "false",
                          entry->authorization ? "true" : "false");
}

static guint
count_matches (RequestLog *self, const Pattern *pattern, gboolean ended)
{
  guint count = 0;

  for (guint i = 0; i < self->entries->len; i++) {
    const LogEntry *entry = self->entries->pdata[i];

    count += (!ended || entry->ended) && pattern_matches (pattern, entry->origin, entry->method, entry->path);
  }
  return count;
}

static void
answer_waiter (Waiter *waiter)
{
  GString *json = request_log_json (waiter->log, waiter->pattern);

  request_answer_json (waiter->request, 200, json);
}

static void
look_after_waiters (RequestLog *self)
{
  for (guint i = self->waiters->len; i > 0; i--) {
    Waiter *waiter = self->waiters->pdata[i - 1];

    if (!waiter->request->answered && count_matches (self, waiter->pattern, waiter->ended) < waiter->count)
      continue;
    answer_waiter (waiter);
    g_ptr_array_remove_index_fast (self->waiters, i - 1);
  }
}

static gboolean
waiter_timed_out (gpointer data)
{
  Waiter *waiter = data;

  waiter->timeout = 0;
  answer_waiter (waiter);
  g_ptr_array_remove_fast (waiter->log->waiters, waiter);
  return G_SOURCE_REMOVE;
}

void
request_log_wait (RequestLog *self, Request *request, Pattern *pattern, guint count, gboolean ended, guint timeout_ms)
{
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->log = self;
  waiter->request = request_ref (request);
  waiter->pattern = pattern;
  waiter->count = count;
  waiter->ended = ended;
  waiter->timeout = g_timeout_add (timeout_ms, waiter_timed_out, waiter);
  g_ptr_array_add (self->waiters, waiter);
  look_after_waiters (self);
}

static void
write_line (RequestLog *self, const LogEntry *entry)
{
  g_autoptr (GString) line = g_string_new (NULL);

  append_entry (line, entry);
  g_string_append_c (line, '\n');
  if (self->file != NULL) {
    fwrite (line->str, 1, line->len, self->file);
    fflush (self->file);
  }
  if (self->verbose)
    g_printerr ("%s", line->str);
}

static void
request_ended (Request *request, guint status, gsize bytes, gpointer data)
{
  UnderWay *way = data;
  RequestLog *self = way->log;

  if (way->generation == self->generation) {
    way->entry->status = status;
    way->entry->fault = request->fault;
    way->entry->bytes = bytes;
    way->entry->milliseconds = (double)(g_get_monotonic_time () - way->started) / 1000;
    way->entry->ended = TRUE;
    if (self->file != NULL || self->verbose)
      write_line (self, way->entry);
  }
  self->requests_now[way->origin]--;
  self->mutations_now -= way->mutation;
  g_free (way);
  look_after_waiters (self);
}

/* No query of the API should hold a token, but a client under test may be wrong. */
static char *
blot_out (const char *query)
{
  static GRegex *secrets;

  if (query == NULL)
    return NULL;
  if (secrets == NULL)
    secrets = g_regex_new ("(?<=^|&)(access_token|oauth_token|key|token|code|refresh_token|client_secret)=[^&]*", 0, 0,
                           NULL);
  return g_regex_replace (secrets, query, -1, 0, "\\1=-", 0, NULL);
}

gboolean
request_log_begin (RequestLog *self, Request *request)
{
  LogEntry *entry = g_new0 (LogEntry, 1);
  UnderWay *way = g_new0 (UnderWay, 1);
  gboolean overlap;

  entry->number = ++self->last_number;
  entry->time = clock_now ();
  entry->origin = request->origin;
  entry->method = g_strdup (request->method);
  entry->path = g_strdup (request->path);
  entry->query = blot_out (request->query);
  entry->user_agent = g_strdup (request_header (request, "user-agent"));
  entry->quota_project = g_strdup (request_header (request, "x-goog-user-project"));
  entry->http_version = request->http_version;
  entry->connection = request->connection;
  entry->request_bytes = request->body != NULL ? g_bytes_get_size (request->body) : 0;
  entry->authorization = request_header (request, "authorization") != NULL;
  entry->mutation = request->origin == ORIGIN_API && !g_str_equal (request->method, "GET");
  g_ptr_array_add (self->entries, entry);
  g_hash_table_add (self->connections[request->origin], &entry->connection);

  way->log = self;
  way->entry = entry;
  way->generation = self->generation;
  way->origin = request->origin;
  way->mutation = entry->mutation;
  way->started = g_get_monotonic_time ();
  request->ended = request_ended;
  request->ended_data = way;

  overlap = entry->mutation && self->mutations_now > 0;
  self->overlaps += overlap;
  self->mutations_now += entry->mutation;
  self->mutations_most = MAX (self->mutations_most, self->mutations_now);
  self->requests_now[request->origin]++;
  self->requests_most[request->origin]
      = MAX (self->requests_most[request->origin], self->requests_now[request->origin]);
  self->photo_authorizations += request->origin == ORIGIN_PHOTO && entry->authorization;
  look_after_waiters (self);
  return overlap;
}

void
request_log_reset (RequestLog *self)
{
  self->generation++;
  for (int i = 0; i < N_ORIGINS; i++) {
    g_hash_table_remove_all (self->connections[i]); /* its keys are in the entries */
    self->requests_most[i] = self->requests_now[i];
  }
  g_ptr_array_set_size (self->entries, 0);
  self->mutations_most = self->mutations_now;
  self->overlaps = 0;
  self->photo_authorizations = 0;
}

static void
append_counts (RequestLog *self, GString *out)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *separator = "";
  GHashTableIter iter;
  gpointer key;
  gpointer value;

  for (guint i = 0; i < self->entries->len; i++) {
    const LogEntry *entry = self->entries->pdata[i];
    char *name = g_strdup_printf ("%s %s", entry->method, entry->path);

    value = g_hash_table_lookup (counts, name);
    g_hash_table_replace (counts, name, GUINT_TO_POINTER (GPOINTER_TO_UINT (value) + 1));
  }
  g_string_append (out, "\"counts\":{");
  g_hash_table_iter_init (&iter, counts);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    g_string_append (out, separator);
    json_append_quoted (out, key);
    g_string_append_printf (out, ":%u", GPOINTER_TO_UINT (value));
    separator = ",";
  }
  g_string_append_c (out, '}');
}

GString *
request_log_json (RequestLog *self, const Pattern *pattern)
{
  GString *out = g_string_new ("{");
  const char *separator = "";
  guint matching = 0;

  append_counts (self, out);
  g_string_append (out, ",\"requests\":[");
  for (guint i = 0; i < self->entries->len; i++) {
    const LogEntry *entry = self->entries->pdata[i];

    if (pattern != NULL && !pattern_matches (pattern, entry->origin, entry->method, entry->path))
      continue;
    g_string_append (out, separator);
    append_entry (out, entry);
    separator = ",";
    matching++;
  }
  g_string_append_printf (out, "],\"matching\":%u,\"total\":%u,\"connections\":{", matching, self->entries->len);
  for (int i = 0; i < N_ORIGINS; i++)
    g_string_append_printf (out, "%s\"%s\":%u", i > 0 ? "," : "", origin_name ((Origin)i),
                            g_hash_table_size (self->connections[i]));
  g_string_append (out, "},\"max_concurrent\":{");
  for (int i = 0; i < N_ORIGINS; i++)
    g_string_append_printf (out, "%s\"%s\":%u", i > 0 ? "," : "", origin_name ((Origin)i), self->requests_most[i]);
  g_string_append_printf (out, ",\"mutations\":%u},\"mutations_now\":%u,\"overlaps\":%u,\"photo_authorizations\":%u}",
                          self->mutations_most, self->mutations_now, self->overlaps, self->photo_authorizations);
  return out;
}
