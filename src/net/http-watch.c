/* GSources for somebody else's sockets. */
#define G_LOG_DOMAIN "contactfs"

#include "net/http-watch.h"

#include <glib-unix.h>

/* Whatever is changed at a source wakes the loop up. curl changes its mind several times a request, mostly to what is so
 * already or to a later time: so a descriptor is only touched when something else is wanted, and a timer that was put off
 * goes off once for nothing. */

#define NEVER (-1)

struct HttpWatch {
  HttpWatchFunc func;
  gpointer data;
  GSource *timer;          /* armed for due, or for some time before it */
  gint64 due;              /* monotonic microseconds; NEVER: at no time */
  GHashTable *descriptors; /* fd → Descriptor, owned */
};

typedef struct {
  GSource source;
  HttpWatch *watch;
  int fd;
  GIOCondition wanted;
  gpointer tag;
} Descriptor;

static gboolean
descriptor_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  Descriptor *self = (Descriptor *)source;

  self->watch->func (self->fd, g_source_query_unix_fd (source, self->tag), self->watch->data);
  return G_SOURCE_CONTINUE;
}

static gboolean
timer_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  HttpWatch *self = data;

  if (self->due == NEVER || self->due > g_get_monotonic_time ()) {
    g_source_set_ready_time (source, self->due);
    return G_SOURCE_CONTINUE;
  }
  /* Disarm first: func may arm it again. */
  self->due = NEVER;
  g_source_set_ready_time (source, NEVER);
  self->func (-1, 0, self->data);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs descriptor_functions = { .dispatch = descriptor_dispatch };
static GSourceFuncs timer_functions = { .dispatch = timer_dispatch };

static gboolean
unused_callback (gpointer data)
{
  return G_SOURCE_CONTINUE; /* only carries the data to timer_dispatch */
}

static void
destroy_source (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

HttpWatch *
http_watch_new (HttpWatchFunc func, gpointer data)
{
  HttpWatch *self = g_new0 (HttpWatch, 1);

  self->func = func;
  self->data = data;
  self->descriptors = g_hash_table_new_full (NULL, NULL, NULL, destroy_source);
  self->due = NEVER;
  self->timer = g_source_new (&timer_functions, sizeof (GSource));
  g_source_set_static_name (self->timer, "http timer");
  g_source_set_callback (self->timer, unused_callback, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  return self;
}

void
http_watch_free (HttpWatch *self)
{
  destroy_source (self->timer);
  g_hash_table_unref (self->descriptors);
  g_free (self);
}

void
http_watch_descriptor (HttpWatch *self, int fd, GIOCondition wanted)
{
  Descriptor *descriptor = g_hash_table_lookup (self->descriptors, GINT_TO_POINTER (fd));

  if (wanted == 0) {
    g_hash_table_remove (self->descriptors, GINT_TO_POINTER (fd));
    return;
  }
  if (descriptor != NULL) {
    if (descriptor->wanted != wanted)
      g_source_modify_unix_fd (&descriptor->source, descriptor->tag, wanted);
    descriptor->wanted = wanted;
    return;
  }
  descriptor = (Descriptor *)g_source_new (&descriptor_functions, sizeof (Descriptor));
  g_source_set_static_name (&descriptor->source, "http socket");
  /* Nothing here recurses. GLib takes the descriptor of any other source out of its poll while it is dispatched, and wakes
   * the loop up for that, twice. */
  g_source_set_can_recurse (&descriptor->source, TRUE);
  descriptor->watch = self;
  descriptor->fd = fd;
  descriptor->wanted = wanted;
  descriptor->tag = g_source_add_unix_fd (&descriptor->source, fd, wanted);
  g_source_attach (&descriptor->source, g_main_context_get_thread_default ());
  g_hash_table_insert (self->descriptors, GINT_TO_POINTER (fd), descriptor);
}

void
http_watch_timer (HttpWatch *self, gint64 milliseconds)
{
  gint64 armed = g_source_get_ready_time (self->timer);

  self->due = milliseconds < 0 ? NEVER : g_get_monotonic_time () + milliseconds * 1000;
  if (self->due != NEVER && (armed == NEVER || self->due < armed))
    g_source_set_ready_time (self->timer, self->due);
}
