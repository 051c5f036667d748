/*
 * Who is in the address book of one account, under which name, with which photo: what the service said, kept in the store.
 *
 * One Book owns the people (person.h) and lives on the loop thread; nothing here blocks but the store. What the service says
 * comes in by apply.h. What changed goes up as events (events.h).
 *
 *   book_new (loads from the store) → book_listen → book_people_apply … → activity_end_async → book_free
 */
#pragma once

#include <gio/gio.h>

#include "book/activity.h"
#include "book/error.h"
#include "book/store.h"
#include "people/people.h"

/* A field of log messages about failures: the GError, borrowed, with the length 0. */
#define BOOK_LOG_ERROR "CONTACTFS_GERROR"

typedef struct Book Book;
typedef struct BookPerson BookPerson;   /* book/person.h */
typedef struct BookReports BookReports; /* book/events.h */

typedef struct {
  const char *account;   /* "default" */
  const char *state_dir; /* the database and its lock; created 0700 */
  gboolean anew;         /* what the state says is of others, and is forgotten */
  guint timeout;         /* seconds: for asking what labels there are */
  void (*reachable_changed) (gboolean reachable, gpointer data); /* the service is out of reach, or back; or NULL */
  gpointer reachable_data;
  const BookReports *reports; /* borrowed; or NULL */
  gpointer reports_data;
} BookOptions;

/* Opens the account's state, takes its lock (G_IO_ERROR_BUSY with a sentence when another mount of the account holds
 * it) and lists from it. Borrows people; copies options. No network. */
Book *book_new (PeopleClient *people, const BookOptions *options, GError **error);
void book_free (Book *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Book, book_free)

/* Borrowed. */
Activity *book_activity (Book *self);
BookStore *book_store (Book *self);
const char *book_account (Book *self);

/* TRUE once there is a listing, from the state folder or from the service: a mount can be shown. */
gboolean book_is_listed (const Book *self);

/* ---- can the service be reached? (reachability.c) ---- */
/* error: of any request of the API; NULL: it was carried out. */
void book_note_outcome (Book *book, const GError *error);
/* Why nothing can be sent, borrowed: out of reach, or the login; NULL: something can. */
const GError *book_down (const Book *book);
gboolean book_is_reachable (const Book *book);
