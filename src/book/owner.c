/*
 * Whose state it is. The store remembers:
 *
 *   api_url   the service
 *   owner     the person (a resource name, or what a service account acts for), or a login of which nobody knew whose it
 *             was, or nothing
 *   login     which login it was last
 *   lineage   what it has in common with the logins that renew it
 *   stranger  a login that turned out to be somebody else's
 *
 * Where a login that renews the last one, or other credentials, cannot be compared with that, they are believed to be the
 * same person's; a login after the logout of another is not. Until the service has confirmed it (cli/owner.c asks), nothing is done with them, and the state stays as it is: people/me says who it is, and
 * a contact that looks there as it does here, that it is the same address book.
 */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "book/internal.h"
#include "book/names.h"

static void
collect (const BookStorePerson *person, gpointer data)
{
  g_ptr_array_add (data, g_strdup (person->resource_name));
}

static void
collect_deletion (const char *resource_name, const char *version, gpointer data)
{
  g_ptr_array_add (data, g_strdup (resource_name));
}

static gboolean
forget_people (Book *self, GError **error)
{
  g_autoptr (GPtrArray) people = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) deletions = g_ptr_array_new_with_free_func (g_free);
  gboolean ok = book_store_each_person (self->store, collect, people, error)
                && book_store_each_deletion (self->store, collect_deletion, deletions, error);

  for (guint i = 0; ok && i < people->len; i++)
    ok = book_store_remove_person (self->store, people->pdata[i], error);
  for (guint i = 0; ok && i < deletions->len; i++)
    ok = book_store_remove_deletion (self->store, deletions->pdata[i], error);
  return ok && book_store_set (self->store, "sync_token", NULL, error)
         && book_store_set (self->store, "last_sync", NULL, error);
}

/* The pictures of .previous and .rejected are nobody's to show now, and nobody's to delete. */
static gboolean
set_archive_aside (Book *self, GError **error)
{
  g_autofree char *aside = NULL;

  if (!book_archive_set_aside (self->archive, &aside, error))
    return FALSE;
  if (aside != NULL)
    g_message ("The account \"%s\" is not the address book that it was: what was kept in .previous and .rejected is in "
               "%s now",
               self->options.account, aside);
  return TRUE;
}

/* A slash more at the end is no other service; NULL is none. */
static gsize
length_of_service (const char *url)
{
  gsize length = url != NULL ? strlen (url) : 0;

  while (length > 0 && url[length - 1] == '/')
    length--;
  return length;
}

static gboolean
is_same_service (const char *one, const char *other)
{
  gsize length = length_of_service (one);

  return length == length_of_service (other) && (length == 0 || strncmp (one, other, length) == 0);
}

static gboolean
is_either (const char *word, const char *one, const char *other)
{
  return word != NULL && (g_strcmp0 (word, one) == 0 || g_strcmp0 (word, other) == 0);
}

static gboolean
is_person (const char *owner)
{
  return owner != NULL && g_str_has_prefix (owner, "people/");
}

/* TRUE: two words for owners are equal only if the owners are. */
static gboolean
can_be_compared (const char *one, const char *other)
{
  return one != NULL && other != NULL && is_person (one) == is_person (other);
}

/* The same account name, but another service than last time (--api-url), or another person (after a logout): its
 * people/c1 is somebody else. What the state says of people, and what was promised for them, is worth nothing here, and
 * not for these eyes. Cached photos are found by their URL: they may stay. */
gboolean
book_forget_others (Book *self, GError **error)
{
  const BookOptions *options = &self->options;
  g_autofree char *service = book_store_get (self->store, "api_url");
  g_autofree char *owner = book_store_get (self->store, "owner");
  g_autofree char *login = book_store_get (self->store, "login");
  g_autofree char *lineage = book_store_get (self->store, "lineage");
  g_autofree char *stranger = book_store_get (self->store, "stranger");
  g_autofree char *last_sync = book_store_get (self->store, "last_sync");
  gboolean anonymous = options->owner == NULL && options->login == NULL;
  gboolean same_service = is_same_service (service, options->api_url);
  gboolean ours = same_service
                  && (is_either (options->owner, owner, login) || is_either (options->login, owner, login)
                      || (anonymous && owner == NULL && login == NULL));
  gboolean renewed = options->lineage != NULL && g_strcmp0 (options->lineage, lineage) == 0
                     && g_strcmp0 (options->login, stranger) != 0;
  const char *now = options->owner;
  gboolean ok;

  self->believed = same_service && !ours && last_sync != NULL && !can_be_compared (options->owner, owner)
                   && (options->lineage == NULL || lineage == NULL || renewed);
  if (self->believed)
    return TRUE;
  if (now == NULL && options->login != NULL)
    now = ours ? owner : options->login;
  if (!ours && service != NULL && !set_archive_aside (self, error))
    return FALSE;
  ok = book_store_begin (self->store, error) && (ours || forget_people (self, error))
       && book_store_set (self->store, "api_url", options->api_url, error)
       && book_store_set (self->store, "owner", now, error)
       && book_store_set (self->store, "login", options->login, error)
       && book_store_set (self->store, "lineage", options->lineage, error)
       && book_store_set (self->store, "stranger", NULL, error) && book_store_commit (self->store, error);
  if (!ok)
    book_store_rollback (self->store);
  return ok;
}

gboolean
book_is_believed (Book *self)
{
  return self->believed;
}

gboolean
book_asks_whose_it_is (Book *self)
{
  return self->believed || (self->options.owner == NULL && self->options.lineage != NULL);
}

BookOwner
book_compare_owner (Book *self, const char *person)
{
  g_autofree char *owner = book_store_get (self->store, "owner");

  if (!can_be_compared (owner, person) || !is_person (person))
    return BOOK_OWNER_UNTOLD;
  return g_str_equal (owner, person) ? BOOK_OWNER_SAME : BOOK_OWNER_OTHER;
}

char *
book_witness (Book *self, guint n)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->by_resource_name);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (n-- == 0)
      return g_strdup (((const BookPerson *)value)->resource_name);
  return NULL;
}

gboolean
book_knows (Book *self, const PeoplePerson *said)
{
  const BookPerson *person = book_person_by_resource_name (self, said->resource_name);
  g_autofree char *name = book_name_base (said);

  return person != NULL && g_strcmp0 (name, person->base_name) == 0;
}

/* Credentials that do not tell take nothing of what is known of the login before them. */
void
book_confirm_owner (Book *self, const char *person, const char *login)
{
  g_autofree char *owner = book_store_get (self->store, "owner");
  g_autofree char *last = book_store_get (self->store, "login");
  g_autoptr (GError) error = NULL;
  const char *now = person;

  if (now == NULL)
    now = self->options.owner;
  if (now == NULL)
    now = is_person (owner) || login == NULL ? owner : login;
  if (login == NULL)
    login = last;
  self->believed = FALSE;
  if (book_store_begin (self->store, &error) && book_store_set (self->store, "owner", now, &error)
      && book_store_set (self->store, "login", login, &error) && book_store_commit (self->store, &error))
    return;
  book_store_rollback (self->store);
  g_warning ("Whose state it is cannot be kept: %s", error->message);
}

void
book_deny_owner (Book *self, const char *login)
{
  g_autoptr (GError) error = NULL;

  if (login != NULL && !book_store_set (self->store, "stranger", login, &error))
    g_warning ("Whose login it is cannot be kept: %s", error->message);
}
