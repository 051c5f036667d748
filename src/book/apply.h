/*
 * What the service says of people is taken into the book: names, photos, the store, events. The rules for what lags are in
 * apply.c. Loop thread only.
 */
#pragma once

#include "book/book.h"

typedef enum {
  BOOK_APPLY_DELTA,  /* may lag: an older update time, or the photo that we just replaced, is ignored */
  BOOK_APPLY_ALL,    /* the same, and who is not in it is gone */
  BOOK_APPLY_ANSWER, /* the answer to a mutation: it may be late, and then a delta that came before is newer */
  BOOK_APPLY_TRUTH   /* what people.get says again and again */
} BookApply;

/* One transaction; elements: PeoplePerson, borrowed. FALSE, and *error is set, when the store failed: the
 * people are in memory all the same, and are stored with the next answer. */
gboolean book_people_apply (Book *book, GPtrArray *people, BookApply how, GError **error);
/* The same for one. replaced: the version that the mutation replaced, or NULL. */
void book_people_apply_answer (Book *book, const PeoplePerson *person, const char *replaced);
/* An answer of people.get: as fresh as a delta, no fresher. */
void book_people_apply_fetched (Book *book, const PeoplePerson *person);
/* One that said the same often enough: whatever its times are. */
void book_people_apply_truth (Book *book, const PeoplePerson *person);

/* A listing or delta has been applied: it is listed from now on. */
void book_note_up_to_date (Book *book);

/* A mutation of ours replaced version: a lagging delta does not bring it back. */
void book_person_supersede (BookPerson *person, const char *version);

/* Gets the person once more and applies the answer, which _finish returns, transfer full; NULL with the errors of
 * people.h. */
void book_refetch_async (Book *book, const BookPerson *person, gint64 deadline, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data);
PeoplePerson *book_refetch_finish (GAsyncResult *result, GError **error);
