/*
 * Where an account keeps its things (XDG base directories). Absolute paths, since the daemon lives in "/".
 */
#pragma once

#include <glib.h>

typedef struct {
  char *state; /* the database */
  char *cache; /* photos */
  char *data;  /* .previous and .rejected */
} Folders;

/* Not made yet. */
Folders *folders_new (const char *account);
void folders_free (Folders *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Folders, folders_free)

/* Makes them, 0700. A GFileError with a sentence. */
gboolean folders_make_all (const Folders *self, GError **error);

/* A folder of its own below state, cache or data: made 0700. */
gboolean folders_make (const char *path, GError **error);

/* Where the account's login is kept; not made. Transfer full. */
char *folders_config (const char *account);
