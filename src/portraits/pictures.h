/*
 * The files that may be portraits.
 */
#pragma once

#include <gio/gio.h>

/* Adds the paths of what is given: a file, whatever its name; of a folder, all files in it and in the folders in it that have
 * a picture's name, or begin like a picture. Left out are hidden files and folders, and links to folders. In the order of
 * their names; none twice. FALSE with a sentence when path is not there, or a folder cannot be read. */
gboolean pictures_add (GPtrArray *paths, const char *path, GError **error);
