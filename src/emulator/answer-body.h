/*
 * How Google's front end wraps the JSON of an answer: indented unless ?prettyPrint=false, and compressed for those who
 * say that they take it. Pure.
 */
#pragma once

#include <gio/gio.h>

/* The same JSON, a member a line, by two spaces a level. Takes json, which must be valid and without spaces. */
GString *answer_indent (GString *json);

/* TRUE if the value of Accept-Encoding, which may be NULL, names gzip, and not with q=0. */
gboolean answer_accepts_gzip (const char *accept_encoding);
GBytes *answer_gzip (GBytes *body);
