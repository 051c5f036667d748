/*
 * What can go wrong between us and Google, as one GError domain.
 *
 * Every message is a sentence for the person at the desk: what failed and what to do. It stands behind a colon, so it begins
 * with a small letter and has no full stop. fs/errno.c turns the code into an errno by the table "Errors" of docs/google.md;
 * nothing below fs/ knows errnos.
 * A call that was cancelled fails with G_IO_ERROR_CANCELLED instead.
 */
#pragma once

#include <glib.h>

#define PEOPLE_ERROR (people_error_quark ())
GQuark people_error_quark (void);

typedef enum {
  PEOPLE_ERROR_INVALID,     /* 400 INVALID_ARGUMENT, Invalid photo format; nothing else is called a bad picture */
  PEOPLE_ERROR_NOT_CONTACT, /* 400 not a valid contact person resource */
  PEOPLE_ERROR_STALE_ETAG,  /* 400 FAILED_PRECONDITION, 412 */
  PEOPLE_ERROR_SYNC_TOKEN,  /* 400 EXPIRED_SYNC_TOKEN, or a malformed one: list everything again */
  PEOPLE_ERROR_AUTH,        /* 401 twice, invalid_grant, the token command fails */
  PEOPLE_ERROR_PERMISSION,  /* 403: not allowed */
  PEOPLE_ERROR_SCOPE,       /* 403: the token does not include the permission for contacts */
  PEOPLE_ERROR_DISABLED,    /* 403: the API is not enabled in the project; the message has the link */
  PEOPLE_ERROR_RATE,        /* 429, or 403 rateLimitExceeded, past the deadline */
  PEOPLE_ERROR_QUOTA,       /* 429 QuotaFailure ("FBS quota limit exceeded"): pause.h says when to ask again */
  PEOPLE_ERROR_CONFLICT,    /* 409, 423: another program changes the same address book */
  PEOPLE_ERROR_NOT_FOUND,   /* 404, 410 */
  PEOPLE_ERROR_TOO_LARGE,   /* 413, payload limit */
  PEOPLE_ERROR_SERVER,      /* 5xx or connection lost, past the deadline */
  PEOPLE_ERROR_TIMED_OUT,   /* the deadline passed without an answer */
  PEOPLE_ERROR_UNREACHABLE, /* no DNS, no route, connection refused */
  PEOPLE_ERROR_TLS,         /* the certificate did not verify, or the other side speaks no TLS of today */
  PEOPLE_ERROR_BAD_ANSWER,  /* 200 with something that is not what was asked for */
} PeopleError;
