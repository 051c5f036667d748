/*
 * Whose login it is: people.get of people/me with a token in hand. It also shows whether the People API can be used with
 * this client at all. Loop thread only.
 */
#pragma once

#include "google/grant.h"
#include "google/people.h"

/* Borrows http. deadline: monotonic, microseconds. finish: the person, transfer full, or PEOPLE_ERROR. */
void login_identify_async (HttpClient *http, const Grant *grant, const char *api_url, gint64 deadline,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
PeoplePerson *login_identify_finish (GAsyncResult *result, GError **error);

/* "Sample User <you@example.com>", or what of it is known; NULL: nothing. Transfer full. */
char *login_describe_person (const PeoplePerson *person);
