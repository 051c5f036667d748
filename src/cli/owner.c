/* ask ─┬─ a person ─→ the book and the credentials are told ─→ done
 *      ├─ a failure ─→ wait, each time twice as long ─→ ask
 *      └─ a failure, while the tokens are held ─→ who waits for one fails with it; who asks for the next ─→ ask */
#define G_LOG_DOMAIN "contactfs"

#include "cli/owner.h"

#include "google/login-identity.h"

#define ASK_SECONDS        10
#define FIRST_WAIT_SECONDS 5
#define LAST_WAIT_SECONDS  3600

struct Owner {
  Book *book;
  Auth *auth;
  PeopleClient *people;
  GCancellable *cancellable;
  guint timer; /* or 0 */
  guint wait;  /* seconds */
  gboolean holds;
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
    self->holds = FALSE;
    auth_release (self->auth);
    auth_identify (self->auth, person->resource_name, who);
    return;
  }
  g_message ("%s", error->message);
  auth_bar (self->auth, g_steal_pointer (&error));
}

/* Whoever waits is told what stands in the way. That people/me is not there, or is answered with something else, would say
 * nothing of what they asked for. */
static void
fail_held (Owner *self, const GError *why)
{
  gboolean misleading = g_error_matches (why, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND)
                        || g_error_matches (why, PEOPLE_ERROR, PEOPLE_ERROR_INVALID)
                        || g_error_matches (why, PEOPLE_ERROR, PEOPLE_ERROR_NOT_CONTACT)
                        || g_error_matches (why, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  g_autoptr (GError) error
      = g_error_new (why->domain, misleading ? (int)PEOPLE_ERROR_AUTH : why->code,
                     "The names and photos of this account are those of a login, and it cannot be seen whether these "
                     "credentials are the same person's (with --account NAME, a name of its own, that does not "
                     "matter): %s",
                     why->message);

  auth_fail_held (self->auth, error);
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
  if (self->holds) {
    fail_held (self, error);
    return;
  }
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

static void
on_wanted (gpointer data)
{
  Owner *self = data;
  if (!self->asking && !self->ended)
    ask (self);
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
  self->holds = book_is_believed (book);
  if (self->holds)
    auth_hold (auth, on_wanted, self);
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
  if (self->holds) /* nobody would let them go */
    auth_bar (self->auth, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The program is ending"));
  self->ended = TRUE;
  if (!self->asking)
    g_free (self);
}
