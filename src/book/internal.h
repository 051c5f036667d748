/* The members of the Book, and what its parts share. Only src/book/ includes this. */
#pragma once

#include "book/apply.h"
#include "book/book.h"
#include "book/events.h"
#include "book/failures.h"
#include "book/orders.h"
#include "book/person.h"

typedef struct {
  const BookEvents *events;
  gpointer data;
} Listener;

/* TELL (book, name_changed, name): calls that event of all who listen. */
#define TELL(book, event, ...)                                                                                         \
  for (guint i_ = 0; i_ < (book)->listeners->len; i_++) {                                                              \
    const Listener *listener_ = &g_array_index ((book)->listeners, Listener, i_);                                      \
    if (listener_->events->event != NULL)                                                                              \
      listener_->events->event (__VA_ARGS__ __VA_OPT__ (, ) listener_->data);                                          \
  }

struct Book {
  /* ---- book.c ---- */
  PeopleClient *people;
  BookOptions options; /* its strings are ours */
  BookStore *store;
  int lock_fd;
  GArray *listeners; /* of Listener */
  Activity *activity;

  /* ---- failures.c ---- */
  char *last_error;
  gint64 last_error_time;

  /* ---- reachability.c ---- */
  gboolean unreachable; /* the last request of the API did not reach it */
  GError *down;         /* why nothing can be sent; NULL: something can */

  /* ---- people.c ---- */
  GHashTable *by_resource_name; /* char* → BookPerson, the owner of the reference */
  GHashTable *by_name;          /* char* → BookPerson */
  GHashTable *by_ino;           /* guint64* → BookPerson */
  gint64 names_changed;
  gboolean listed;
  gboolean store_behind; /* what could not be written is: everybody is with the next answer, and before the token is */

  struct Labels *labels; /* labels.c */

  /* ---- orders.c ---- of BookPerson, borrowed; NULL when out of date */
  GPtrArray *listing;
  GPtrArray *orders[BOOK_N_ORDERS];
};

/* ---- labels.c ---- */
gboolean book_labels_load (Book *book, GError **error);
void book_labels_clear (Book *book);
gboolean book_labels_show (Book *book, const BookPerson *person); /* TRUE: the person is not to be hidden */

/* ---- people.c ---- */
void book_people_init (Book *book);
guint64 book_ino_hash (const char *resource_name); /* for an inode number; the top bit is 0 */
void book_people_clear (Book *book);
gboolean book_people_load (Book *book, GError **error);
/* Everybody as they are in memory, in place of what the store has: after writing to it failed. */
gboolean book_people_store_all (Book *book, GError **error);
const char *book_person_base_name (const BookPerson *self);
void book_person_set_name (BookPerson *self, const char *name, const char *base_name); /* it has none */
void book_person_store (Book *book, BookPerson *person);
void book_person_unstore (Book *book, const BookPerson *person);
void book_people_insert (Book *book, BookPerson *person);   /* takes the reference */
void book_people_take_out (Book *book, BookPerson *person); /* the reference is the caller's now */

/* ---- others ---- */
void book_people_show (Book *book);                           /* apply.c: all and only those who are not to be hidden */
gboolean book_forget_others (Book *book, GError **error);     /* forget.c */
void book_keep_last_error (Book *book, const char *sentence); /* failures.c */
void book_orders_clear (Book *book);                          /* orders.c */
