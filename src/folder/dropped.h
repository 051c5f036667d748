/*
 * Names under which a picture was dropped (dropped.c).
 */
#pragma once

#include "folder/internal.h"

/* The bytes of file, which has another name than photo.jpg, became the person's photo. */
void dropped_became_photo (FolderFile *file);
/* TRUE: the name is an alias that ends now. It disappears after the watchers were told. */
gboolean dropped_ends (FolderFile *file);
/* Nobody has it open any more: its name stands for the photo, for a moment. */
void dropped_settle (FolderFile *file);
void dropped_photo_changed (Folder *folder, const char *version);
