/* A call whose caller comes later. */
#define G_LOG_DOMAIN "contactfs"

#include "people/page-ahead.h"

#include <string.h>

#define TOKEN_NAME "\"nextPageToken\""
#define TAIL       4096 /* bytes at the end of a page, in which its token is */

/* Two references: the client's until it is taken or dropped, and its call's. */
struct PageAhead {
  char *url;
  GCancellable *cancellable; /* or NULL */
  GTask *caller;             /* NULL: not taken yet */
  GAsyncResult *result;      /* NULL: on its way */
};

static void
ahead_clear (gpointer data)
{
  PageAhead *self = data;

  g_free (self->url);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->caller);
  g_clear_object (&self->result);
}

static void
ahead_unref (PageAhead *self)
{
  g_rc_box_release_full (self, ahead_clear);
}

/* The token of the page after this one. NULL: there is none, or none that is plain. Transfer full. */
static char *
find_token (GBytes *body)
{
  gsize size;
  const char *data = g_bytes_get_data (body, &size);
  gsize tail = MIN (size, TAIL);
  const char *end = data + size, *found = g_strrstr_len (data + size - tail, (gssize)tail, TOKEN_NAME), *token;

  if (found == NULL)
    return NULL;
  for (token = found + strlen (TOKEN_NAME); token < end && (*token == ':' || g_ascii_isspace (*token)); token++)
    ;
  if (token == end || *token++ != '"')
    return NULL;
  for (const char *p = token; p < end && g_ascii_isgraph (*p) && *p != '\\'; p++)
    if (*p == '"')
      return p > token ? g_strndup (token, (gsize)(p - token)) : NULL;
  return NULL;
}

static void
tell (GTask *caller, GAsyncResult *result)
{
  GError *error = NULL;
  PeoplePage *page = g_task_propagate_pointer (G_TASK (result), &error);

  if (error != NULL)
    g_task_return_error (caller, error);
  else
    g_task_return_pointer (caller, page, (GDestroyNotify)people_page_free);
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  PageAhead *self = data;

  if (self->caller != NULL)
    tell (self->caller, result);
  else
    self->result = g_object_ref (result);
  ahead_unref (self);
}

void
page_ahead_begin (PeopleClient *client, const PeopleRequest *page, GBytes *body, gint64 timeout,
                  GCancellable *cancellable)
{
  g_autofree char *token = client->ahead == NULL ? find_token (body) : NULL;
  PeopleRequest *next;
  PageAhead *self;

  if (token == NULL)
    return;
  next = people_request_next_page (page, token);
  self = client->ahead = g_rc_box_new0 (PageAhead);
  self->url = g_strdup (next->url);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  call_async (client, next, g_get_monotonic_time () + timeout, cancellable, on_page, g_rc_box_acquire (self));
}

gboolean
page_ahead_take (PeopleClient *client, const char *url, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer data)
{
  PageAhead *self = client->ahead;

  if (self == NULL || self->cancellable != cancellable || !g_str_equal (self->url, url)) {
    page_ahead_drop (client);
    return FALSE;
  }
  client->ahead = NULL;
  self->caller = g_task_new (NULL, cancellable, callback, data);
  if (self->result != NULL)
    tell (self->caller, self->result);
  ahead_unref (self);
  return TRUE;
}

void
page_ahead_drop (PeopleClient *client)
{
  g_clear_pointer (&client->ahead, ahead_unref);
}
