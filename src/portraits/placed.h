/*
 * What imports and restores have made whose photo: a small file, one or two lines for each, in the user's state folder.
 *
 * A line is written before a picture is placed, and another one when it is. They tell an import's own photos from those that
 * were there before, and where nothing was. The service compresses photos anew, so a photo alone does not tell which picture it
 * was; the mount knows what it sent (contact_sent). A line that is lost costs an undoing or a sentence in the report, so
 * nothing is synced.
 *
 * Times are microseconds since 1970.
 */
#pragma once

#include "portraits/contacts.h"

typedef struct Placed Placed;

/* account: of the mount. A file that cannot be read counts as empty. */
Placed *placed_open (const char *account);
void placed_free (Placed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Placed, placed_free)

/* contact_place, with a line before it and behind it. Who had no photo when contact was read must not have got one: EEXIST. */
gboolean placed_place (Placed *self, const char *mountpoint, const Contact *contact, GBytes *picture, GError **error);

/* The picture was placed. */
gboolean placed_has (const Placed *self, const char *resource_name, GBytes *picture);
/* It was begun where nothing was, and nobody knows how it ended. */
gboolean placed_was_begun (const Placed *self, const char *resource_name, GBytes *picture);
/* What was sent is this picture, as it is. */
gboolean placed_is_sent (const char *sent, GBytes *picture);

/* When a picture was first placed where nothing was, since then; 0: never. */
gint64 placed_first_since (const Placed *self, const char *resource_name, gint64 since);
/* The last of these times; 0: never. */
gint64 placed_last_first (const Placed *self, const char *resource_name);
/* What was sent (contact_sent) was placed by an import or a restore. */
gboolean placed_is_ours (const Placed *self, const char *resource_name, const char *sent);
