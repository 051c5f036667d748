/*
 * Labels, which the People API calls contact groups, and who carries them.
 *
 * The service is asked for them when somebody first wants them, and after each listing or delta from then on. Until it
 * answers, those that an earlier mount learned are good. The user's own are known, and "starred"; what else Google makes for
 * itself is not. Who carries one is known from the people themselves.
 *
 * Loop thread only. Document: contactGroups.list in the People API discovery document.
 */
#pragma once

#include "book/person.h"

typedef struct {
  char *resource_name; /* "contactGroups/4f1c" */
  char *name;          /* as a directory's: what the user wrote, made fit for that, and no other label's */
  guint64 ino;         /* of its directory: the low four bits are BOOK_INO_LABEL */
} BookLabel;

/* Succeeds with the labels when they are known: at once, when they have come in this mount. Else after a request, each page of
 * which has the time of a read. */
void book_labels_async (Book *book, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
/* Of BookLabel, in the order of readdir; borrowed until control returns to the loop. NULL: an error. */
const GPtrArray *book_labels_finish (Book *book, GAsyncResult *result, GError **error);

/* Among those that are known by now; borrowed until control returns to the loop, or NULL. */
const BookLabel *book_label_by_name (Book *book, const char *name); /* any Unicode normalisation */
const BookLabel *book_label_by_ino (Book *book, guint64 ino);

gboolean book_label_is_on (const BookLabel *label, const BookPerson *person);

/* Who is shown and carries it, in the order of readdir. Transfer full; elements are referenced. */
GPtrArray *book_label_people (Book *book, const BookLabel *label);

/* From now on only those are shown who carry one of the labels called so. They must be known. When the service first answers
 * in this mount, the names are looked up again; a label that is renamed later is still meant. G_IO_ERROR_INVALID_ARGUMENT with
 * a sentence for one that is not there. */
gboolean book_show_labels (Book *book, const char *const *names, GError **error);
