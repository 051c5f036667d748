/*
 * Which pictures have become whose photo by an import: a small file, one line for each, in the user's state folder.
 *
 * The service compresses photos anew, so a photo does not tell which picture it was. With --replace missing this file tells an
 * import's own photos from those that were there before. A line that is lost costs a sentence in the report and nothing else,
 * so nothing is synced.
 */
#pragma once

#include <glib.h>

typedef struct Placed Placed;

/* account: of the mount. A file that cannot be read counts as empty. */
Placed *placed_open (const char *account);
void placed_free (Placed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Placed, placed_free)

gboolean placed_has (const Placed *self, const char *resource_name, GBytes *picture);
void placed_add (Placed *self, const char *resource_name, GBytes *picture);
