/* XML in, XML out, by GMarkup. Prefixes mean what their declarations say; who wrote the file chose them. */
#define G_LOG_DOMAIN "contactfs"

#include "image/xmp.h"

#include <string.h>

#define RDF  "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define NOTE "http://ns.adobe.com/xmp/note/"

/* All that is in these names what is behind the end. */
#define CONTAINER "http://ns.google.com/photos/1.0/container/" /* and …/container/item/ */
#define DYNAMIC   "http://ns.google.com/photos/dd/1.0/" /* …/device/, …/container/ and others: dynamic depth */
#define GAIN_MAP  "http://ns.adobe.com/hdr-gain-map/1.0/"
#define APPLE_MAP "http://ns.apple.com/HDRGainMap/1.0/"
#define OPPO      "http://ns.oplus.com/photos/1.0/camera/"
#define XIAOMI    "http://ns.xiaomi.com/photos/1.0/camera/"

/* Of this one the properties for motion photos, by their names. */
#define CAMERA "http://ns.google.com/photos/1.0/camera/"

static const char *const named[] = { CONTAINER, DYNAMIC, GAIN_MAP, APPLE_MAP, OPPO, XIAOMI };
static const char *const moving[] = { "MotionPhoto", "MicroVideo" };

static gboolean
has (const char *packet, gsize size, const char *word)
{
  return g_strstr_len (packet, (gssize)size, word) != NULL;
}

gboolean
image_xmp_names_gain_map (const char *packet, gsize size)
{
  return has (packet, size, GAIN_MAP) || has (packet, size, APPLE_MAP) || has (packet, size, "\"GainMap\"");
}

gboolean
image_xmp_names_video (const char *packet, gsize size)
{
  return has (packet, size, "MotionPhoto") || has (packet, size, "MicroVideo");
}

gboolean
image_xmp_names_trailer (const char *packet, gsize size)
{
  for (gsize i = 0; i < G_N_ELEMENTS (named); i++)
    if (has (packet, size, named[i]))
      return TRUE;
  return image_xmp_names_video (packet, size);
}

gboolean
image_xmp_is_extended (const char *packet, gsize size)
{
  return has (packet, size, "HasExtendedXMP");
}

/* ---- rewriting ---- */

typedef struct {
  guint depth; /* of the element that declares it */
  char *prefix;
  char *uri;
} Namespace;

typedef struct {
  GString *out;
  GPtrArray *namespaces; /* of Namespace, the innermost last */
  guint depth;
  guint forgotten; /* the depth of the element that is left out with all that is in it; 0: none */
  guint described; /* the depth of an rdf:Description; 0: none */
  guint properties;
  gboolean extended;
} Rewriting;

static void
namespace_free (gpointer data)
{
  Namespace *self = data;

  g_free (self->prefix);
  g_free (self->uri);
  g_free (self);
}

static const char *
local_name (const char *name)
{
  const char *colon = strchr (name, ':');

  return colon != NULL ? colon + 1 : name;
}

static const char *
find_uri (const Rewriting *self, const char *name)
{
  gsize length = (gsize)(local_name (name) - name);

  for (guint i = self->namespaces->len; i > 0; i--) {
    const Namespace *at = g_ptr_array_index (self->namespaces, i - 1);

    if (strlen (at->prefix) + 1 == length && strncmp (at->prefix, name, length - 1) == 0)
      return at->uri;
  }
  return "";
}

static gboolean
is_forgotten_uri (const char *uri)
{
  for (gsize i = 0; i < G_N_ELEMENTS (named); i++)
    if (g_str_has_prefix (uri, named[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_forgotten (const Rewriting *self, const char *name)
{
  const char *uri = find_uri (self, name), *local = local_name (name);

  if (g_str_equal (uri, CAMERA))
    for (gsize i = 0; i < G_N_ELEMENTS (moving); i++)
      if (g_str_has_prefix (local, moving[i]))
        return TRUE;
  if (g_str_equal (uri, NOTE) && !self->extended)
    return TRUE;
  return is_forgotten_uri (uri);
}

static gboolean
is_declaration (const char *attribute)
{
  return g_str_has_prefix (attribute, "xmlns:");
}

static void
declare (Rewriting *self, const char **names, const char **values)
{
  for (gsize i = 0; names[i] != NULL; i++) {
    Namespace *found;

    if (!is_declaration (names[i]))
      continue;
    found = g_new0 (Namespace, 1);
    found->depth = self->depth;
    found->prefix = g_strdup (local_name (names[i]));
    found->uri = g_strdup (values[i]);
    g_ptr_array_add (self->namespaces, found);
  }
}

static void
write_attributes (Rewriting *self, const char **names, const char **values)
{
  for (gsize i = 0; names[i] != NULL; i++) {
    g_autofree char *value = NULL;

    if (is_declaration (names[i]) ? is_forgotten_uri (values[i]) : is_forgotten (self, names[i]))
      continue;
    value = g_markup_escape_text (values[i], -1);
    g_string_append_printf (self->out, " %s=\"%s\"", names[i], value);
    if (self->described == self->depth && !g_str_has_prefix (names[i], "xml")
        && !g_str_equal (find_uri (self, names[i]), RDF))
      self->properties++;
  }
}

static void
on_start (GMarkupParseContext *context, const char *name, const char **names, const char **values, gpointer data,
          GError **error)
{
  Rewriting *self = data;

  self->depth++;
  declare (self, names, values);
  if (self->forgotten != 0)
    return;
  if (is_forgotten (self, name)) {
    self->forgotten = self->depth;
    return;
  }
  if (g_str_equal (local_name (name), "Description") && g_str_equal (find_uri (self, name), RDF)
      && self->described == 0)
    self->described = self->depth;
  else if (self->described != 0 && self->depth == self->described + 1)
    self->properties++;
  g_string_append_printf (self->out, "<%s", name);
  write_attributes (self, names, values);
  g_string_append_c (self->out, '>');
}

static void
on_end (GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
  Rewriting *self = data;
  const Namespace *last;

  if (self->forgotten == 0)
    g_string_append_printf (self->out, "</%s>", name);
  if (self->forgotten == self->depth)
    self->forgotten = 0;
  if (self->described == self->depth)
    self->described = 0;
  while (self->namespaces->len > 0) {
    last = g_ptr_array_index (self->namespaces, self->namespaces->len - 1);
    if (last->depth < self->depth)
      break;
    g_ptr_array_remove_index (self->namespaces, self->namespaces->len - 1);
  }
  self->depth--;
}

static void
on_text (GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  Rewriting *self = data;
  g_autofree char *escaped = NULL;

  if (self->forgotten != 0 || self->depth == 0)
    return;
  escaped = g_markup_escape_text (text, (gssize)length);
  g_string_append (self->out, escaped);
}

char *
image_xmp_forget_trailer (const char *packet, gsize size, gboolean extended)
{
  static const GMarkupParser parser = { .start_element = on_start, .end_element = on_end, .text = on_text };
  static const char mark[] = "\xef\xbb\xbf";
  g_autoptr (GPtrArray) namespaces = g_ptr_array_new_with_free_func (namespace_free);
  g_autoptr (GString) out = g_string_new ("<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n");
  Rewriting self = { .out = out, .namespaces = namespaces, .extended = extended };
  g_autoptr (GMarkupParseContext) context
      = g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &self, NULL);

  if (size >= 3 && memcmp (packet, mark, 3) == 0)
    packet += 3, size -= 3;
  while (size > 0 && packet[size - 1] == '\0')
    size--;
  if (!g_markup_parse_context_parse (context, packet, (gssize)size, NULL)
      || !g_markup_parse_context_end_parse (context, NULL) || self.properties == 0)
    return NULL;
  g_string_append (out, "\n<?xpacket end=\"w\"?>");
  return g_string_free (g_steal_pointer (&out), FALSE);
}
