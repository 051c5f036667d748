/*
 * What did not become a photo is kept in .rejected (reject.c).
 */
#pragma once

#include "folder/internal.h"

/* picture is not valid yet. If more bytes come, nothing happens. Else the close saves it in .rejected, and the desktop hears. */
void reject_unless_mended (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why);
/* Keep a picture that did not become the photo in .rejected, and say why: the log and the error (unless said), the desktop.
 * The mount does not end before; after its end this blocks. done, or NULL: kept or not, all has been said. */
void reject_picture_async (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why, gboolean said,
                           GAsyncReadyCallback done, gpointer data);
/* The file goes, and its draft with it: a whole picture that was never sent is kept in .rejected. */
void reject_unsent (FolderFile *file);
