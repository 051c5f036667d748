#define G_LOG_DOMAIN "contactfs"

#include "desktop/folder-icons.h"

#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <string.h>

#include "book/events.h"
#include "desktop/session-bus.h"

#define EACH     100 /* people */
#define EACH_MS  100
#define QUIET_MS 10 /* when none of them had to be told */
#define LOOK_MS  2000
#define END_MS   5000
#define KEY      "folder_icons " /* of the store, with a mountpoint: its folders have icons */

struct FolderIcons {
  Book *book;
  Photos *photos;
  char *key;       /* of the store */
  gboolean is_new; /* nobody has an icon of ours yet */
  gboolean clear;  /* all are to go, and then the child ends */
  gboolean ending; /* the mount waits for that */
  void (*done) (gpointer data);
  gpointer data;      /* of done */
  GSubprocess *child; /* NULL: it has ended, or was never there */
  GCancellable *cancellable;
  GHashTable *told;  /* char* name → char* URI, "" for none */
  GPtrArray *people; /* of the pass that is going on; NULL: none is */
  guint next;        /* in people */
  gboolean again;    /* something has changed since the pass began */
  GString *words;    /* on their way to the child */
  gboolean writing;
  guint timer; /* until the next pass, or its next hundred */
  guint deadline;
};

static void go_on (FolderIcons *self);

static gboolean
on_timer (gpointer data)
{
  FolderIcons *self = data;
  self->timer = 0;
  go_on (self);
  return G_SOURCE_REMOVE;
}

static void
wait_ms (FolderIcons *self, guint milliseconds)
{
  if (self->timer == 0)
    self->timer = g_timeout_add (self->ending ? 0 : milliseconds, on_timer, self);
}

static void
something_changed (FolderIcons *self)
{
  if (self->child == NULL || self->clear)
    return;
  if (self->people != NULL)
    self->again = TRUE;
  else
    wait_ms (self, LOOK_MS);
}

/* ---- what is to be told ---- */

static char *
icon_of (FolderIcons *self, BookPerson *person)
{
  g_autofree char *version = self->clear ? NULL : book_person_photo_version (person);
  g_autofree char *path = version != NULL ? photos_cached_path (self->photos, version) : NULL;
  return path != NULL ? g_filename_to_uri (path, NULL, NULL) : g_strdup ("");
}

static void
tell (FolderIcons *self, BookPerson *person)
{
  g_autofree char *icon = icon_of (self, person);
  const char *told = g_hash_table_lookup (self->told, person->name);
  if (told == NULL && self->is_new)
    told = "";
  if (person->gone || g_strcmp0 (told, icon) == 0)
    return;
  g_string_append_len (self->words, person->name, (gssize)strlen (person->name) + 1);
  g_string_append_len (self->words, icon, (gssize)strlen (icon) + 1);
  g_hash_table_replace (self->told, g_strdup (person->name), g_steal_pointer (&icon));
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  FolderIcons *self = data;
  g_autoptr (GError) error = NULL;
  gboolean written = g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->writing = FALSE;
  g_string_truncate (self->words, 0);
  if (written) /* else the child has ended: on_ended */
    wait_ms (self, EACH_MS);
}

static void
end_pass (FolderIcons *self)
{
  g_clear_pointer (&self->people, g_ptr_array_unref);
  if (self->clear)
    g_output_stream_close (g_subprocess_get_stdin_pipe (self->child), NULL, NULL); /* a pipe: it does not wait */
  else if (self->again)
    wait_ms (self, LOOK_MS);
  self->again = FALSE;
}

static void
go_on (FolderIcons *self)
{
  if (self->child == NULL || self->writing)
    return;
  if (self->people == NULL) {
    self->people = book_people (self->book);
    self->next = 0;
  }
  for (guint i = 0; i < EACH && self->next < self->people->len; i++)
    tell (self, g_ptr_array_index (self->people, self->next++));
  if (self->words->len > 0) {
    self->writing = TRUE;
    g_output_stream_write_all_async (g_subprocess_get_stdin_pipe (self->child), self->words->str, self->words->len,
                                     G_PRIORITY_DEFAULT, self->cancellable, on_written, self);
  } else if (self->next < self->people->len) {
    wait_ms (self, QUIET_MS);
  } else {
    end_pass (self);
  }
}

/* ---- the child ---- */

static void
remember (FolderIcons *self, gboolean have_icons)
{
  g_autoptr (GError) error = NULL;
  if (!book_store_set (book_store (self->book), self->key, have_icons ? "1" : NULL, &error))
    g_warning ("%s", error->message);
}

static void
say_why (const char *why)
{
  g_message ("Nautilus, Nemo and Caja do not get the faces for folders: %s", why);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  FolderIcons *self = data;
  g_autoptr (GSubprocess) child = g_object_ref (G_SUBPROCESS (source));
  g_autoptr (GError) error = NULL;
  char words[512] = "";
  gboolean ended = g_subprocess_wait_check_finish (child, result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->deadline, g_source_remove);
  g_clear_object (&self->child);
  if (ended && self->clear)
    remember (self, FALSE);
  if (!ended && !self->ending) {
    /* it has ended: what it said is in the pipe */
    g_input_stream_read_all (g_subprocess_get_stdout_pipe (child), words, sizeof words - 1, NULL, NULL, NULL);
    say_why (words[0] != '\0' ? words : error->message);
  }
  if (self->done != NULL)
    self->done (self->data);
}

static GSubprocess *
start (const char *mountpoint, const char *cache, GError **error)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", error);
  g_autoptr (GSubprocess) child = program == NULL
                                      ? NULL
                                      : g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                                              | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                                                          error, program, "set-folder-icons", mountpoint, cache, NULL);
  /* a child that does not read must not hold us up */
  if (child == NULL
      || !g_unix_set_fd_nonblocking (
          g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (g_subprocess_get_stdin_pipe (child))), TRUE, error))
    return NULL;
  return g_steal_pointer (&child);
}

static void
on_person_changed (BookPerson *person, gboolean elsewhere, gpointer data)
{
  something_changed (data);
}

static void
on_name_changed (const char *name, gpointer data)
{
  something_changed (data);
}

static const BookEvents events = { .person_changed = on_person_changed, .name_changed = on_name_changed };

FolderIcons *
folder_icons_new (Book *book, Photos *photos, const char *mountpoint, gboolean wanted)
{
  g_autofree char *key = g_strconcat (KEY, mountpoint, NULL);
  g_autofree char *before = book_store_get (book_store (book), key);
  g_autofree char *bus = session_bus_address ();
  g_autoptr (GError) error = NULL;
  if (!wanted && before == NULL)
    return NULL;
  GSubprocess *child = bus != NULL ? start (mountpoint, photos_cache_dir (photos), &error) : NULL;
  if (child == NULL) {
    say_why (error != NULL ? error->message : "there is no session bus");
    return NULL;
  }
  FolderIcons *self = g_new0 (FolderIcons, 1);
  self->book = book;
  self->photos = photos;
  self->key = g_steal_pointer (&key);
  self->is_new = before == NULL;
  self->clear = !wanted;
  self->child = child;
  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->words = g_string_new (NULL);
  self->cancellable = g_cancellable_new ();
  book_listen (book, &events, self);
  remember (self, TRUE);
  g_subprocess_wait_check_async (child, self->cancellable, on_ended, self);
  go_on (self);
  return self;
}

void
folder_icons_free (FolderIcons *self)
{
  if (self == NULL)
    return;
  book_unlisten (self->book, self);
  g_cancellable_cancel (self->cancellable);
  if (self->child != NULL)
    g_subprocess_force_exit (self->child);
  g_clear_object (&self->child);
  g_object_unref (self->cancellable);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->deadline, g_source_remove);
  g_clear_pointer (&self->people, g_ptr_array_unref);
  g_hash_table_unref (self->told);
  g_free (self->key);
  g_string_free (self->words, TRUE);
  g_free (self);
}

void
folder_icons_cache_changed (FolderIcons *self)
{
  something_changed (self);
}

static gboolean
on_deadline (gpointer data)
{
  FolderIcons *self = data;
  self->deadline = 0;
  g_subprocess_force_exit (self->child);
  return G_SOURCE_REMOVE;
}

gboolean
folder_icons_end (FolderIcons *self, void (*done) (gpointer data), gpointer data)
{
  if (self == NULL || self->child == NULL)
    return FALSE;
  self->done = done;
  self->data = data;
  self->clear = self->ending = TRUE;
  self->next = 0; /* those who have an icon are told anew */
  self->deadline = g_timeout_add (END_MS, on_deadline, self);
  g_clear_handle_id (&self->timer, g_source_remove);
  go_on (self);
  return TRUE;
}
