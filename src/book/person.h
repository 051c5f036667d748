/*
 * A person of the address book, and the table of all of them.
 *
 * Three identifiers, and what one may do with each:
 *
 *   resource name   Google's ("people/c123"): what requests and the store use. It may change
 *                   (metadata.previousResourceNames).
 *   name            the directory's. Given once; changes only when the display name does.
 *   ino             from the resource name, low four bits zero: the folder's inode number and FUSE node id. The
 *                   files in it have the inode numbers ino | BOOK_INO_PHOTO and so on; their node ids are another
 *                   matter (folder.h).
 *
 * After a wait, find a person again by ino, or hold a reference and look at gone.
 */
#pragma once

#include "book/book.h"

#define BOOK_N_ORDERS 4 /* orders.c */

struct BookPerson {
  guint refs;
  gboolean gone; /* no longer in the book; only those who hold a reference still see it */
  char *resource_name;
  char *name;
  char *base_name; /* what book_name_base said when the name was given; NULL: the same as name */
  char *photo_url; /* as the service gave it; NULL: no photo of the contact's own */
  char *profile_url;
  char *emails;       /* a line each, the primary one first; NULL: none */
  char *phones;       /* likewise */
  GRefString *labels; /* resource names of labels (labels.h), a line each; NULL: none. Many share one text */
  gboolean hidden;    /* not in the root: carries none of the labels that are shown */
  /* Versions that our last mutations replaced, a line each, the newest first: a late delta may still show them. Or NULL. */
  char *superseded;
  /* A picture of ours that the service has taken but not shown yet (reconcile.c); NULL most of the time. */
  GBytes *unconfirmed;
  gboolean in_doubt; /* the last change failed, and may have been carried out all the same (attempt.c, reconcile.c) */
  guint failures;    /* told so far */
  char *error;       /* the last failure in words, while it stands */
  gboolean error_is_of_a_read; /* it stands until the next read that succeeds, else until the next change that does */
  char *note;                  /* what was changed in the last picture that was sent, and why; NULL: nothing */
  gint64 update_time;
  gint64 profile_update_time;
  guint64 ino;
  guint position[BOOK_N_ORDERS]; /* in each order of those with a photo (orders.c) */
  guint considered;              /* the stream that last considered whether it has to be fetched (read-ahead.c) */
  gboolean ahead;                /* … fetched it, and nobody has wanted it since */
};

enum {
  BOOK_INO_PHOTO = 1,
  BOOK_INO_PROFILE = 2,
  BOOK_INO_PREVIOUS = 3,
  BOOK_INO_REJECTED = 4,
  BOOK_INO_ICON = 5,
  BOOK_INO_LINK = 6, /* what stands for the person in a label's directory */
  BOOK_INO_LABEL = 7 /* of no person: labels.h */,
  BOOK_INO_MASK = 15
};

BookPerson *book_person_ref (BookPerson *self);
void book_person_unref (BookPerson *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BookPerson, book_person_unref)

/* The version (photo_url_version) of the person's photo or profile picture; NULL when there is none. Transfer full. */
char *book_person_photo_version (const BookPerson *self);
char *book_person_profile_version (const BookPerson *self);

/* ---- the table; borrowed pointers unless said otherwise ---- */
BookPerson *book_person_by_name (Book *book, const char *name); /* any Unicode normalisation; NULL for the hidden */
BookPerson *book_person_by_ino (Book *book, guint64 ino);       /* the low four bits are ignored */
BookPerson *book_person_by_resource_name (Book *book, const char *resource_name);

/* Everybody who is not hidden, in the order of readdir (by name, in the locale's collation). Transfer full, the elements, too. */
GPtrArray *book_people (Book *book);
guint book_people_count (Book *book); /* of them */
guint book_photos_count (Book *book); /* how many of them have a photo */
guint book_hidden_count (Book *book); /* of the others */
/* Over everybody: resource name → BookPerson, both borrowed. */
void book_people_iter_init (Book *book, GHashTableIter *iter);
gint64 book_people_changed (Book *book); /* when the set of names last changed, microseconds since 1970 */
