/*
 * Promised removals (deletion.c).
 */
#pragma once

#include "folder/internal.h"

void folder_delete_now (Folder *self);             /* REMOVED: carry it out */
void deletions_start (Contacts *contacts);         /* carry out those of this mount at once */
void deletions_start_earlier (Contacts *contacts); /* the book is up to date: carry out those of an earlier mount */

/* Those that are in no queue yet: in their first second, or of an earlier mount. */
guint deletions_count_promised (Contacts *contacts);

void deletions_load (Contacts *contacts); /* of an earlier mount: hide those photos */
void deletion_forget (Folder *self);      /* the photo stays: REMOVED no more */
void deletion_photo_changed (Folder *self, const char *version, gboolean elsewhere); /* in REMOVED */
/* Calls done (may be NULL) when all noted removals are on the disk, perhaps at once: no power cut undoes what is told next.
 * error: the disk refused. The mount does not end before. */
typedef void (*SettledFunc) (const GError *error, gpointer data);
void deletions_settle (Contacts *contacts, SettledFunc done, gpointer data);
