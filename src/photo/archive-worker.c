/*
 * The archive's one worker. Jobs run off the loop, one at a time, in the order in which they came. So whoever looks after a
 * picture was handed over finds it.
 */
#define G_LOG_DOMAIN "contactfs"

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
  char *name;
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

static void
read_newest (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Look *self = data;
  g_autoptr (GPtrArray) names = archive_list (self->archive, self->kind, self->resource_name);
  int fd = names->len == 0
               ? -1
               : archive_open (self->archive, self->kind, self->resource_name, names->pdata[names->len - 1]);
  g_autoptr (Photo) photo = NULL;
  GError *error = NULL;
  GBytes *bytes;
  struct stat st;

  if (fd < 0) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "the photo from before is not in .previous");
    return;
  }
  photo = photo_new ("", fd, fstat (fd, &st) == 0 ? st.st_size : 0, "", "");
  bytes = photo_read (photo, &error);
  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify)g_bytes_unref);
  else
    g_task_return_error (task, error);
}

void
photos_archive_read_newest_async (Photos *photos, const BookPerson *person, GAsyncReadyCallback callback, gpointer data)
{
  look (photos, ARCHIVE_PREVIOUS, person, NULL, read_newest, callback, data);
}

GBytes *
photos_archive_read_newest_finish (GAsyncResult *result, GError **error)
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
