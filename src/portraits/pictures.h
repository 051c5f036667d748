/*
 * The files that may be portraits.
 */
#pragma once

#include <gio/gio.h>

/* Adds a file, whatever its name is. Of a folder it adds the pictures, by name or by their beginning, and those of the folders
 * in it. Hidden names and links to folders are left out. In the order of their names; none twice. FALSE with a sentence when
 * path is not there, a folder cannot be read, or has no pictures. */
gboolean pictures_add (GPtrArray *paths, const char *path, GError **error);
