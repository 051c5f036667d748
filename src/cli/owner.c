/*
 * Whose contacts are mounted?
 *
 * people/me ─┬─ a person ─→ nothing to compare with: it is kept
 *            │              the same ─→ confirmed; another ─→ denied
 *            │              it cannot be told ─┐
 *            ├─ the service does not know ─────┴→ contacts that we know, one by one ─┬─ one looks as here ─→ confirmed
 *            │                                                                      └─ none does ─→ denied
 *            └─ a failure that may pass ─→ who waits for a token fails with it, and who asks for the next one asks again;
 *                                          while nobody waits: again after some time, each time twice as long
 */
#define G_LOG_DOMAIN "contactfs"

#include "cli/owner.h"

#include "google/login-identity.h"

#define ASK_SECONDS        10
#define FIRST_WAIT_SECONDS 5
#define LAST_WAIT_SECONDS  3600
#define HELD_WAIT_SECONDS  1
#define WITNESSES          5

struct Owner {
  Book *book;
  Auth *auth;
  PeopleClient *people;
  char *account;
  GCancellable *cancellable;
  PeoplePerson *person; /* who people/me is, or NULL */
  char *asked;          /* which login they are of that are asked with */
  guint witness;        /* the number of the contact that is asked for */
  guint timer;          /* or 0 */
  guint wait;           /* seconds */
  gboolean holds;       /* no tokens are given out until it is known */
  gboolean asking;
  gboolean ended; /* the answer that is still to come frees it */
};

static void ask (Owner *self);

static void
owner_clear (Owner *self)
{
  people_person_free (self->person);
  g_free (self->asked);
  g_free (self->account);
  g_free (self);
}

static gint64
deadline (void)
{
  return g_get_monotonic_time () + ASK_SECONDS * G_USEC_PER_SEC;
}

/* ---- the answer ---- */

static const char *
resource_name (const Owner *self)
{
  return self->person != NULL ? self->person->resource_name : NULL;
}

static void
confirm (Owner *self)
{
  g_autofree char *who = self->person != NULL ? login_describe_person (self->person) : NULL;
  self->holds = FALSE;
  book_confirm_owner (self->book, resource_name (self), auth_login (self->auth));
  auth_identify (self->auth, resource_name (self), who);
}

static void
deny (Owner *self)
{
  g_autofree char *who = self->person != NULL ? login_describe_person (self->person) : NULL;
  g_autoptr (GError) error = NULL;
  if (auth_lineage (self->auth) != NULL)
    error
        = g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                       "The account '%s' is now that of %s, and this mount shows the contacts of whoever was logged in "
                       "before: unmount it, and mount it again",
                       self->account, who != NULL ? who : "somebody else");
  else
    error = g_error_new (
        PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "The names and photos of the account '%s' are those of other credentials, and these are somebody "
        "else's: unmount it, and mount it with --account NAME, a name of its own",
        self->account);
  g_message ("%s", error->message);
  self->holds = FALSE;
  book_deny_owner (self->book, auth_login (self->auth));
  auth_disown (self->auth, resource_name (self), who, error);
}

static gboolean
on_time (gpointer data)
{
  Owner *self = data;
  self->timer = 0;
  ask (self);
  return G_SOURCE_REMOVE;
}

static gboolean
may_pass (const GError *error)
{
  return g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_SERVER)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_RATE);
}

static void
fail (Owner *self, const GError *why)
{
  g_info ("whose contacts they are cannot be seen yet: %s", why->message);
  if (!self->holds) {
    self->timer = g_timeout_add_seconds (self->wait, on_time, self);
    self->wait = MIN (self->wait * 2, LAST_WAIT_SECONDS);
    return;
  }
  if (may_pass (why)) { /* each who waits has a deadline of its own */
    if (auth_is_wanted (self->auth))
      self->timer = g_timeout_add_seconds (HELD_WAIT_SECONDS, on_time, self);
    return;
  }
  g_autoptr (GError) error = g_error_copy (why);
  g_prefix_error (&error, "It cannot be seen yet whether the credentials are those of whom the names and photos are: ");
  auth_fail_held (self->auth, error);
}

static gboolean
is_unknown (const GError *error)
{
  return g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_INVALID)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_CONTACT);
}

/* That people/me is not there, or not for us to see, says nothing of what else there may be. */
static gboolean
is_no_answer (const GError *error)
{
  return is_unknown (error) || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_PERMISSION)
         || g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
}

/* The answer may be about the one before: what is asked with is only known when it is asked. */
static gboolean
is_another_login (const Owner *self)
{
  return g_strcmp0 (self->asked, auth_login (self->auth)) != 0;
}

/* ---- contacts that we know ---- */

static void ask_witness (Owner *self);

static void
on_witness (GObject *source, GAsyncResult *result, gpointer data)
{
  Owner *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePerson) said = people_get_finish (self->people, result, &error);
  self->asking = FALSE;
  if (self->ended) {
    owner_clear (self);
  } else if (is_another_login (self)) {
    ask (self);
  } else if (said != NULL && book_knows (self->book, said)) {
    confirm (self);
  } else if (said == NULL && !is_unknown (error)) {
    fail (self, error);
  } else {
    self->witness++;
    ask_witness (self);
  }
}

static void
ask_witness (Owner *self)
{
  g_autofree char *name = self->witness < WITNESSES ? book_witness (self->book, self->witness) : NULL;
  if (name == NULL && self->witness == 0 && book_is_listed (self->book)) { /* there is nothing of anybody's */
    confirm (self);
  } else if (name == NULL) {
    deny (self);
  } else {
    self->asking = TRUE;
    people_get_first_async (self->people, name, deadline (), self->cancellable, on_witness, self);
  }
}

/* ---- people/me ---- */

static void
on_person (GObject *source, GAsyncResult *result, gpointer data)
{
  Owner *self = data;
  g_autoptr (GError) error = NULL;
  g_clear_pointer (&self->person, people_person_free);
  self->person = people_get_finish (self->people, result, &error);
  self->asking = FALSE;
  if (self->ended) {
    owner_clear (self);
    return;
  }
  if (is_another_login (self)) {
    ask (self);
    return;
  }
  if (self->person == NULL && !(self->holds && is_no_answer (error))) {
    fail (self, error);
    return;
  }
  BookOwner compared = self->holds ? book_compare_owner (self->book, resource_name (self)) : BOOK_OWNER_SAME;
  if (compared == BOOK_OWNER_SAME) {
    confirm (self);
  } else if (compared == BOOK_OWNER_OTHER) {
    deny (self);
  } else {
    self->witness = 0;
    ask_witness (self);
  }
}

static void
ask (Owner *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_free (self->asked);
  self->asked = g_strdup (auth_login (self->auth));
  self->asking = TRUE;
  people_get_first_async (self->people, "people/me", deadline (), self->cancellable, on_person, self);
}

static void
on_wanted (gpointer data)
{
  Owner *self = data;
  if (!self->holds) /* nobody waited for the next question */
    g_clear_handle_id (&self->timer, g_source_remove);
  self->holds = TRUE;
  if (!self->asking && self->timer == 0)
    ask (self);
}

Owner *
owner_new (const char *account, Book *book, Auth *auth, PeopleClient *people)
{
  Owner *self = g_new0 (Owner, 1);
  self->book = book;
  self->auth = auth;
  self->people = people;
  self->account = g_strdup (account);
  self->cancellable = g_cancellable_new ();
  self->wait = FIRST_WAIT_SECONDS;
  self->holds = book_is_believed (book);
  auth_watch (auth, on_wanted, self);
  if (self->holds)
    auth_hold (auth);
  if (book_asks_whose_it_is (book))
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
  auth_watch (self->auth, NULL, NULL);
  if (self->holds) /* nobody would let them go */
    auth_bar (self->auth, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The program is ending"));
  self->ended = TRUE;
  if (!self->asking)
    owner_clear (self);
}
