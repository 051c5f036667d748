/* Lines of "account resource-name SHA-256 time first|other", and the same with what was sent behind it, or "-", once the picture
 * is placed (placed.h). */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/placed.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  char *resource_name;
  char *sha256; /* of the picture */
  char *sent;   /* NULL: it was begun, and no more is known */
  gint64 time;
  gboolean is_first;
} Entry;

struct Placed {
  char *account;
  char *path;
  GPtrArray *entries; /* of Entry, in the order of the file */
};

static void
entry_free (gpointer data)
{
  Entry *self = data;
  g_free (self->resource_name);
  g_free (self->sha256);
  g_free (self->sent);
  g_free (self);
}

static void
add_line (Placed *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  guint count = g_strv_length (words);
  if ((count != 5 && count != 6) || strcmp (words[0], self->account) != 0)
    return;
  Entry *entry = g_new0 (Entry, 1);
  entry->resource_name = g_strdup (words[1]);
  entry->sha256 = g_strdup (words[2]);
  entry->time = g_ascii_strtoll (words[3], NULL, 10);
  entry->is_first = strcmp (words[4], "first") == 0;
  entry->sent = g_strdup (words[5]);
  g_ptr_array_add (self->entries, entry);
}

Placed *
placed_open (const char *account)
{
  Placed *self = g_new0 (Placed, 1);
  g_autofree char *text = NULL;
  self->account = g_strdup (account);
  self->path = g_build_filename (g_get_user_state_dir (), "contactfs", "imported", NULL);
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  if (g_file_get_contents (self->path, &text, NULL, NULL)) {
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
      add_line (self, *line);
  }
  return self;
}

void
placed_free (Placed *self)
{
  if (self == NULL)
    return;
  g_free (self->account);
  g_free (self->path);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

static char *
hash_of (GBytes *picture)
{
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, picture);
}

static void
append (Placed *self, const char *line)
{
  g_autofree char *folder = g_path_get_dirname (self->path), *whole = g_strconcat (line, "\n", NULL);
  int fd = g_mkdir_with_parents (folder, 0700) == 0
               ? open (self->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)
               : -1;
  if (fd < 0 || write (fd, whole, strlen (whole)) < 0)
    g_info ("%s cannot be written; an import that goes on will take what is placed for photos that were there",
            self->path);
  if (fd >= 0)
    close (fd);
  add_line (self, line);
}

gboolean
placed_place (Placed *self, const char *mountpoint, const Contact *contact, GBytes *picture, GError **error)
{
  /* what is still to be removed will be in .previous */
  gboolean is_first = !contact->has_photo && !contact->is_removing;
  g_autofree char *hash = hash_of (picture);
  g_autofree char *line = g_strdup_printf ("%s %s %s %" G_GINT64_FORMAT " %s", self->account, contact->resource_name,
                                           hash, g_get_real_time (), is_first ? "first" : "other");
  append (self, line);
  if (!contact_place (mountpoint, contact, picture, !contact->has_photo, error))
    return FALSE;
  g_autofree char *sent = contact_sent (mountpoint, contact);
  g_autofree char *placed = g_strconcat (line, " ", sent != NULL ? sent : "-", NULL);
  append (self, placed);
  return TRUE;
}

static gboolean
has_entry (const Placed *self, const char *resource_name, GBytes *picture, gboolean is_placed)
{
  g_autofree char *hash = hash_of (picture);
  for (guint i = 0; i < self->entries->len; i++) {
    const Entry *entry = g_ptr_array_index (self->entries, i);
    if (strcmp (entry->resource_name, resource_name) == 0 && strcmp (entry->sha256, hash) == 0
        && (is_placed ? entry->sent != NULL : entry->is_first))
      return TRUE;
  }
  return FALSE;
}

gboolean
placed_has (const Placed *self, const char *resource_name, GBytes *picture)
{
  return has_entry (self, resource_name, picture, TRUE);
}

gboolean
placed_was_begun (const Placed *self, const char *resource_name, GBytes *picture)
{
  return has_entry (self, resource_name, picture, FALSE) && !placed_has (self, resource_name, picture);
}

gboolean
placed_is_sent (const char *sent, GBytes *picture)
{
  g_autofree char *hash = hash_of (picture);
  return g_strcmp0 (sent, hash) == 0;
}

gint64
placed_first_since (const Placed *self, const char *resource_name, gint64 since)
{
  gint64 first = 0;
  for (guint i = 0; i < self->entries->len; i++) {
    const Entry *entry = g_ptr_array_index (self->entries, i);
    if (entry->is_first && entry->time >= since && strcmp (entry->resource_name, resource_name) == 0
        && (first == 0 || entry->time < first))
      first = entry->time;
  }
  return first;
}

gint64
placed_last_first (const Placed *self, const char *resource_name)
{
  gint64 last = 0;
  for (guint i = 0; i < self->entries->len; i++) {
    const Entry *entry = g_ptr_array_index (self->entries, i);
    if (entry->is_first && strcmp (entry->resource_name, resource_name) == 0)
      last = MAX (last, entry->time);
  }
  return last;
}

gboolean
placed_is_ours (const Placed *self, const char *resource_name, const char *sent)
{
  for (guint i = 0; sent != NULL && i < self->entries->len; i++) {
    const Entry *entry = g_ptr_array_index (self->entries, i);
    if (strcmp (entry->resource_name, resource_name) == 0
        && strcmp (entry->sent != NULL ? entry->sent : entry->sha256, sent) == 0)
      return TRUE;
  }
  return FALSE;
}
