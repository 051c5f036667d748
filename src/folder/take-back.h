/*
 * A program removes what it has just written (take-back.c). process: an id, 0 when it is not known; name: of the file that it
 * wrote.
 */
#pragma once

#include "folder/internal.h"

GHashTable *take_back_writes_new (void);
void take_back_note_refused (Contacts *contacts, BookPerson *person, gint64 process, const char *name);
/* before: the version that was the photo; NULL: none */
void take_back_note_taken (Contacts *contacts, BookPerson *person, gint64 process, const char *name,
                           const char *before);

typedef enum { TAKE_BACK_NOT, TAKE_BACK_NOTHING, TAKE_BACK_PHOTO } TakeBack;
/* Asks once whether this unlink takes back the process's own write. NOT: it is a usual unlink. NOTHING: the write changed
 * nothing, so the photo stays. PHOTO: the write is the photo, so the one before comes back: *before is its SHA-256, transfer
 * full, "" when that is not known. */
TakeBack take_back_claim (Contacts *contacts, BookPerson *person, gint64 process, const char *name, char **before);
