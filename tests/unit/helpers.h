/*
 * What several unit tests need: a folder of their own, and warnings that are expected.
 *
 * test_warnings_init goes before g_test_init's first warning, in main. A warning is still fatal, unless it was
 * announced: then it must come, and with those words.
 */
#pragma once

#include <glib.h>

void test_warnings_init (void);
void test_expect_warning (const char *words);
void test_assert_warned (void); /* all that were expected have come */

/* Files cannot grow any more, as if the disk were full: only small ones can be written. FALSE ends it. */
void test_disk_full (gboolean full);

GBytes *test_bytes (const char *text); /* without the NUL */

/* A new folder, free with test_folder_remove, which removes all that is in it. */
char *test_folder_new (void);
void test_folder_remove (char *path);
