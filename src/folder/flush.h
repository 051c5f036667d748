/*
 * What a close does (flush.c).
 */
#pragma once

#include "folder/internal.h"

void draft_closed (FolderFile *file, Draft *draft); /* its last handle is gone */
void drafts_finish (Folder *folder);                /* the mount ends: as if all handles were closed */
/* What is written to the file is meant to become the contact's photo. */
gboolean folder_file_is_meant_for_contact (const FolderFile *file);
