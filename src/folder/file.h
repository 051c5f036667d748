/*
 * Files, their handles and drafts: what the parts of the folder do to them.
 */
#pragma once

#include "folder/internal.h"

/* ---- files and handles (folder.c, file.c) ---- */
FolderFile *folder_file_new (Folder *folder, FolderFileKind kind, const char *name);
void folder_file_set_version (FolderFile *self, char *version); /* takes it; NULL: none */
void folder_file_set_draft (FolderFile *self, Draft *draft);    /* takes a reference; NULL: none */
void folder_file_forget_later (FolderFile *self,
                               guint ms); /* OTHER: its name goes away then, unless somebody opens it */
void folder_file_keep (FolderFile *self); /* stop that timer */
void folder_file_adopt (FolderFile *self, BookPerson *person); /* it belongs to that person from now on */
FolderHandle *folder_handle_new (FolderFile *file, int flags);
void folder_handle_set_draft (FolderHandle *self, Draft *draft); /* takes a reference */
void folder_file_open_now_async (FolderFile *self, int flags, gint64 session, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer data);
void folder_return_handle (GTask *task, FolderHandle *handle, GError *error); /* one of them, which it takes */
FolderHandle *folder_create_now (Contacts *contacts, BookPerson *person, const char *name, int flags, GError **error);
/* FALSE: what was written to the draft of file begins like no picture. said: the user knows that of this draft. */
gboolean draft_check_beginning (FolderFile *file, Draft *draft, gboolean said, GError **error);
