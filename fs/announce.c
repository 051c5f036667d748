/*
 * A picture that was dropped under another name is photo.jpg now. Whoever watches the folder (inotify, and so every file
 * manager) is to hear that the one name went and the other came, or the window shows the one for ever.
 *
 * The kernel tells watchers of calls only, and no notification of FUSE makes a name come. So a child of ours renames the one to
 * the other through the mount, as the program might have done, and we answer that it is done.
 *
 * A child and not a thread, since a process that waits for its own mount can hang for ever: this one closes every descriptor
 * first, /dev/fuse among them, so that it ends when we do. Before it renames it looks whose mount it is in: another may have
 * taken our place.
 *
 * It has to wait for the lock of the folder, which the kernel holds as long as another rename sends a picture. So a close
 * waits for WAIT_MS at most, and the watchers hear of it later. An alarm ends a child that waits for something else.
 */
#define G_LOG_DOMAIN "contactfs"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fs/internal.h"

#define CHILD_SECONDS 2
#define WAIT_MS       2000

typedef struct {
  Fs *fs;
  FsOp *op; /* answered when the watchers have heard; or NULL */
  guint watch;
  guint timer; /* while op waits */
} Announcement;

/* Whoever waits is answered. */
static void
answer (Announcement *self)
{
  FsOp *op = g_steal_pointer (&self->op);

  g_clear_handle_id (&self->timer, g_source_remove);
  if (op != NULL)
    fs_op_end (op, NULL);
}

void
fs_announcements_init (Fs *self, const char *mountpoint)
{
  self->mountpoint = realpath (mountpoint, NULL);
  self->announcements = g_hash_table_new_full (NULL, NULL, NULL, g_free);
}

void
fs_announcements_clear (Fs *self)
{
  GHashTableIter iter;
  gpointer pid, value;

  g_hash_table_iter_init (&iter, self->announcements);
  while (g_hash_table_iter_next (&iter, &pid, &value)) {
    Announcement *announcement = value;

    g_source_remove (announcement->watch); /* its alarm ends the child */
    g_clear_handle_id (&announcement->timer, g_source_remove);
    if (announcement->op != NULL)
      fs_op_free (announcement->op);
  }
  g_clear_pointer (&self->announcements, g_hash_table_unref);
  free (self->mountpoint);
}

gboolean
fs_announcement_is_by (Fs *self, pid_t pid)
{
  return g_hash_table_contains (self->announcements, GINT_TO_POINTER (pid));
}

static void
on_child (GPid pid, gint status, gpointer data)
{
  Fs *self = data;

  g_spawn_close_pid (pid);
  answer (g_hash_table_lookup (self->announcements, GINT_TO_POINTER (pid)));
  g_hash_table_remove (self->announcements, GINT_TO_POINTER (pid));
}

static gboolean
on_waited (gpointer data)
{
  Announcement *self = data;

  self->timer = 0;
  answer (self);
  return G_SOURCE_REMOVE;
}

/* Between fork and exit: system calls only, since other threads of ours held locks when it was forked. */
static void
rename_and_exit (const char *mountpoint, const char *us, const char *from, const char *to)
{
  char status[16384];
  ssize_t n;

  signal (SIGALRM, SIG_DFL);
  alarm (CHILD_SECONDS);
  close_range (STDERR_FILENO + 1, ~0U, 0);
  if (chdir (mountpoint) != 0)
    _exit (1);
  n = getxattr (".", "user.contactfs.status", status, sizeof status);
  if (n <= 0 || memmem (status, (size_t)n, us, strlen (us)) == NULL)
    _exit (1);
  _exit (rename (from, to) == 0 ? 0 : 1);
}

gboolean
fs_announce (Fs *self, BookPerson *person, const char *name, FsOp *op)
{
  g_autofree char *us = g_strdup_printf ("\"pid\":%d,", (int)getpid ());
  g_autofree char *from = g_build_filename (person->name, name, NULL);
  g_autofree char *to = g_build_filename (person->name, FOLDER_PHOTO_NAME, NULL);
  Announcement *announcement;
  pid_t pid;

  if (self->mountpoint == NULL || self->unmounting || person->gone)
    return FALSE;
  pid = fork ();
  if (pid == 0)
    rename_and_exit (self->mountpoint, us, from, to);
  if (pid < 0)
    return FALSE;
  announcement = g_new0 (Announcement, 1);
  announcement->fs = self;
  announcement->op = op;
  if (op != NULL)
    announcement->timer = g_timeout_add (WAIT_MS, on_waited, announcement);
  announcement->watch = g_child_watch_add (pid, on_child, self);
  g_hash_table_insert (self->announcements, GINT_TO_POINTER (pid), announcement);
  return TRUE;
}
