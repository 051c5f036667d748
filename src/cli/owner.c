/* ask ─┬─ a person ─→ the book and the credentials are told ─→ done
 *      └─ a failure ─→ wait, each time twice as long ─→ ask */
#define G_LOG_DOMAIN "contactfs"

#include "cli/owner.h"

#include "google/login-identity.h"

#define ASK_SECONDS        30
#define FIRST_WAIT_SECONDS 5
#define LAST_WAIT_SECONDS  3600

struct Owner {
  Book *book;
  Auth *auth;
  PeopleClient *people;
  GCancellable *cancellable;
  guint timer; /* or 0 */
  guint wait;  /* seconds */
  gboolean asking;
  gboolean ended; /* the answer that is still to come frees it */
};

static void ask (Owner *self);

static gboolean
on_time (gpointer data)
{
  Owner *self = data;
  self->timer = 0;
  ask (self);
  return G_SOURCE_REMOVE;
}

static void
tell (Owner *self, const PeoplePerson *person)
{
  g_autofree char *who = login_describe_person (person);
  g_autoptr (GError) error = NULL;
  if (book_belongs_to (self->book, person->resource_name, &error)) {
    auth_identify (self->auth, person->resource_name, who);
    return;
  }
  g_message ("%s", error->message);
  auth_bar (self->auth, g_steal_pointer (&error));
}

static void
on_person (GObject *source, GAsyncResult *result, gpointer data)
{
  Owner *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePerson) person = people_get_finish (self->people, result, &error);
  self->asking = FALSE;
  if (self->ended) {
    g_free (self);
    return;
  }
  if (person != NULL) {
    tell (self, person);
    return;
  }
  g_info ("whose contacts they are cannot be seen yet: %s", error->message);
  self->timer = g_timeout_add_seconds (self->wait, on_time, self);
  self->wait = MIN (self->wait * 2, LAST_WAIT_SECONDS);
}

static void
ask (Owner *self)
{
  self->asking = TRUE;
  people_get_async (self->people, "people/me", g_get_monotonic_time () + ASK_SECONDS * G_USEC_PER_SEC,
                    self->cancellable, on_person, self);
}

Owner *
owner_new (Book *book, Auth *auth, PeopleClient *people)
{
  if (!book_asks_whose_it_is (book))
    return NULL;
  Owner *self = g_new0 (Owner, 1);
  self->book = book;
  self->auth = auth;
  self->people = people;
  self->cancellable = g_cancellable_new ();
  self->wait = FIRST_WAIT_SECONDS;
  ask (self);
  return self;
}

void
owner_free (Owner *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->timer, g_source_remove);
  self->ended = TRUE;
  if (!self->asking)
    g_free (self);
}
