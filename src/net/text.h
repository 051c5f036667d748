/*
 * Text from outside: what servers, files and other programs say. Pure.
 *
 * Where such a text enters a sentence it goes through text_clean, once, so that what is printed, logged or read as an
 * attribute is one line that no terminal obeys.
 */
#pragma once

#include <glib.h>

/* The words of a text, fit for a log line, a terminal and an attribute: one line, valid UTF-8, a few hundred bytes at
 * most, without control characters and what cannot be seen. Transfer full; NULL for NULL and for what has no words. */
char *text_clean (const char *text);
char *text_clean_to (const char *text, gsize max); /* at most so many bytes of it */

/* TRUE if part (ASCII) is in text, in whatever case. text may be NULL, and need not be UTF-8. */
gboolean text_says (const char *text, const char *part);

/* TRUE for a character that shows nothing and can be left out without a loss: those that turn the direction of writing,
 * zero-width ones, separators of lines, letters without a shape. The joiner and the non-joiner (U+200C, U+200D), which
 * some scripts and emoji need, are none; neither are the tags of flags (U+E0020 to U+E007F). */
gboolean text_is_invisible (gunichar c);
