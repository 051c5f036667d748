/*
 * News for the kernel: called on the loop thread, registered once by fs/.
 */
#pragma once

#include "book/person.h"

typedef struct {
  void (*name_changed) (const char *name, gpointer data); /* an entry of the root is gone, or means somebody else */
  void (*photo_gone) (BookPerson *person, const char *file_name, guint64 file_id, gpointer data); /* by the service */
} BookEvents;

void book_set_events (Book *book, const BookEvents *events, gpointer data); /* events is borrowed; NULL: no more */
