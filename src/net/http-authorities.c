/* Certificate authorities that the environment names. */
#define G_LOG_DOMAIN "contactfs"

#include "net/http-authorities.h"

static const char *
variable (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && value[0] != '\0' ? value : NULL;
}

static gboolean
append (GString *pem, const char *path)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, &error)) {
    g_message ("certificate authorities could not be read: %s", error->message);
    return FALSE;
  }
  g_string_append_len (pem, text, (gssize)length);
  g_string_append_c (pem, '\n');
  return TRUE;
}

void
http_authorities_init (HttpAuthorities *self)
{
  const char *bundle = variable ("CURL_CA_BUNDLE");
  const char *file = variable ("SSL_CERT_FILE");
  g_autoptr (GString) pem = NULL;

  *self = (HttpAuthorities){ .file = bundle != NULL ? bundle : file, .dir = variable ("SSL_CERT_DIR") };
  if (bundle == NULL || file == NULL || g_str_equal (bundle, file))
    return;
  pem = g_string_new (NULL);
  if (!append (pem, bundle))
    self->file = file;
  else if (append (pem, file))
    self->pem = g_string_free_to_bytes (g_steal_pointer (&pem));
}

void
http_authorities_clear (HttpAuthorities *self)
{
  g_clear_pointer (&self->pem, g_bytes_unref);
}
