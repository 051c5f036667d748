/*
 * The folders .previous and .rejected of each contact: pictures that must not be lost, in the XDG data folder.
 *
 * Layout: DIR/<resource id>/<previous|rejected>/<UTC time>.<jpg|png|…|bin>. 0700 folders, 0600 files, written under a
 * temporary name, fsynced, renamed. At most ARCHIVE_MAX in each folder, the oldest out first. Any thread: a
 * lock is held for each change. All of it blocks; what the loop wants goes by photos_archive_… (photos.h).
 *
 * A picture that is replaced again becomes the newest by a new name. In previous/ its earlier name stays as a link,
 * "was-" in front, so that it is known what was the photo when. The newest hundred of these are kept.
 */
#pragma once

#include <glib.h>

#define ARCHIVE_MAX 20

typedef enum { ARCHIVE_PREVIOUS, ARCHIVE_REJECTED } ArchiveKind;

typedef struct Archive Archive;

Archive *archive_new (const char *dir); /* the folder is made at the first add */
void archive_free (Archive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Archive, archive_free)

/* Keep bytes. Returns the file's name ("2026-11-24T08-15-03.123456Z.jpg", always later than the newest there), transfer
 * full; NULL with G_FILE_ERROR. Bytes that are there already are not kept twice: they become the newest. The oldest beyond
 * ARCHIVE_MAX go at once. No other file is deleted: a copy that proves not to have been needed does no harm. */
char *archive_add (Archive *self, ArchiveKind kind, const char *resource_name, GBytes *bytes, GError **error);
/* The same for .rejected, unless these very bytes are there or in .previous: then NULL, and no error. */
char *archive_add_unsent (Archive *self, const char *resource_name, GBytes *bytes, GError **error);
/* Takes that picture away; it need not be there. */
void archive_remove (Archive *self, ArchiveKind kind, const char *resource_name, const char *name);
/* TRUE if these very bytes are among the pictures of that kind. */
gboolean archive_has (Archive *self, ArchiveKind kind, const char *resource_name, GBytes *bytes);

/* Names, oldest first; empty when there are none. Element: char*, owned. */
GPtrArray *archive_list (Archive *self, ArchiveKind kind, const char *resource_name);
/* The names that pictures had before they became the newest again: lines of "EARLIER NAME", the oldest first; NULL: none.
 * Transfer full. */
char *archive_earlier (Archive *self, ArchiveKind kind, const char *resource_name);
/* A read-only O_CLOEXEC descriptor, owned by the caller, or -1 (name with a '/' or unknown: -1). */
int archive_open (Archive *self, ArchiveKind kind, const char *resource_name, const char *name);

/* All of it goes to a folder next to DIR, whose path is *aside, transfer full; NULL: there was nothing. */
gboolean archive_set_aside (Archive *self, char **aside, GError **error);

/* The person is now called otherwise (metadata.previousResourceNames): its pictures move along, merged with any there.
 */
void archive_rename (Archive *self, const char *from, const char *to);
