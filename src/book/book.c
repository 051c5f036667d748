/* The Book: its beginning and its end, and who listens to it. */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "book/internal.h"

static gboolean
lock_state (Book *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->options.state_dir, "lock", NULL);

  if (g_mkdir_with_parents (self->options.state_dir, 0700) != 0) {
    int code = errno;

    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "the folder %s cannot be made: %s",
                 self->options.state_dir, g_strerror (code));
    return FALSE;
  }
  self->lock_fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->lock_fd < 0) {
    int code = errno;

    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s cannot be opened: %s", path, g_strerror (code));
    return FALSE;
  }
  if (flock (self->lock_fd, LOCK_EX | LOCK_NB) != 0) {
    close (self->lock_fd);
    self->lock_fd = -1;
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 "the account \"%s\" is mounted already (contactfs status shows where); unmount it first",
                 self->options.account);
    return FALSE;
  }
  return TRUE;
}

Book *
book_new (PeopleClient *people, const BookOptions *options, GError **error)
{
  g_autoptr (Book) self = g_new0 (Book, 1);
  g_autofree char *database = NULL;

  self->lock_fd = -1;
  self->people = people;
  self->options = *options;
  self->options.account = g_strdup (options->account);
  self->options.state_dir = g_strdup (options->state_dir);
  self->activity = activity_new ();
  self->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  book_people_init (self);
  if (!lock_state (self, error))
    return NULL;
  database = g_build_filename (self->options.state_dir, "book.sqlite", NULL);
  self->store = book_store_open (database, error);
  if (self->store == NULL || (options->anew && !book_forget_others (self, error)) || !book_people_load (self, error)
      || !book_labels_load (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
book_free (Book *self)
{
  if (self == NULL)
    return;
  book_orders_clear (self);
  book_people_clear (self);
  book_labels_clear (self);
  g_clear_pointer (&self->store, book_store_close);
  g_clear_pointer (&self->activity, activity_free);
  g_clear_pointer (&self->listeners, g_array_unref);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_free (self->last_error);
  g_clear_error (&self->down);
  g_free ((char *)self->options.account);
  g_free ((char *)self->options.state_dir);
  g_free (self);
}

Activity *
book_activity (Book *self)
{
  return self->activity;
}

BookStore *
book_store (Book *self)
{
  return self->store;
}

const char *
book_account (Book *self)
{
  return self->options.account;
}

gboolean
book_is_listed (const Book *self)
{
  return self->listed;
}

void
book_note_up_to_date (Book *self)
{
  self->listed = TRUE;
  TELL (self, up_to_date);
}

void
book_listen (Book *self, const BookEvents *events, gpointer data)
{
  const Listener listener = { events, data };

  g_array_append_val (self->listeners, listener);
}

void
book_unlisten (Book *self, gpointer data)
{
  for (guint i = self->listeners->len; i-- > 0;)
    if (g_array_index (self->listeners, Listener, i).data == data)
      g_array_remove_index (self->listeners, i);
}
