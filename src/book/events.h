/*
 * What happened, told upwards: to the rooms above (BookEvents), in the order in which they began to listen, and to the person
 * (BookReports). Called on the loop thread; what is handed over is borrowed.
 */
#pragma once

#include "book/person.h"

/* Each member may be NULL. */
typedef struct {
  void (*name_changed) (const char *name, gpointer data); /* an entry of the root is gone, or means somebody else */
  /* The photo, the profile picture or a time may have changed, or the person is gone. elsewhere: another program or device did
   * it. The person's unconfirmed picture is still there. */
  void (*person_changed) (BookPerson *person, gboolean elsewhere, gpointer data);
  /* The service calls somebody otherwise, or took two for one; the store does not know yet. */
  void (*resource_renamed) (const char *from, const char *to, gpointer data);
  /* What the service says of the person is older than what we know, and not known to us. The listener does not apply anything
   * before it returns. */
  void (*doubted) (BookPerson *person, gpointer data);
  void (*up_to_date) (gpointer data); /* a listing or delta was applied */
  void (*answered) (gpointer data);   /* the service carried out a request */
} BookEvents;

/* Part of BookOptions, since what an earlier mount had promised may fail before anything is mounted. */
struct BookReports {
  /* A change failed. what: "the photo was not changed"; why: in words, and where the picture is; picture: NULL when none
   * is concerned. */
  void (*failed) (const BookPerson *person, const char *what, const char *why, GBytes *picture, gpointer data);
  /* A change of the person's photo succeeded: what failed before of this picture is overtaken; NULL: of any. */
  void (*changed) (const BookPerson *person, GBytes *picture, gpointer data);
};

void book_listen (Book *book, const BookEvents *events, gpointer data); /* events is borrowed */
void book_unlisten (Book *book, gpointer data);                         /* who listens with that data */
