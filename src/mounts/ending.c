#define G_LOG_DOMAIN "contactfs"

#include "mounts/ending.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "net/json.h"

#define LOOK_MS 500

struct Ending {
  EndingCount count;
  gpointer data; /* of count */
  char *path;
  GCancellable *writing; /* of the worker; NULL: there is none */
  gboolean is_told;      /* there is a file, or was to be */
  guint told;
  guint timer;
};

typedef struct {
  char *path;
  guint waiting;
} Count;

/* Held while the file is written or removed: a worker that is late must not write it once more. */
static GMutex changing;

static char *
path_in (const char *state_dir)
{
  return g_build_filename (state_dir, "ending.json", NULL);
}

static void
count_free (gpointer data)
{
  Count *self = data;
  g_free (self->path);
  g_free (self);
}

/* A count that cannot be written costs a line of progress. */
static void
write_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Count *count = data;
  g_autofree char *text = g_strdup_printf ("{\"pid\":%d,\"waiting\":%u}\n", (int)getpid (), count->waiting);
  g_autoptr (GError) error = NULL;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&changing);
  if (!g_cancellable_is_cancelled (cancellable)
      && !g_file_set_contents_full (count->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_info ("how many changes are still to be sent could not be written: %s", error->message);
  g_task_return_boolean (task, TRUE);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  Ending *self = data;
  if (g_task_propagate_boolean (G_TASK (result), NULL)) /* else we are gone */
    g_clear_object (&self->writing);
}

static gboolean
look (gpointer ending)
{
  Ending *self = ending;
  guint waiting = self->count (self->data);
  if (waiting == self->told || self->writing != NULL)
    return G_SOURCE_CONTINUE;
  self->told = waiting;
  self->is_told = TRUE;
  Count *count = g_new0 (Count, 1);
  count->path = g_strdup (self->path);
  count->waiting = waiting;
  self->writing = g_cancellable_new ();
  g_autoptr (GTask) worker = g_task_new (NULL, self->writing, on_written, self);
  g_task_set_task_data (worker, count, count_free);
  g_task_run_in_thread (worker, write_in_thread);
  return G_SOURCE_CONTINUE;
}

Ending *
ending_new (const char *state_dir, EndingCount count, gpointer data)
{
  Ending *self = g_new0 (Ending, 1);
  self->count = count;
  self->data = data;
  self->path = path_in (state_dir);
  look (self);
  self->timer = g_timeout_add (LOOK_MS, look, self);
  return self;
}

void
ending_free (Ending *self)
{
  g_source_remove (self->timer);
  if (self->writing != NULL)
    g_cancellable_cancel (self->writing);
  g_clear_object (&self->writing);
  g_mutex_lock (&changing);
  if (self->is_told)
    g_unlink (self->path);
  g_mutex_unlock (&changing);
  g_free (self->path);
  g_free (self);
}

gint64
ending_read (const char *state_dir, gint64 pid)
{
  g_autofree char *path = path_in (state_dir);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return -1;
  g_autoptr (JsonValue) count = json_parse (text, strlen (text), NULL);
  return count != NULL && json_int (count, "pid") == pid ? json_int (count, "waiting") : -1;
}
