/*
 * News that travel up: for the kernel (BookEvents, registered once by fs/), and for the person (BookNews). Called on the
 * loop thread; what is handed over is borrowed.
 */
#pragma once

#include "book/person.h"

typedef struct {
  void (*name_changed) (const char *name, gpointer data); /* an entry of the root is gone, or means somebody else */
  void (*photo_gone) (BookPerson *person, const char *file_name, guint64 file_id, gpointer data); /* by the service */
  void (*dropped_name_ends) (BookPerson *person, const char *file_name, gpointer data); /* soon: see dropped.c */
} BookEvents;

/* Part of BookOptions, since what an earlier mount had promised may fail before anything is mounted. */
struct BookNews {
  /* A change failed. what: "the photo was not changed"; why: in words, and where the picture is; picture: NULL when none
   * is concerned. */
  void (*failed) (const BookPerson *person, const char *what, const char *why, GBytes *picture, gpointer data);
  /* A change of the person's photo succeeded: what failed before of this picture is overtaken; NULL: of any. */
  void (*changed) (const BookPerson *person, GBytes *picture, gpointer data);
};

void book_set_events (Book *book, const BookEvents *events, gpointer data); /* events is borrowed; NULL: no more */
