/*
 * The inside of a matcher, for match.c, nearest.c and person.c.
 */
#pragma once

#include "match/person.h"

struct Matcher {
  GPtrArray *people; /* of Person */
  GPtrArray *forms;  /* of Form */
  GHashTable *index; /* key of words → GPtrArray of Form, borrowed */
};

/* The same for all orders and spellings of the words, which it sorts. Transfer full. */
char *matcher_key (GPtrArray *words);

/* The letters of the key. Transfer full. */
gunichar *matcher_letters (GPtrArray *words, glong *length);
