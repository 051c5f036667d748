/*
 * The next page of a listing, asked for as soon as a page has come: a page is on its way while a worker reads the one
 * before. Without that, each page would cost a round trip and the time of reading, one after the other.
 *
 * Its token is looked for at the end of the answer, where the service writes it. That is a guess: what is asked for so
 * is delivered only to a caller who asks for this very page, and dropped when the caller asks for anything else. There
 * is one at a time. Internal to src/people. Loop thread only.
 */
#pragma once

#include "people/call.h"

/* page: the request whose answer is body. Does nothing when no next page is named, or one is on its way. timeout in
 * microseconds; cancellable: of the page's caller, or NULL. */
void page_ahead_begin (PeopleClient *client, const PeopleRequest *page, GBytes *body, gint64 timeout,
                       GCancellable *cancellable);

/* TRUE: the page at url was asked for by cancellable's owner, and callback hears what comes of it, as of call_async. */
gboolean page_ahead_take (PeopleClient *client, const char *url, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data);

/* What nobody has taken is nobody's. */
void page_ahead_drop (PeopleClient *client);
