/* Lines of account, resource name and SHA-256 (placed.h). */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/placed.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct Placed {
  char *account;
  char *path;
  GHashTable *lines; /* a set of char* */
};

Placed *
placed_open (const char *account)
{
  Placed *self = g_new0 (Placed, 1);
  g_autofree char *text = NULL;
  self->account = g_strdup (account);
  self->path = g_build_filename (g_get_user_state_dir (), "contactfs", "imported", NULL);
  self->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (g_file_get_contents (self->path, &text, NULL, NULL)) {
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
      g_hash_table_add (self->lines, g_strdup (*line));
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
  g_hash_table_unref (self->lines);
  g_free (self);
}

static char *
make_line (const Placed *self, const char *resource_name, GBytes *picture)
{
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, picture);
  return g_strdup_printf ("%s %s %s", self->account, resource_name, hash);
}

gboolean
placed_has (const Placed *self, const char *resource_name, GBytes *picture)
{
  g_autofree char *line = make_line (self, resource_name, picture);
  return g_hash_table_contains (self->lines, line);
}

void
placed_add (Placed *self, const char *resource_name, GBytes *picture)
{
  g_autofree char *line = make_line (self, resource_name, picture);
  if (g_hash_table_contains (self->lines, line))
    return;
  g_autofree char *folder = g_path_get_dirname (self->path), *whole = g_strconcat (line, "\n", NULL);
  int fd = g_mkdir_with_parents (folder, 0700) == 0
               ? open (self->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)
               : -1;
  if (fd < 0 || write (fd, whole, strlen (whole)) < 0)
    g_info ("%s cannot be written; an import that goes on will take what is placed for photos that were there",
            self->path);
  if (fd >= 0)
    close (fd);
  g_hash_table_add (self->lines, g_steal_pointer (&line));
}
