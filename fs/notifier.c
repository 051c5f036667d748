/*
 * News for the kernel, from two threads of their own: the only callers of fuse_lowlevel_notify_*.
 *
 * The kernel takes the directory's lock for an invalidation, and holds that lock while it waits for a reply of ours
 * (mkdir, rename, lookup). On the loop thread that would be a deadlock that no signal ends. The threads own nothing: a
 * notice is a plain value.
 *
 * A rename holds the lock of a contact's folder as long as its upload takes. Names of people must not wait for that: as
 * long as the kernel keeps an old one, it leads to somebody else. So they have a thread for themselves. Requests in the
 * root are answered at once, so its lock is never held for long.
 */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

typedef struct {
  enum { NAME_CHANGED, PERSON_CHANGED, FILE_GONE, QUIT } kind;
  fuse_ino_t parent;
  fuse_ino_t child;
  char *name;
} Notice;

typedef struct {
  Fs *fs;
  GAsyncQueue *notices;
} Start;

static void
push (GAsyncQueue *notices, int kind, guint64 parent, guint64 child, const char *name)
{
  Notice *notice = g_new0 (Notice, 1);

  notice->kind = kind;
  notice->parent = parent;
  notice->child = child;
  notice->name = g_strdup (name);
  g_async_queue_push (notices, notice);
}

/* An entry of the root means nobody, or somebody else. */
static void
on_name_changed (const char *name, gpointer data)
{
  Fs *self = data;

  push (self->notices[FS_NOTIFIER_ROOT], NAME_CHANGED, FUSE_ROOT_ID, 0, name);
}

/* The folder's times. No lock is needed for that, so the thread that never waits long does it. */
static void
on_person_changed (BookPerson *person, gboolean elsewhere, gpointer data)
{
  Fs *self = data;

  push (self->notices[FS_NOTIFIER_ROOT], PERSON_CHANGED, FUSE_ROOT_ID, person->ino, NULL);
}

/* The kernel lets go of the name and of what it led to. Who watches the folder hears nothing: inotify tells of calls alone
 * (announce.c). */
static void
on_photo_gone (BookPerson *person, const char *file_name, guint64 file_id, gpointer data)
{
  Fs *self = data;

  if (g_hash_table_contains (self->nodes, &file_id))
    push (self->notices[FS_NOTIFIER_FOLDERS], FILE_GONE, person->ino, file_id, file_name);
}

static void
on_dropped_name_ends (BookPerson *person, const char *file_name, gpointer data)
{
  fs_announce (data, person, file_name, NULL);
}

const BookEvents fs_book_events = { .name_changed = on_name_changed, .person_changed = on_person_changed };
const FolderEvents fs_folder_events = { on_photo_gone, on_dropped_name_ends };

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
  g_autofree Start *start = data;
  Fs *self = start->fs;

  for (gboolean quit = FALSE; !quit;) {
    Notice *notice = g_async_queue_pop (start->notices);

    /* Errors mean that the kernel does not know what is meant: nothing to forget. */
    if (notice->kind == NAME_CHANGED)
      fuse_lowlevel_notify_inval_entry (self->session, notice->parent, notice->name, strlen (notice->name));
    else if (notice->kind == PERSON_CHANGED)
      fuse_lowlevel_notify_inval_inode (self->session, notice->child, -1, 0); /* attributes alone */
    else if (notice->kind == FILE_GONE)
      fuse_lowlevel_notify_delete (self->session, notice->parent, notice->child, notice->name, strlen (notice->name));
    else
      quit = TRUE;
    g_free (notice->name);
    g_free (notice);
  }
  if (g_atomic_int_dec_and_test (&self->notifiers_running))
    g_idle_add (on_done, self);
  return NULL;
}

void
fs_notifier_start (Fs *self)
{
  static const char *const names[FS_N_NOTIFIERS]
      = { [FS_NOTIFIER_ROOT] = "notifier", [FS_NOTIFIER_FOLDERS] = "notifier-files" };

  self->notifiers_running = FS_N_NOTIFIERS;
  for (int i = 0; i < FS_N_NOTIFIERS; i++) {
    Start *start = g_new0 (Start, 1);

    self->notices[i] = g_async_queue_new ();
    start->fs = self;
    start->notices = self->notices[i];
    self->notifiers[i] = g_thread_new (names[i], notifier, start);
  }
}

void
fs_notifier_stop (Fs *self)
{
  book_unlisten (self->book, self);
  folder_set_events (self->contacts, NULL, NULL);
  for (int i = 0; i < FS_N_NOTIFIERS; i++)
    push (self->notices[i], QUIT, 0, 0, NULL);
}

void
fs_notifier_join (Fs *self)
{
  for (int i = 0; i < FS_N_NOTIFIERS; i++) {
    g_thread_join (g_steal_pointer (&self->notifiers[i]));
    g_clear_pointer (&self->notices[i], g_async_queue_unref);
  }
}
