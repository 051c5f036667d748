/*
 * News for the kernel, from a thread of its own: the only caller of fuse_lowlevel_notify_*.
 *
 * The kernel takes the directory's lock for an invalidation, and holds that lock while it waits for a reply of ours
 * (mkdir, rename, lookup). On the loop thread that would be a deadlock that no signal ends. The thread owns nothing: a
 * notice is a plain value.
 */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

typedef struct {
  enum { NAME_CHANGED, FILE_GONE, QUIT } kind;
  fuse_ino_t parent;
  fuse_ino_t child;
  char *name;
} Notice;

static void
push (Fs *self, int kind, guint64 parent, guint64 child, const char *name)
{
  Notice *notice = g_new0 (Notice, 1);

  notice->kind = kind;
  notice->parent = parent;
  notice->child = child;
  notice->name = g_strdup (name);
  g_async_queue_push (self->notices, notice);
}

/* An entry of the root means nobody, or somebody else. */
static void
on_name_changed (const char *name, gpointer data)
{
  push (data, NAME_CHANGED, FUSE_ROOT_ID, 0, name);
}

/* Told as a deletion, so that who watches the folder (inotify) hears of it. */
static void
on_photo_gone (BookPerson *person, const char *file_name, guint64 file_id, gpointer data)
{
  Fs *self = data;

  if (g_hash_table_contains (self->nodes, &file_id))
    push (self, FILE_GONE, person->ino, file_id, file_name);
}

const BookEvents fs_events = { on_name_changed, on_photo_gone };

static gboolean
on_done (gpointer data)
{
  Fs *self = data;

  fs_notifier_done (self);
  return G_SOURCE_REMOVE;
}

static gpointer
notifier (gpointer data)
{
  Fs *self = data;

  for (gboolean quit = FALSE; !quit;) {
    Notice *notice = g_async_queue_pop (self->notices);

    /* Errors mean that the kernel does not know the name: nothing to forget. */
    if (notice->kind == NAME_CHANGED)
      fuse_lowlevel_notify_inval_entry (self->session, notice->parent, notice->name, strlen (notice->name));
    else if (notice->kind == FILE_GONE)
      fuse_lowlevel_notify_delete (self->session, notice->parent, notice->child, notice->name, strlen (notice->name));
    else
      quit = TRUE;
    g_free (notice->name);
    g_free (notice);
  }
  g_idle_add (on_done, self);
  return NULL;
}

void
fs_notifier_start (Fs *self)
{
  self->notices = g_async_queue_new ();
  self->notifier = g_thread_new ("notifier", notifier, self);
}

void
fs_notifier_stop (Fs *self)
{
  book_set_events (self->book, NULL, NULL);
  push (self, QUIT, 0, 0, NULL);
}

void
fs_notifier_join (Fs *self)
{
  g_thread_join (g_steal_pointer (&self->notifier));
  g_clear_pointer (&self->notices, g_async_queue_unref);
}
