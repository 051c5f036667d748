/*
 * Asks the service whose address book is mounted, where neither the login nor the state says so, and again until there is
 * an answer. Where the state is somebody's, nothing else is asked for before. Loop thread only.
 */
#pragma once

#include "book/book.h"

typedef struct Owner Owner;

/* Borrows all three, which must live longer; account is for sentences. Credentials that turn out to be those of somebody
 * else than the state's give no tokens any more, and a message says so. A login that takes the place of the one before is
 * looked at in the same way. */
Owner *owner_new (const char *account, Book *book, Auth *auth, PeopleClient *people);
void owner_free (Owner *self); /* NULL is fine */
