/*
 * How tests name requests: a method, an origin and a path, each optional. A path that starts with “^” is a regular
 * expression, any other a glob (* also matches slashes).
 */
#pragma once

#include "emulator/request.h"

typedef struct Pattern Pattern;

/* NULL with error: the expression is none, or there is no such origin. */
Pattern *pattern_new (const char *method, const char *origin, const char *path, GError **error);
void pattern_free (Pattern *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pattern, pattern_free)
gboolean pattern_matches (const Pattern *self, Origin origin, const char *method, const char *path);
