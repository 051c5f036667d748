/*
 * The authorization, token and revocation endpoints: authorization codes with PKCE (S256) for loopback redirects, and
 * refresh tokens, and the signed claims of a service account. Consent is given at once, as the test ordered it, unless it
 * wants a page that a browser can click. Every token is of an account (account.h). A grant with openid brings an ID token.
 */
#pragma once

#include "emulator/request.h"
#include "emulator/service-account.h"

#define OAUTH_SCOPE_CONTACTS      "https://www.googleapis.com/auth/contacts"
#define OAUTH_SCOPE_EMAIL         "https://www.googleapis.com/auth/userinfo.email"
#define OAUTH_SCOPE_PROFILE       "https://www.googleapis.com/auth/userinfo.profile"
#define OAUTH_SCOPE_CONTACTS_READ "https://www.googleapis.com/auth/contacts.readonly"

typedef struct OAuth OAuth;

/* A refresh token came (scope and account) or went (both NULL), for whoever keeps them on disk. */
typedef void (*OAuthChanged) (const char *refresh_token, const char *scope, const char *account, gpointer data);

/* owner: whose tokens are that nobody says more about. */
OAuth *oauth_new (const char *owner, gint64 lifetime_seconds, char **access_tokens);
void oauth_free (OAuth *self);
void oauth_on_change (OAuth *self, OAuthChanged changed, gpointer data);
void oauth_load (OAuth *self, const char *refresh_token, const char *scope, const char *account);
/* What ID tokens name as their issuer; before the first. */
void oauth_set_issuer (OAuth *self, const char *url);

gboolean oauth_has_path (const char *path);
void oauth_handle (OAuth *self, Request *request);

typedef enum {
  ACCESS_GRANTED,
  ACCESS_MISSING, /* no Authorization header */
  ACCESS_INVALID, /* unknown, expired, revoked */
  ACCESS_SCOPE,   /* good, but not for this */
} AccessVerdict;

/* What a method wants of a token, as people.v1.json lists it. */
typedef enum {
  WANTS_CONTACTS_READ, /* the contacts, or to read them */
  WANTS_CONTACTS,
  WANTS_ANY_PERSON, /* the same, or anything of the user's own profile; what of a person is another matter */
} AccessWanted;

AccessVerdict oauth_check (OAuth *self, const char *authorization, AccessWanted wanted);
/* Of a token that was checked: whose it is, borrowed, and whether it may see that person's profile. */
const char *oauth_account (OAuth *self, const char *authorization);
gboolean oauth_may_see_profile (OAuth *self, const char *authorization);

/* For tests: what the user will do at the next authorization. deny: refuse; scope NULL: grant what is asked; account
 * NULL: as the owner. */
void oauth_next_consent (OAuth *self, gboolean deny, const char *scope, const char *account);
/* Ask the user on a page (oauth-consent.h), from now on. */
void oauth_show_page (OAuth *self, gboolean show);
/* Give a new refresh token with each access token, and end the one before. */
void oauth_rotate_refresh_tokens (OAuth *self, gboolean rotate);
/* Ends access tokens (those of the command line too), and refresh tokens as well if asked. */
void oauth_revoke_all (OAuth *self, gboolean refresh_too);
/* account NULL: the owner's. */
void oauth_add_access_token (OAuth *self, const char *token, const char *scope, const char *account,
                             gint64 lifetime_seconds);
/* Whose signed claims are good for tokens from now on. Takes account. */
void oauth_set_service_account (OAuth *self, ServiceAccount *account);
/* For tests: whether it may act for people. */
void oauth_set_delegated (OAuth *self, gboolean delegated);
/* A refresh token for this run, not kept on disk. Transfer full. */
char *oauth_issue_refresh_token (OAuth *self);
