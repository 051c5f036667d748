/*
 * Which credentials an account is used with: the first that there are of --token-command, --credentials, the stored
 * login, $GOOGLE_APPLICATION_CREDENTIALS, gcloud's application default credentials.
 */
#pragma once

#include "account/token-cache.h"
#include "settings/options.h"

typedef struct {
  char *command; /* of --token-command, or NULL */
  char *file;    /* absolute, since the daemon lives in "/"; or NULL */
  CredentialsOrigin origin;
  char *subject; /* --subject, or NULL */
  char *account; /* whose stored login it is; NULL: another kind */
  char *folder;  /* where that is */
} Credentials;

/* Looks for them; nothing is read yet. G_IO_ERROR_NOT_FOUND with a sentence that says what to do when there are none. */
Credentials *credentials_find (const Options *options, GError **error);
Credentials *credentials_new_file (const char *file);
void credentials_free (Credentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Credentials, credentials_free)

/* What is in our own folder is for us alone again, if it was not. Of another file that others can read it is only said,
 * since somebody may have meant it. */
void credentials_guard (const Credentials *self);

/* The part of credentials_guard for the login in folder: login.json and client.json were made for their owner alone. A
 * restored backup or a stray chmod may have opened them to others. Puts that right, with a message for each. */
void credentials_guard_login (const char *folder);

/* The file with the secrets, if others can read it; else NULL. Transfer full. */
char *credentials_exposed (const Credentials *self);

/* The People API that they are shown to: the one that was asked for (may be NULL), else the one that the stored login is
 * for, else Google's. PEOPLE_ERROR_AUTH with a sentence where a login came from elsewhere than Google and does not say:
 * what another server gave is not for Google to see. Transfer full. */
char *credentials_find_api_url (const Credentials *self, const char *asked, GError **error);

/* Reads them. PEOPLE_ERROR_AUTH with a sentence. */
TokenCache *credentials_open (const Credentials *self, HttpClient *http, GError **error);
