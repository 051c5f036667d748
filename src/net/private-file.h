/*
 * Files that hold secrets, and who else can read them. Each call is a few system calls. Any thread.
 * Errors are G_FILE_ERROR, with a sentence that names the file.
 */
#pragma once

#include <glib.h>

/* Whole or not at all, on the disk before it returns, and our own alone, whoever could read what was there before. */
gboolean private_file_write (const char *path, const char *text, gsize length, GError **error);

/* It is not there any more, and a power cut does not bring it back. Success when it was not there. */
gboolean private_file_remove (const char *path, GError **error);

/* TRUE if path is a plain file that others can read or write: anybody, or the group of a file that is ours. (A file of
 * root's that a group may read was meant so.) */
gboolean private_file_is_exposed (const char *path);

/* Makes a file that is exposed and ours our own alone. FALSE: it was not exposed, or is still. */
gboolean private_file_mend (const char *path);
