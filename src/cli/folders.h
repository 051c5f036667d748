/*
 * Where an account keeps its things (XDG base directories), and where its credentials are looked for. Absolute paths,
 * since the daemon lives in "/".
 */
#pragma once

#include "cli/options.h"

typedef struct {
  char *state; /* the database */
  char *cache; /* photos */
  char *data;  /* .previous and .rejected */
} Folders;

/* Makes them, 0700. A GFileError with a sentence. */
Folders *folders_new (const char *account, GError **error);
void folders_free (Folders *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Folders, folders_free)

/* A folder of its own below state, cache or data: made 0700. */
gboolean folders_make (const char *path, GError **error);

/* The file to read when there is no --token-command: --credentials, $GOOGLE_APPLICATION_CREDENTIALS, gcloud's own. NULL
 * and a sentence that says what to do when there is none. Transfer full. */
char *folders_find_credentials (const Options *options, GError **error);
