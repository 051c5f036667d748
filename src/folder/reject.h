/*
 * What did not become a photo is kept in .rejected (reject.c).
 */
#pragma once

#include "folder/internal.h"

/* Where it is said that a picture did not become the photo, and why. In the log means also in user.contactfs.error. */
typedef enum {
  REJECT_QUIETLY = 0,
  REJECT_IN_LOG = 1,
  REJECT_ON_DESKTOP = 2,
  REJECT_ALOUD = REJECT_IN_LOG | REJECT_ON_DESKTOP,
} RejectWords;

/* Keep a picture that did not become the photo in .rejected, and say why; in the log anyway if it could not be kept. The
 * mount does not end before; after its end this blocks. done, or NULL: kept or not, all has been said. */
void reject_picture_async (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why,
                           RejectWords words, GAsyncReadyCallback done, gpointer data);
/* TRUE: it was kept. added: its name in .rejected, if it was not there before, else NULL; transfer full. */
gboolean reject_picture_finish (GAsyncResult *result, char **added);
/* Of a picture that is in .rejected already. */
void reject_tell_desktop (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why);
/* The file goes, and its draft with it: a whole picture that was never sent is kept in .rejected. */
void reject_unsent (FolderFile *file);
