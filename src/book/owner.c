/*
 * Whose state it is. The store remembers:
 *
 *   api_url   the service
 *   owner     the person, or a login of which nobody knew whose it was
 *   login     which login it was last
 *
 * Credentials that do not tell whose they are are believed to be that person's, who has to be asked for first: until the
 * service has said so, nothing is done with them, and the state stays as it is.
 */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "book/internal.h"

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
  gboolean anonymous = options->owner == NULL && options->login == NULL;
  gboolean ours
      = is_same_service (service, options->api_url)
        && (anonymous || is_either (options->owner, owner, login) || is_either (options->login, owner, login));
  const char *now = options->owner;
  gboolean ok;

  self->believed = anonymous && ours && owner != NULL && g_str_has_prefix (owner, "people/");
  if (self->believed)
    return TRUE;
  if (now == NULL && options->login != NULL)
    now = ours ? owner : options->login;
  if (!ours && service != NULL && !set_archive_aside (self, error))
    return FALSE;
  ok = book_store_begin (self->store, error) && (ours || forget_people (self, error))
       && book_store_set (self->store, "api_url", options->api_url, error)
       && book_store_set (self->store, "owner", now, error)
       && book_store_set (self->store, "login", options->login, error) && book_store_commit (self->store, error);
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
  return self->believed || (self->options.owner == NULL && self->options.login != NULL);
}

gboolean
book_belongs_to (Book *self, const char *person, GError **error)
{
  g_autofree char *owner = book_store_get (self->store, "owner");
  g_autoptr (GError) failure = NULL;

  if (self->believed && g_strcmp0 (owner, person) != 0) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "The names and photos of the account '%s' are those of a login, and these credentials are somebody "
                 "else's: unmount it, and mount it with --account NAME, a name of its own",
                 self->options.account);
    return FALSE;
  }
  self->believed = FALSE;
  if (!book_store_set (self->store, "owner", person, &failure))
    g_warning ("Whose state it is cannot be kept: %s", failure->message);
  return TRUE;
}
