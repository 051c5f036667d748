/*
 * The second origin: /contacts/KEY=OPTIONS, /a-/KEY=OPTIONS (profiles), /cm/KEY=OPTIONS (monograms).
 *
 * The options after the last “=” decide the size; the query does not (as at Google, where ?sz= is ignored). What
 * workers made is kept while there is room, since a face or a size is always the same.
 */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/emulator.h"
#include "emulator/errors.h"
#include "emulator/faces.h"
#include "emulator/monogram.h"
#include "emulator/picture.h"

#define DEFAULT_SIZE 512 /* of a URL without options */
#define MAX_SIZE     16383
#define CACHE_BYTES  (64 * 1024 * 1024)

typedef struct Job {
  Photo *photo;   /* or */
  char *monogram; /* an SVG */
  PictureSize size;
  int face_size;
  char *cache_key; /* NULL: not to be cached */
  Request *request;
} Job;

typedef struct Cached {
  char *key;
  GBytes *bytes;
} Cached;

static GHashTable *cache;                 /* key to its link in cache_order */
static GQueue cache_order = G_QUEUE_INIT; /* Cached, the latest first */
static gsize cache_size;
static int face_size = 720;
static guint jobs_now;
static gint ending; /* atomic */

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->photo, photo_unref);
  g_clear_pointer (&job->request, request_unref);
  g_free (job->monogram);
  g_free (job->cache_key);
  g_free (job);
}

static void
cache_drop_oldest (void)
{
  Cached *oldest = g_queue_pop_tail (&cache_order);

  g_hash_table_remove (cache, oldest->key);
  cache_size -= g_bytes_get_size (oldest->bytes);
  g_bytes_unref (oldest->bytes);
  g_free (oldest->key);
  g_free (oldest);
}

static void
cache_put (const char *key, GBytes *bytes)
{
  Cached *cached;

  if (cache == NULL)
    cache = g_hash_table_new (g_str_hash, g_str_equal);
  if (g_hash_table_contains (cache, key))
    return;
  cached = g_new (Cached, 1);
  cached->key = g_strdup (key);
  cached->bytes = g_bytes_ref (bytes);
  g_queue_push_head (&cache_order, cached);
  g_hash_table_insert (cache, cached->key, cache_order.head);
  cache_size += g_bytes_get_size (bytes);
  while (cache_size > CACHE_BYTES && cache_order.length > 1)
    cache_drop_oldest ();
}

static GBytes *
cache_get (const char *key)
{
  GList *link = cache != NULL ? g_hash_table_lookup (cache, key) : NULL;

  if (link == NULL)
    return NULL;
  g_queue_unlink (&cache_order, link);
  g_queue_push_head_link (&cache_order, link);
  return ((Cached *)link->data)->bytes;
}

/* Worker: the original, drawn if it is a face. */
static GBytes *
original_bytes (const Job *job, GError **error)
{
  g_autofree char *svg = NULL;

  if (job->monogram != NULL)
    return picture_from_svg (job->monogram, face_size, PICTURE_PNG, error);
  if (job->photo->bytes != NULL)
    return g_bytes_ref (job->photo->bytes);
  svg = face_svg (job->photo->seed);
  return picture_from_svg (svg, job->face_size, PICTURE_JPEG, error);
}

static void
work (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Job *job = data;
  GError *error = NULL;
  g_autoptr (GBytes) original = NULL;
  GBytes *bytes;

  if (g_atomic_int_get (&ending)) {
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the emulator is ending");
    return;
  }
  original = original_bytes (job, &error);
  bytes = original;
  if (original != NULL && job->size.width > 0)
    bytes = picture_resize (original, &job->size, &error);
  else if (original != NULL)
    g_bytes_ref (original);
  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify)g_bytes_unref);
  else
    g_task_return_error (task, error);
}

static Job *
job_new (Photo *photo)
{
  Job *job = g_new0 (Job, 1);

  job->photo = photo != NULL ? photo_ref (photo) : NULL;
  job->face_size = face_size;
  return job;
}

static void
job_done (GObject *task, GParamSpec *completed, gpointer data)
{
  jobs_now--;
}

static void
start (Job *job, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);

  jobs_now++;
  g_signal_connect (task, "notify::completed", G_CALLBACK (job_done), NULL);
  g_task_set_task_data (task, job, job_free);
  g_task_run_in_thread (task, work);
}

void
photo_origin_end (void)
{
  g_atomic_int_set (&ending, 1);
  while (jobs_now > 0)
    g_main_context_iteration (NULL, TRUE);
}

void
photo_bytes_async (Photo *photo, GAsyncReadyCallback callback, gpointer data)
{
  start (job_new (photo), callback, data);
}

GBytes *
photo_bytes_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
parse_number (const char *text, int *number)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 0, MAX_SIZE, &value, NULL))
    return FALSE;
  *number = (int)value;
  return TRUE;
}

/* "s100-c", "w200-h100", "s0". FALSE: none of these. */
static gboolean
parse_options (const char *text, PictureSize *size)
{
  g_auto (GStrv) words = g_strsplit (text, "-", -1);
  gboolean original = FALSE;

  *size = (PictureSize){ 0 };
  for (guint i = 0; words[i] != NULL; i++) {
    const char *word = words[i];
    int number = 0;

    if (g_str_equal (word, "c")) {
      size->crop = TRUE;
      continue;
    }
    /* Other flags (no, rw, k) do not change what is seen here. */
    if (g_str_equal (word, "no") || g_str_equal (word, "k") || g_str_equal (word, "rw") || g_str_equal (word, "p"))
      continue;
    if (*word == '\0' || strchr ("swh", *word) == NULL || !parse_number (word + 1, &number))
      return FALSE;
    original = original || number == 0;
    if (*word == 's')
      size->width = size->height = number;
    else if (*word == 'w')
      size->width = number;
    else
      size->height = number;
  }
  if (original || (size->width == 0 && size->height == 0)) {
    *size = (PictureSize){ 0 };
  } else if (size->width == 0 || size->height == 0) {
    /* One side alone bounds nothing on the other. */
    size->width = size->width == 0 ? MAX_SIZE : size->width;
    size->height = size->height == 0 ? MAX_SIZE : size->height;
    size->crop = FALSE;
  }
  return TRUE;
}

/* Another version of a photo has another path: what the path says is what the bytes are. Transfer full. */
static char *
etag_of (const Request *request)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, request->path, -1);

  return g_strdup_printf ("\"v%.16s\"", sum);
}

/* If-None-Match: a list, or "*"; whether weakly or strongly does not matter here (RFC 9110, 13.1.2). */
static gboolean
client_has_it (const Request *request, const char *etag)
{
  const char *list = request_header (request, "if-none-match");
  g_auto (GStrv) words = g_strsplit (list != NULL ? list : "", ",", -1);

  for (guint i = 0; words[i] != NULL; i++) {
    const char *word = g_strstrip (words[i]);

    if (g_str_equal (word, "*") || g_str_equal (g_str_has_prefix (word, "W/") ? word + 2 : word, etag))
      return TRUE;
  }
  return FALSE;
}

static void
answer_picture (Request *request, GBytes *bytes)
{
  g_autofree char *etag = etag_of (request);

  request_set_header (request, "Cache-Control", "public, max-age=86400, no-transform");
  request_set_header (request, "Access-Control-Allow-Origin", "*");
  request_set_header (request, "ETag", etag);
  if (client_has_it (request, etag))
    request_answer (request, 304, NULL, NULL);
  else
    request_answer (request, 200, picture_type (bytes), g_bytes_ref (bytes));
}

static void
picture_made (GObject *source, GAsyncResult *result, gpointer data)
{
  Job *job = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = photo_bytes_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) /* as its connection */
    return;
  if (bytes == NULL) {
    g_warning ("A photo could not be made for %s: %s", job->request->path, error->message);
    error_answer_html (job->request, 500);
    return;
  }
  if (job->cache_key != NULL)
    cache_put (job->cache_key, bytes);
  answer_picture (job->request, bytes);
}

/* The photo or monogram that a path is for; FALSE: none. */
static gboolean
find_picture (Emulator *emulator, const char *path, const char *key, Job *job)
{
  Photo *photo = NULL;

  if (g_str_has_prefix (path, "/contacts/"))
    photo = photo_store_lookup (emulator->photos, PHOTO_CONTACT, key);
  else if (g_str_has_prefix (path, "/a-/"))
    photo = photo_store_lookup (emulator->photos, PHOTO_PROFILE, key);
  else if (g_str_has_prefix (path, "/cm/"))
    job->monogram = monogram_svg (key);
  job->photo = photo != NULL ? photo_ref (photo) : NULL;
  return job->photo != NULL || job->monogram != NULL;
}

void
photo_origin_set_face_size (int pixels)
{
  face_size = pixels;
}

void
photo_origin_handle (Emulator *emulator, Request *request)
{
  const char *segment = strrchr (request->path, '/');
  const char *equals = segment != NULL ? strrchr (segment, '=') : NULL;
  g_autofree char *key = NULL;
  Job *job;
  GBytes *cached;

  if (!g_str_equal (request->method, "GET") && !g_str_equal (request->method, "HEAD")) {
    request_set_header (request, "Allow", "GET, HEAD");
    error_answer_html (request, 405);
    return;
  }
  job = job_new (NULL);
  job->size = (PictureSize){ DEFAULT_SIZE, DEFAULT_SIZE, FALSE };
  key = segment == NULL  ? g_strdup ("")
        : equals != NULL ? g_strndup (segment + 1, equals - segment - 1)
                         : g_strdup (segment + 1);
  if (!find_picture (emulator, request->path, key, job)) {
    error_answer_html (request, 404);
    job_free (job);
    return;
  }
  if (equals != NULL && !parse_options (equals + 1, &job->size)) {
    error_answer_html (request, 400);
    job_free (job);
    return;
  }
  if (job->photo != NULL && job->photo->bytes != NULL && job->size.width == 0) {
    answer_picture (request, job->photo->bytes);
    job_free (job);
    return;
  }
  job->cache_key = g_strdup_printf ("%s=%dx%d%s", key, job->size.width, job->size.height, job->size.crop ? "c" : "");
  cached = cache_get (job->cache_key);
  if (cached != NULL) {
    answer_picture (request, cached);
    job_free (job);
    return;
  }
  job->request = request_ref (request);
  start (job, picture_made, NULL);
}
