/*
 * A credentials file as a value: an authorized_user (a person's login, as gcloud and others write it) or a
 * service_account (a key that acts for a person of its Workspace). Immutable once loaded. Internal to src/account; any
 * thread.
 * Documents: docs/google.md "OAuth", RFC 7523.
 */
#pragma once

#include "account/token-cache.h"
#include "account/token-endpoint.h"

typedef struct {
  gatomicrefcount references;
  char *digest; /* of its content */
  gboolean service_account;
  char *path;
  char *token_uri;
  char *quota_project; /* or NULL */
  char *client_id;     /* of a service account: its number, which the admin console asks for; or NULL */

  /* authorized_user; wiped when freed */
  char *client_secret, *refresh_token;

  /* service_account */
  char *email;
  char *subject;     /* whom it acts for; NULL: itself */
  char *key_id;      /* or NULL */
  char *private_key; /* PEM; wiped when freed */
} CredentialsFile;

/* subject: whom a service account is to act for, or NULL. PEOPLE_ERROR_AUTH with a sentence that names the file. Reads
 * the disk. */
CredentialsFile *credentials_file_load (const char *path, const char *subject, GError **error);
CredentialsFile *credentials_file_ref (CredentialsFile *self);
void credentials_file_unref (CredentialsFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CredentialsFile, credentials_file_unref)

/* The refresh grant of RFC 6749 section 6, or the signed grant of RFC 7523, as a form; wiped when freed. Fails with
 * PEOPLE_ERROR_AUTH when the private key cannot sign. */
GBytes *credentials_file_form (const CredentialsFile *self, GError **error);

/* "authorized_user file /…", "service account a@b for c@d, file /…". Transfer full. */
char *credentials_file_describe (const CredentialsFile *self);

/* ---- credentials-error.c ---- */

/* PEOPLE_ERROR_AUTH with a sentence. *lasts: nothing but another file helps. Else a later attempt may succeed. */
GError *credentials_file_error (const CredentialsFile *self, CredentialsOrigin origin, const TokenResponse *response,
                                gboolean *lasts);

/* See token_cache_advice. */
char *credentials_file_advice (const CredentialsFile *self, CredentialsOrigin origin, TokenProblem problem);
