/*
 * What the endpoints (oauth.c) and who asks about tokens share: who was granted what.
 */
#pragma once

#include "emulator/oauth.h"

typedef struct Grant {
  char *scope; /* canonical */
  char *account;
  char *refresh_token; /* that an access token came from, or NULL */
  gint64 expires;      /* 0: never */
  /* of an authorization code */
  char *client_id;
  char *redirect_uri;
  char *challenge; /* PKCE's, or NULL */
  gboolean hashed; /* it is the verifier's SHA-256, not the verifier */
} Grant;

struct OAuth {
  char *owner;
  char *issuer;
  GHashTable *access;    /* token to Grant */
  GHashTable *refresh;   /* token to Grant */
  GHashTable *codes;     /* code to Grant */
  gint64 lifetime;       /* seconds */
  ServiceAccount *robot; /* or NULL */
  gboolean show_page;
  gboolean rotate;
  gboolean deny_next;
  char *scope_next;
  char *account_next;
  OAuthChanged changed;
  gpointer changed_data;
};

/* scope: short names are fine. Transfer full. */
Grant *grant_new (const char *scope, const char *account, gint64 lifetime_seconds);
/* NULL: unknown, or over. token may be NULL. */
Grant *grant_find (GHashTable *grants, const char *token);
/* By any name: an older one of the contacts is the same. */
gboolean grant_has_scope (const Grant *grant, const char *scope);
/* For good: on disk too, where somebody keeps them. */
void grant_keep_refresh_token (OAuth *self, const char *token, const char *scope, const char *account);
void grant_forget_refresh_token (OAuth *self, const char *token);
