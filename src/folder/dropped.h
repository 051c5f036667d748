/*
 * Names under which a picture was dropped (dropped.c).
 */
#pragma once

#include "folder/internal.h"

/* The bytes of file, which has another name than photo.jpg, became the person's photo. */
void dropped_became_photo (FolderFile *file);
/* TRUE: it is a dropped name that ends now; it is gone when those who watch the folder have heard of it. */
gboolean dropped_ends (FolderFile *file);
/* Nobody has it open any more: its name stands for the photo, for a moment. */
void dropped_settle (FolderFile *file);
void dropped_photo_changed (Folder *folder, const char *version);
