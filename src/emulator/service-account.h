/*
 * One service account of one Workspace, with a key made for this run: what its key file holds, and whether signed
 * claims (RFC 7523) are its own. By GnuTLS, so that clients are not checked by the library that they sign with.
 *
 * Everybody@example.com is a person of the Workspace, nobody@example.com apart. There is one address book, whoever is
 * meant.
 */
#pragma once

#include <glib.h>

typedef struct ServiceAccount ServiceAccount;

ServiceAccount *service_account_new (const char *token_uri, GError **error);
void service_account_free (ServiceAccount *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ServiceAccount, service_account_free)

/* Writes the key file, 0600. */
gboolean service_account_write (const ServiceAccount *self, const char *path, GError **error);

/* For tests: whether an administrator has delegated the contacts to it. So it is at first. */
void service_account_set_delegated (ServiceAccount *self, gboolean delegated);

typedef struct {
  guint status;            /* 200, or of the refusal */
  const char *error;       /* "invalid_grant" …, of a refusal */
  const char *description; /* in Google's words */
  char *scope;             /* granted, for the caller to free */
} ServiceAccountVerdict;

/* assertion may be NULL. self NULL: no service account is known. */
ServiceAccountVerdict service_account_check (const ServiceAccount *self, const char *assertion);
