#define G_LOG_DOMAIN "contactfs"

#include "mounts/ending.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "net/json.h"

#define LOOK_MS 500

struct Ending {
  EndingCount count;
  gpointer data; /* of count */
  char *path;
  guint told;
  guint timer;
};

static char *
path_in (const char *state_dir)
{
  return g_build_filename (state_dir, "ending.json", NULL);
}

/* In one step, since it is read meanwhile; and without fsync, since it is worth nothing after the process. A count that cannot
 * be written costs a line of progress. */
static void
tell (const Ending *self)
{
  g_autofree char *text = g_strdup_printf ("{\"pid\":%d,\"waiting\":%u}\n", (int)getpid (), self->told);
  g_autofree char *fresh = g_strconcat (self->path, ".new", NULL);
  g_autoptr (GError) error = NULL;
  if (!g_file_set_contents_full (fresh, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error))
    g_info ("how many changes are still to be sent could not be written: %s", error->message);
  else if (g_rename (fresh, self->path) != 0)
    g_info ("how many changes are still to be sent could not be written: %s", g_strerror (errno));
}

static gboolean
look (gpointer ending)
{
  Ending *self = ending;
  guint waiting = self->count (self->data);
  if (waiting != self->told) {
    self->told = waiting;
    tell (self);
  }
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
  g_unlink (self->path);
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
