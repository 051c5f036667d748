/*
 * What did not become a photo is kept in .rejected (reject.c).
 */
#pragma once

#include "folder/internal.h"

/* picture is no photo as it is; more of it may come, else it goes to .rejected when it is closed. The desktop hears then. */
void reject_unless_mended (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why);
/* Keep a picture that did not become the photo in .rejected, and say why: the log and the error (unless said), the desktop.
 * Waits for the disk: nobody waits for a last close, and who looks after it finds the picture. */
void reject_picture (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why, gboolean said);
/* The same, off the loop; the mount does not end before. done: kept or not, all has been said. */
void reject_picture_async (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why,
                           GAsyncReadyCallback done, gpointer data);
/* The file goes, and its draft with it: a whole picture that was never sent is kept in .rejected. */
void reject_unsent (FolderFile *file);
