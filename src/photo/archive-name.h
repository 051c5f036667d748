/* The names of pictures in a folder of the archive: times. Any thread. Internal to archive.c. */
#pragma once

#include <glib.h>

/* "2026-11-24T08-15-03.123456Z.jpg" to microseconds since 1970; -1: it is no such name. */
gint64 archive_name_time (const char *name);
char *archive_name_of (gint64 time, const char *extension); /* extension: ".jpg"; transfer full */
/* The names in folder that are prefix and a time, oldest first. Transfer full. */
GPtrArray *archive_names_list (const char *folder, const char *prefix);
/* A name for bytes, later than all in folder, also when the clock stands still or was set back. Transfer full. */
char *archive_name_next (const char *folder, GBytes *bytes);
