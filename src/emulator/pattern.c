/* How tests name requests. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/pattern.h"

struct Pattern {
  char *method;
  char *origin;
  GPatternSpec *glob;
  GRegex *regex;
};

static gboolean
is_origin (const char *name)
{
  return g_str_equal (name, "api") || g_str_equal (name, "photo") || g_str_equal (name, "token");
}

Pattern *
pattern_new (const char *method, const char *origin, const char *path, GError **error)
{
  g_autoptr (Pattern) self = g_new0 (Pattern, 1);

  if (origin != NULL && !is_origin (origin)) {
    g_set_error (error, G_REGEX_ERROR, G_REGEX_ERROR_COMPILE, "origin is api, photo or token, not “%s”", origin);
    return NULL;
  }
  self->method = g_strdup (method);
  self->origin = g_strdup (origin);
  if (path != NULL && *path == '^') {
    self->regex = g_regex_new (path, G_REGEX_OPTIMIZE, 0, error);
    if (self->regex == NULL)
      return NULL;
  } else if (path != NULL) {
    self->glob = g_pattern_spec_new (path);
  }
  return g_steal_pointer (&self);
}

void
pattern_free (Pattern *self)
{
  if (self == NULL)
    return;
  g_free (self->method);
  g_free (self->origin);
  g_clear_pointer (&self->glob, g_pattern_spec_free);
  g_clear_pointer (&self->regex, g_regex_unref);
  g_free (self);
}

gboolean
pattern_matches (const Pattern *self, Origin origin, const char *method, const char *path)
{
  if (self->method != NULL && g_ascii_strcasecmp (self->method, method) != 0)
    return FALSE;
  if (self->origin != NULL && !g_str_equal (self->origin, origin_name (origin)))
    return FALSE;
  if (self->regex != NULL)
    return g_regex_match (self->regex, path, 0, NULL);
  return self->glob == NULL || g_pattern_spec_match_string (self->glob, path);
}
