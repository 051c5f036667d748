/*
 * A queue of calls of Notify, at most one under way:
 *
 *   idle ─→ connecting (when there is no connection) ─→ calling ─→ the next one …
 *                └──────── failed, or late ──────────────┴─→ the queue is dropped, and a minute's peace
 */
#define G_LOG_DOMAIN "contactfs"

#include "desktop/notify.h"

#include <string.h>
#include <unistd.h>

#include "desktop/notices.h"
#include "desktop/session-bus.h"

#define CONNECT_MS 2000
#define CALL_MS    5000
#define LAST_MS    500 /* when the process ends */
#define SUM_UP_MS  1000
#define PEACE      (60 * G_TIME_SPAN_SECOND)

#define SERVICE "org.freedesktop.Notifications"
#define OBJECT  "/org/freedesktop/Notifications"

typedef struct {
  char *failure; /* "contact\npicture", see name_failure; NULL: the sum */
  char *summary;
  char *body;
  gboolean overtaken; /* while it is being told: close it at once */
} Message;

struct Notify {
  Notices *notices;
  GDBusConnection *connection;
  GCancellable *cancellable; /* of what is under way; NULL: nothing is */
  guint deadline;            /* of connecting */
  GQueue waiting;            /* of Message; the first is being told while something is under way */
  gint64 peace_until;        /* monotonic */
  guint watch;               /* of who shows notifications, on the connection */
  char *server;              /* its unique name, which gave the ids; NULL: nobody */
  GHashTable *shown;         /* char* failure → its notification's id */
  guint32 sum_id;            /* 0: none yet */
  guint sum_timer;
  guint more; /* failures that the sum tells of */
};

static void go_on (Notify *self);

static void
message_free (gpointer data)
{
  Message *self = data;
  g_free (self->failure);
  g_free (self->summary);
  g_free (self->body);
  g_free (self);
}

Notify *
notify_new (void)
{
  Notify *self = g_new0 (Notify, 1);
  self->notices = notices_new ();
  self->shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&self->waiting);
  return self;
}

/* ---- the bus ---- */

/* Whatever is under way calls back as cancelled, and does not touch us any more. */
static void
end_what_is_under_way (Notify *self)
{
  g_clear_handle_id (&self->deadline, g_source_remove);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

/* What the ids say is another's by now: closing or replacing it would hit somebody else's notification. */
static void
forget_ids (Notify *self)
{
  g_hash_table_remove_all (self->shown);
  self->sum_id = 0;
}

static void
on_server (GDBusConnection *connection, const char *name, const char *owner, gpointer data)
{
  Notify *self = data;
  if (self->server != NULL && strcmp (self->server, owner) != 0)
    forget_ids (self);
  g_free (self->server);
  self->server = g_strdup (owner);
}

static void
on_no_server (GDBusConnection *connection, const char *name, gpointer data)
{
  Notify *self = data;
  g_clear_pointer (&self->server, g_free);
  forget_ids (self);
}

static void
drop_connection (Notify *self)
{
  g_clear_handle_id (&self->watch, g_bus_unwatch_name);
  g_clear_object (&self->connection);
}

static void
give_up (Notify *self, const char *why)
{
  g_info ("the desktop is not told of failures for a minute: %s", why);
  end_what_is_under_way (self);
  drop_connection (self);
  g_queue_clear_full (&self->waiting, message_free);
  self->peace_until = g_get_monotonic_time () + PEACE;
}

static void
close_notification (Notify *self, guint32 id)
{
  if (self->connection != NULL)
    g_dbus_connection_call (self->connection, SERVICE, OBJECT, SERVICE, "CloseNotification", g_variant_new ("(u)", id),
                            NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, NULL, NULL, NULL);
}

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  Notify *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (answer == NULL) {
    give_up (self, error->message);
    return;
  }
  g_clear_object (&self->cancellable);
  Message *message = g_queue_pop_head (&self->waiting);
  guint32 id;
  g_variant_get (answer, "(u)", &id);
  if (message->failure == NULL)
    self->sum_id = id;
  else if (message->overtaken)
    close_notification (self, id);
  else
    g_hash_table_replace (self->shown, g_strdup (message->failure), GUINT_TO_POINTER (id));
  message_free (message);
  go_on (self);
}

static void
tell (Notify *self, const Message *message)
{
  guint32 replaces = message->failure == NULL ? self->sum_id
                                              : GPOINTER_TO_UINT (g_hash_table_lookup (self->shown, message->failure));
  g_autofree char *body = g_markup_escape_text (message->body, -1);
  GVariantBuilder hints = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&hints, "{sv}", "category", g_variant_new_string ("transfer.error"));
  g_dbus_connection_call (self->connection, SERVICE, OBJECT, SERVICE, "Notify",
                          g_variant_new ("(susssasa{sv}i)", "contactfs", replaces, "dialog-warning", message->summary,
                                         body, NULL, &hints, -1),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, CALL_MS, self->cancellable, on_told, self);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  Notify *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = g_dbus_connection_new_for_address_finish (result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (connection == NULL) {
    give_up (self, error->message);
    return;
  }
  g_clear_handle_id (&self->deadline, g_source_remove);
  g_clear_object (&self->cancellable);
  self->connection = g_steal_pointer (&connection);
  self->watch = g_bus_watch_name_on_connection (self->connection, SERVICE, G_BUS_NAME_WATCHER_FLAGS_NONE, on_server,
                                                on_no_server, self, NULL);
  go_on (self);
}

static gboolean
on_not_connected (gpointer data)
{
  Notify *self = data;
  self->deadline = 0;
  give_up (self, "the session bus does not answer");
  return G_SOURCE_REMOVE;
}

static void
connect_to_bus (Notify *self)
{
  g_autofree char *address = session_bus_address ();
  if (address == NULL) {
    give_up (self, "there is no session bus");
    return;
  }
  self->deadline = g_timeout_add (CONNECT_MS, on_not_connected, self);
  g_dbus_connection_new_for_address (
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
      self->cancellable, on_connected, self);
}

static void
go_on (Notify *self)
{
  if (self->cancellable != NULL || g_queue_is_empty (&self->waiting))
    return;
  self->cancellable = g_cancellable_new ();
  if (self->connection != NULL && g_dbus_connection_is_closed (self->connection)) {
    drop_connection (self); /* another login, another bus and other ids */
    forget_ids (self);
  }
  if (self->connection == NULL)
    connect_to_bus (self);
  else
    tell (self, g_queue_peek_head (&self->waiting));
}

/* ---- news ---- */

/* Which failure it is: two pictures are two. A picture is known by its size and a sum of its bytes; one that is missed by
 * chance is in the log all the same. Transfer full. */
static char *
name_failure (const char *contact, GBytes *picture)
{
  return picture == NULL ? g_strconcat (contact, "\n", NULL)
                         : g_strdup_printf ("%s\n%zu %u", contact, g_bytes_get_size (picture), g_bytes_hash (picture));
}

/* TRUE if the contact's failure ends with the success of overtaken (name_failure); NULL: with any. */
static gboolean
is_overtaken (const char *failure, const char *contact, const char *overtaken)
{
  gsize length = strlen (contact);
  if (failure == NULL || strncmp (failure, contact, length) != 0 || failure[length] != '\n')
    return FALSE;
  return overtaken == NULL || failure[length + 1] == '\0' || strcmp (failure, overtaken) == 0;
}

/* summary and body: transfer full */
static void
add (Notify *self, const char *failure, char *summary, char *body)
{
  Message *message = g_new0 (Message, 1);
  message->failure = g_strdup (failure);
  message->summary = summary;
  message->body = body;
  g_queue_push_tail (&self->waiting, message);
  go_on (self);
}

static void
sum_up (Notify *self)
{
  g_clear_handle_id (&self->sum_timer, g_source_remove);
  add (self, NULL,
       self->more == 1 ? g_strdup ("1 more photo was not changed")
                       : g_strdup_printf ("%u more photos were not changed", self->more),
       g_strdup ("`contactfs status` with a contact's folder says why, and so does the log. The pictures are in each "
                 "contact's .rejected."));
}

static gboolean
on_sum_up (gpointer data)
{
  Notify *self = data;
  self->sum_timer = 0;
  sum_up (self);
  return G_SOURCE_REMOVE;
}

static void
on_failed (const BookPerson *person, const char *what, const char *why, GBytes *picture, gpointer data)
{
  Notify *self = data;
  gint64 now = g_get_monotonic_time ();
  if (now < self->peace_until)
    return;
  g_autofree char *reason = g_utf8_make_valid (why, -1); /* others' words come along: D-Bus takes UTF-8 alone */
  g_autofree char *failure = name_failure (person->resource_name, picture);
  g_autofree char *sentence = g_strconcat (failure, "\n", what, ": ", reason, NULL);
  switch (notices_add (self->notices, person->resource_name, sentence, now)) {
  case NOTICE_TELL:
    if (self->sum_timer != 0) /* a new minute counts anew */
      sum_up (self);
    add (self, failure, g_strdup_printf ("%s: %s", person->name, what), g_steal_pointer (&reason));
    break;
  case NOTICE_COUNT:
    self->more = notices_more (self->notices);
    if (self->sum_timer == 0)
      self->sum_timer = g_timeout_add (SUM_UP_MS, on_sum_up, self);
    break;
  case NOTICE_KNOWN:
  default:
    break;
  }
}

static void
end_waiting (Notify *self, const char *contact, const char *overtaken)
{
  for (GList *next = self->waiting.head, *after; next != NULL; next = after) {
    Message *message = next->data;
    after = next->next;
    if (!is_overtaken (message->failure, contact, overtaken))
      continue;
    message->overtaken = TRUE;
    if (next != self->waiting.head || self->cancellable == NULL) {
      g_queue_delete_link (&self->waiting, next);
      message_free (message);
    }
  }
}

static void
end_shown (Notify *self, const char *contact, const char *overtaken)
{
  GHashTableIter iter;
  gpointer failure, id;
  g_hash_table_iter_init (&iter, self->shown);
  while (g_hash_table_iter_next (&iter, &failure, &id))
    if (is_overtaken (failure, contact, overtaken)) {
      close_notification (self, GPOINTER_TO_UINT (id));
      g_hash_table_iter_remove (&iter);
    }
}

static void
on_changed (const BookPerson *person, GBytes *picture, gpointer data)
{
  Notify *self = data;
  g_autofree char *overtaken = picture != NULL ? name_failure (person->resource_name, picture) : NULL;
  notices_forget (self->notices, person->resource_name);
  end_waiting (self, person->resource_name, overtaken);
  end_shown (self, person->resource_name, overtaken);
}

const BookReports notify_reports = { on_failed, on_changed };

/* ---- the end ---- */

static gboolean
on_last_moment (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

void
notify_free (Notify *self)
{
  if (self == NULL)
    return;
  gboolean late = FALSE;
  guint timer = g_timeout_add (LAST_MS, on_last_moment, &late);
  if (self->sum_timer != 0)
    sum_up (self);
  while (!late && !g_queue_is_empty (&self->waiting))
    g_main_context_iteration (NULL, TRUE);
  if (!late)
    g_source_remove (timer);
  end_what_is_under_way (self);
  g_queue_clear_full (&self->waiting, message_free);
  drop_connection (self);
  g_free (self->server);
  g_hash_table_unref (self->shown);
  notices_free (self->notices);
  g_free (self);
}
