/* Which files are known to be whole: by number, and by the time of their last change. */
#define G_LOG_DOMAIN "contactfs"

#include "photo/intact.h"

#include <glib/gstdio.h>

struct Intact {
  GHashTable *files; /* version → Identity* */
};

/* Of a file's content, as far as the file system tells: whoever writes or renames it changes this. */
typedef struct {
  ino_t inode;
  struct timespec written, changed;
} Identity;

Intact *
intact_new (void)
{
  Intact *self = g_new0 (Intact, 1);

  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
intact_free (Intact *self)
{
  g_hash_table_unref (self->files);
  g_free (self);
}

static gboolean
is_same_time (const struct timespec *a, const struct timespec *b)
{
  return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

void
intact_note (Intact *self, const char *version, int fd)
{
  Identity identity;
  struct stat st;

  if (fstat (fd, &st) != 0)
    return;
  identity = (Identity){ st.st_ino, st.st_mtim, st.st_ctim };
  g_hash_table_replace (self->files, g_strdup (version), g_memdup2 (&identity, sizeof identity));
}

void
intact_follow (Intact *self, const char *version, const char *path)
{
  Identity *known = g_hash_table_lookup (self->files, version);
  GStatBuf st;

  if (known != NULL && g_lstat (path, &st) == 0 && st.st_ino == known->inode
      && is_same_time (&st.st_mtim, &known->written))
    known->changed = st.st_ctim;
}

void
intact_forget (Intact *self, const char *version)
{
  g_hash_table_remove (self->files, version);
}

gboolean
intact_is (Intact *self, const char *version, const struct stat *st)
{
  const Identity *known = g_hash_table_lookup (self->files, version);

  return known != NULL && st->st_ino == known->inode && is_same_time (&st->st_ctim, &known->changed);
}
