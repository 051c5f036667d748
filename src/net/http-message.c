/* Requests and answers as plain values. */
#define G_LOG_DOMAIN "contactfs"

#include "net/http.h"
#include "net/secret.h"

#include <string.h>

/* A listing of 1000 people is about 2 MB, the largest original photo far below this. */
#define DEFAULT_MAX_ANSWER (64 * 1024 * 1024)

static void
free_header (gpointer header)
{
  secret_free (header);
}

HttpRequest *
http_request_new (const char *method, const char *url)
{
  HttpRequest *self = g_new0 (HttpRequest, 1);

  self->method = g_strdup (method);
  self->url = g_strdup (url);
  self->headers = g_ptr_array_new_with_free_func (free_header);
  self->max_answer = DEFAULT_MAX_ANSWER;
  return self;
}

void
http_request_free (HttpRequest *self)
{
  if (self == NULL)
    return;
  g_free (self->method);
  g_free (self->url);
  g_ptr_array_unref (self->headers);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_free (self);
}

void
http_request_add_header (HttpRequest *self, const char *name, const char *value)
{
  g_return_if_fail (strpbrk (value, "\r\n") == NULL);
  g_ptr_array_add (self->headers, g_strconcat (name, ": ", value, NULL));
}

void
http_request_set_body (HttpRequest *self, const char *content_type, GBytes *body)
{
  g_clear_pointer (&self->body, g_bytes_unref);
  self->body = g_bytes_ref (body);
  self->make = NULL;
  self->body_size = g_bytes_get_size (body);
  http_request_add_header (self, "Content-Type", content_type);
}

void
http_request_set_made_body (HttpRequest *self, const char *content_type, GBytes *source, HttpBodyFunc make, gsize size)
{
  http_request_set_body (self, content_type, source);
  self->make = make;
  self->body_size = size;
}

void
http_response_free (HttpResponse *self)
{
  if (self == NULL)
    return;
  g_free (self->content_type);
  g_free (self->location);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_free (self);
}
