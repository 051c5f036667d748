/*
 * The archive's one worker. Jobs run off the loop, one at a time, in the order in which they came. So whoever looks after a
 * picture was handed over finds it.
 */
#define G_LOG_DOMAIN "contactfs"

#include "photo/hash.h"
#include "photo/internal.h"

#include <sys/stat.h>

typedef struct {
  GTask *task;
  GTaskThreadFunc work;
} Job;

static void begin (Photos *photos);

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Photos *photos = data;
  Job *job = g_queue_pop_head (&photos->archive_jobs);

  g_object_unref (job->task);
  g_free (job);
  begin (photos);
  activity_release (photos->activity, ACTIVITY_WORK);
}

static void
run (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Job *job = data;

  job->work (job->task, NULL, g_task_get_task_data (job->task), NULL);
  g_task_return_boolean (worker, TRUE);
}

static void
begin (Photos *photos)
{
  Job *job = g_queue_peek_head (&photos->archive_jobs);
  g_autoptr (GTask) worker = NULL;

  if (job == NULL)
    return;
  worker = g_task_new (NULL, NULL, on_done, photos);
  g_task_set_task_data (worker, job, NULL);
  g_task_run_in_thread (worker, run);
}

void
archive_work (Photos *photos, GTask *task, GTaskThreadFunc work)
{
  Job *job;

  if (activity_refuse (photos->activity, task)) {
    g_object_unref (task);
    return;
  }
  job = g_new0 (Job, 1);
  job->task = task;
  job->work = work;
  activity_hold (photos->activity, ACTIVITY_WORK);
  g_queue_push_tail (&photos->archive_jobs, job);
  if (photos->archive_jobs.length == 1)
    begin (photos);
}

/* ---- looking, and one that is taken away ---- */

typedef struct {
  Archive *archive;
  ArchiveKind kind;
  char *resource_name;
  char *name; /* or a SHA-256 */
} Look;

static void
look_free (gpointer data)
{
  Look *self = data;

  g_free (self->resource_name);
  g_free (self->name);
  g_free (self);
}

static void
look (Photos *photos, ArchiveKind kind, const BookPerson *person, const char *name, GTaskThreadFunc work,
      GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Look *self = g_new0 (Look, 1);

  self->archive = photos->archive;
  self->kind = kind;
  self->resource_name = g_strdup (person->resource_name);
  self->name = g_strdup (name);
  g_task_set_task_data (task, self, look_free);
  archive_work (photos, task, work);
}

static void
list (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Look *self = data;

  g_task_return_pointer (task, archive_list (self->archive, self->kind, self->resource_name),
                         (GDestroyNotify)g_ptr_array_unref);
}

void
photos_archive_list_async (Photos *photos, ArchiveKind kind, const BookPerson *person, GAsyncReadyCallback callback,
                           gpointer data)
{
  look (photos, kind, person, NULL, list, callback, data);
}

GPtrArray *
photos_archive_list_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
open_picture (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Look *self = data;
  int fd = archive_open (self->archive, self->kind, self->resource_name, self->name);

  if (fd >= 0)
    g_task_return_int (task, fd);
  else
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "there is no %s", self->name);
}

void
photos_archive_open_async (Photos *photos, ArchiveKind kind, const BookPerson *person, const char *name,
                           GAsyncReadyCallback callback, gpointer data)
{
  look (photos, kind, person, name, open_picture, callback, data);
}

int
photos_archive_open_finish (GAsyncResult *result, GError **error)
{
  return (int)g_task_propagate_int (G_TASK (result), error);
}

static void
list_earlier (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Look *self = data;

  g_task_return_pointer (task, archive_earlier (self->archive, self->kind, self->resource_name), g_free);
}

void
photos_archive_earlier_async (Photos *photos, const BookPerson *person, GAsyncReadyCallback callback, gpointer data)
{
  look (photos, ARCHIVE_PREVIOUS, person, NULL, list_earlier, callback, data);
}

char *
photos_archive_earlier_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* NULL: it cannot be read. */
static GBytes *
read_picture (const Look *self, const char *name)
{
  int fd = archive_open (self->archive, self->kind, self->resource_name, name);
  g_autoptr (Photo) photo = NULL;
  struct stat st;

  if (fd < 0)
    return NULL;
  photo = photo_new ("", fd, fstat (fd, &st) == 0 ? st.st_size : 0, "", "");
  return photo_read (photo, NULL);
}

/* The name is a SHA-256. */
static void
read_by_sha256 (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Look *self = data;
  g_autoptr (GPtrArray) names = archive_list (self->archive, self->kind, self->resource_name);

  for (guint i = names->len; i > 0; i--) {
    g_autoptr (GBytes) bytes = read_picture (self, names->pdata[i - 1]);
    g_autofree char *sha256 = bytes != NULL ? hash_bytes (bytes) : NULL;

    if (g_strcmp0 (sha256, self->name) == 0) {
      g_task_return_pointer (task, g_steal_pointer (&bytes), (GDestroyNotify)g_bytes_unref);
      return;
    }
  }
  g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "the photo from before is not in .previous");
}

void
photos_archive_read_async (Photos *photos, const BookPerson *person, const char *sha256, GAsyncReadyCallback callback,
                           gpointer data)
{
  look (photos, ARCHIVE_PREVIOUS, person, sha256, read_by_sha256, callback, data);
}

GBytes *
photos_archive_read_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
remove_picture (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Look *self = data;

  archive_remove (self->archive, self->kind, self->resource_name, self->name);
  g_task_return_boolean (task, TRUE);
}

void
photos_archive_remove (Photos *photos, ArchiveKind kind, const BookPerson *person, const char *name)
{
  look (photos, kind, person, name, remove_picture, NULL, NULL);
}

static void
do_nothing (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
}

void
photos_archive_settle_async (Photos *photos, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);

  if (photos->archive_jobs.length > 0) {
    archive_work (photos, task, do_nothing);
  } else {
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
  }
}

gboolean
photos_archive_settle_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
