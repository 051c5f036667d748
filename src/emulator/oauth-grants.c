/* Who was granted what, and what a token is good for. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/oauth-grants.h"

#include "emulator/account.h"
#include "emulator/clock.h"
#include "emulator/secret.h"

static void
grant_free (gpointer data)
{
  Grant *grant = data;

  g_free (grant->scope);
  g_free (grant->account);
  g_free (grant->refresh_token);
  g_free (grant->client_id);
  g_free (grant->redirect_uri);
  g_free (grant->challenge);
  g_free (grant);
}

static GHashTable *
grants_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, grant_free);
}

OAuth *
oauth_new (const char *owner, gint64 lifetime_seconds, char **access_tokens)
{
  OAuth *self = g_new0 (OAuth, 1);

  self->owner = g_strdup (owner);
  self->access = grants_new ();
  self->refresh = grants_new ();
  self->codes = grants_new ();
  self->lifetime = lifetime_seconds;
  for (guint i = 0; access_tokens != NULL && access_tokens[i] != NULL; i++)
    oauth_add_access_token (self, access_tokens[i], OAUTH_SCOPE_CONTACTS, NULL, 0);
  return self;
}

void
oauth_free (OAuth *self)
{
  g_hash_table_unref (self->access);
  g_hash_table_unref (self->refresh);
  g_hash_table_unref (self->codes);
  g_clear_pointer (&self->robot, service_account_free);
  g_free (self->scope_next);
  g_free (self->account_next);
  g_free (self->owner);
  g_free (self->issuer);
  g_free (self);
}

void
oauth_set_issuer (OAuth *self, const char *url)
{
  g_free (self->issuer);
  self->issuer = g_strdup (url);
}

void
oauth_on_change (OAuth *self, OAuthChanged changed, gpointer data)
{
  self->changed = changed;
  self->changed_data = data;
}

static const char *
canonical_word (const char *word)
{
  if (g_str_equal (word, "email"))
    return OAUTH_SCOPE_EMAIL;
  return g_str_equal (word, "profile") ? OAUTH_SCOPE_PROFILE : word;
}

/* As the token endpoint tells it: short names in full. Transfer full. */
static char *
canonical_scope (const char *scope)
{
  g_auto (GStrv) words = g_strsplit (scope, " ", -1);
  GString *out = g_string_new (NULL);

  for (guint i = 0; words[i] != NULL; i++)
    g_string_append_printf (out, "%s%s", i > 0 ? " " : "", canonical_word (words[i]));
  return g_string_free (out, FALSE);
}

Grant *
grant_new (const char *scope, const char *account, gint64 lifetime_seconds)
{
  Grant *grant = g_new0 (Grant, 1);

  grant->scope = canonical_scope (scope);
  grant->account = g_strdup (account);
  grant->expires = lifetime_seconds > 0 ? clock_now () + lifetime_seconds * G_USEC_PER_SEC : 0;
  return grant;
}

void
oauth_load (OAuth *self, const char *refresh_token, const char *scope, const char *account)
{
  g_hash_table_replace (self->refresh, g_strdup (refresh_token), grant_new (scope, account, 0));
}

void
oauth_add_access_token (OAuth *self, const char *token, const char *scope, const char *account, gint64 lifetime_seconds)
{
  g_hash_table_replace (self->access, g_strdup (token),
                        grant_new (scope, account != NULL ? account : self->owner, lifetime_seconds));
}

void
oauth_next_consent (OAuth *self, gboolean deny, const char *scope, const char *account)
{
  self->deny_next = deny;
  g_free (self->scope_next);
  self->scope_next = g_strdup (scope);
  g_free (self->account_next);
  self->account_next = g_strdup (account);
}

void
oauth_show_page (OAuth *self, gboolean show)
{
  self->show_page = show;
}

void
oauth_rotate_refresh_tokens (OAuth *self, gboolean rotate)
{
  self->rotate = rotate;
}

void
grant_forget_refresh_token (OAuth *self, const char *token)
{
  if (self->changed != NULL)
    self->changed (token, NULL, NULL, self->changed_data);
}

void
oauth_revoke_all (OAuth *self, gboolean refresh_too)
{
  GHashTableIter iter;
  gpointer token;

  g_hash_table_remove_all (self->access);
  if (!refresh_too)
    return;
  g_hash_table_iter_init (&iter, self->refresh);
  while (g_hash_table_iter_next (&iter, &token, NULL))
    grant_forget_refresh_token (self, token);
  g_hash_table_remove_all (self->refresh);
}

Grant *
grant_find (GHashTable *grants, const char *token)
{
  Grant *grant = token != NULL ? g_hash_table_lookup (grants, token) : NULL;

  return grant != NULL && (grant->expires == 0 || grant->expires > clock_now ()) ? grant : NULL;
}

/* Of the API before this one; tokens for it are good here. It is told as it was asked for. */
static gboolean
means_contacts (const char *word)
{
  static const char *const older[] = { "https://www.google.com/m8/feeds", "https://www.google.com/m8/feeds/",
                                       "http://www.google.com/m8/feeds", "http://www.google.com/m8/feeds/", NULL };

  return g_strv_contains (older, word);
}

gboolean
grant_has_scope (const Grant *grant, const char *scope)
{
  g_auto (GStrv) words = g_strsplit (grant->scope, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (g_str_equal (words[i], scope) || (g_str_equal (scope, OAUTH_SCOPE_CONTACTS) && means_contacts (words[i])))
      return TRUE;
  return FALSE;
}

/* Of an Authorization header. */
static Grant *
grant_of (OAuth *self, const char *authorization)
{
  gboolean bearer = authorization != NULL && g_ascii_strncasecmp (authorization, "Bearer ", 7) == 0;

  return bearer ? grant_find (self->access, authorization + 7) : NULL;
}

static gboolean
is_enough (const Grant *grant, AccessWanted wanted)
{
  if (grant_has_scope (grant, OAUTH_SCOPE_CONTACTS))
    return TRUE;
  if (wanted != WANTS_CONTACTS && grant_has_scope (grant, OAUTH_SCOPE_CONTACTS_READ))
    return TRUE;
  return wanted == WANTS_ANY_PERSON
         && (grant_has_scope (grant, OAUTH_SCOPE_PROFILE) || grant_has_scope (grant, OAUTH_SCOPE_EMAIL));
}

AccessVerdict
oauth_check (OAuth *self, const char *authorization, AccessWanted wanted)
{
  const Grant *grant;

  if (authorization == NULL)
    return ACCESS_MISSING;
  grant = grant_of (self, authorization);
  if (grant == NULL)
    return ACCESS_INVALID;
  return is_enough (grant, wanted) ? ACCESS_GRANTED : ACCESS_SCOPE;
}

const char *
oauth_account (OAuth *self, const char *authorization)
{
  const Grant *grant = grant_of (self, authorization);

  return grant != NULL ? grant->account : self->owner;
}

gboolean
oauth_may_see_profile (OAuth *self, const char *authorization)
{
  const Grant *grant = grant_of (self, authorization);

  return grant != NULL && grant_has_scope (grant, OAUTH_SCOPE_PROFILE);
}

void
grant_keep_refresh_token (OAuth *self, const char *token, const char *scope, const char *account)
{
  oauth_load (self, token, scope, account);
  if (self->changed != NULL)
    self->changed (token, scope, account, self->changed_data);
}

char *
oauth_issue_refresh_token (OAuth *self)
{
  char *token = secret_new ("1//0");

  oauth_load (self, token, OAUTH_SCOPE_CONTACTS, self->owner);
  return token;
}

void
oauth_set_service_account (OAuth *self, ServiceAccount *account)
{
  g_clear_pointer (&self->robot, service_account_free);
  self->robot = account;
}

void
oauth_set_delegated (OAuth *self, gboolean delegated)
{
  if (self->robot != NULL)
    service_account_set_delegated (self->robot, delegated);
}
