/*
 * The methods of the People API that contactfs calls, one function pair each.
 *
 * Each call authorizes itself (a fresh token, once, on a 401). Those that only read try again what may pass (429,
 * 5xx, a lost connection), by the back-off of retry.h and inside the deadline. A call that fails does so with PEOPLE_ERROR
 * and a sentence. Deadlines are monotonic times in microseconds (g_get_monotonic_time); no call outlives its own.
 * Cancelling ends the transfer and fails with G_IO_ERROR_CANCELLED. Loop thread only; callbacks come from the main
 * context, never from inside the call. Mutations are not queued here: the caller sends one at a time.
 * Documents: people.v1.json, docs/google.md.
 */
#pragma once

#include <gio/gio.h>

#include "account/token-cache.h"
#include "net/error.h"
#include "net/http.h"
#include "people/group.h"
#include "people/person.h"

#define PEOPLE_DEFAULT_API_URL "https://people.googleapis.com"

/* What is asked of every Person; part of the sync token's identity (a token is only good for the mask it came with). */
#define PEOPLE_PERSON_FIELDS "names,emailAddresses,phoneNumbers,organizations,photos,memberships,metadata"

typedef struct PeopleClient PeopleClient;

/* api_url: https, or http on a loopback address (else G_IO_ERROR_INVALID_ARGUMENT with a sentence); a trailing slash is
 * fine. Borrows http and token_cache, which must live longer. */
PeopleClient *people_client_new (HttpClient *http, TokenCache *token_cache, const char *api_url, GError **error);
void people_client_free (PeopleClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PeopleClient, people_client_free)

/* TRUE when the API is on a loopback address: the demo, or a test. */
gboolean people_client_is_at_home (const PeopleClient *self);

/* What Google allows in a day, or in hours, apart from its quotas per minute. When one is used up, what is charged to it
 * fails with PEOPLE_ERROR_QUOTA, without a request, until some minutes or hours have passed (pause.h). */
typedef enum {
  PEOPLE_LISTINGS, /* people_list_async */
  PEOPLE_CHANGES,  /* people_update_photo_async, people_delete_photo_async */
  PEOPLE_N_ALLOWANCES
} PeopleAllowance;

/* Microseconds until the next request that is charged to it; 0, and no error: it may be sent now. error: the sentence,
 * or NULL. */
gint64 people_pause_left (PeopleClient *self, PeopleAllowance which, GError **error);

/* Who keeps them between mounts is told of each that begins or ends: line is what people_pause_resume takes; NULL: there is
 * none any more. Borrowed. func NULL: nobody is. */
typedef void (*PeoplePauseFunc) (PeopleAllowance which, const char *line, gpointer data);
void people_pause_watch (PeopleClient *self, PeoplePauseFunc func, gpointer data);
void people_pause_resume (PeopleClient *self, PeopleAllowance which, const char *line);

/* people.connections.list for people/me: pageSize 1000, requestSyncToken. sync_token NULL: everything. page_token NULL:
 * the first page; pass the same sync_token and cancellable again with every page. A large page's successor is asked for
 * before the caller hears of the page (page-ahead.h). */
void people_list_async (PeopleClient *self, const char *sync_token, const char *page_token, gint64 deadline,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
PeoplePage *people_list_finish (PeopleClient *self, GAsyncResult *result, GError **error);

/* Whether the service answers, and answers us: people.connections.list for one person, who does not matter. */
void people_check_async (PeopleClient *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer data);
gboolean people_check_finish (PeopleClient *self, GAsyncResult *result, GError **error);

/* contactGroups.list, one page; page_token as above. Labels that the service has removed are not among them. */
void people_groups_async (PeopleClient *self, const char *page_token, gint64 deadline, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data);
PeopleGroupPage *people_groups_finish (PeopleClient *self, GAsyncResult *result, GError **error);

/* people.get */
void people_get_async (PeopleClient *self, const char *resource_name, gint64 deadline, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer data);
PeoplePerson *people_get_finish (PeopleClient *self, GAsyncResult *result, GError **error);

/* An access token is at hand, or cannot be had by deadline. To be asked before what must be sent at once: a token may take
 * long to come. */
void people_authorize_async (PeopleClient *self, gint64 deadline, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
gboolean people_authorize_finish (PeopleClient *self, GAsyncResult *result, GError **error);

/* What is known of an attempt to change something that failed. The two calls below make one attempt each: between two of
 * them the caller looks at what is there now. */
typedef struct {
  gboolean reached;   /* the service may have carried it out */
  gboolean may_pass;  /* another attempt may end otherwise: Attempts (attempts.h) says when */
  gboolean new_token; /* it may with a fresh token, at once; the old one has been rejected */
  gint64 retry_after; /* microseconds; 0: not said */
} PeopleAttempt;

/* people.updateContactPhoto. photo goes up byte for byte, in a body that is made as it is sent. */
void people_update_photo_async (PeopleClient *self, const char *resource_name, GBytes *photo, gint64 deadline,
                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
PeoplePerson *people_update_photo_finish (PeopleClient *self, GAsyncResult *result, PeopleAttempt *attempt,
                                          GError **error);

/* people.deleteContactPhoto. No photo there (404 while the contact exists) is PEOPLE_ERROR_NOT_FOUND like a contact
 * that is gone: the caller asks people.get if it must know. */
void people_delete_photo_async (PeopleClient *self, const char *resource_name, gint64 deadline,
                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
PeoplePerson *people_delete_photo_finish (PeopleClient *self, GAsyncResult *result, PeopleAttempt *attempt,
                                          GError **error);
