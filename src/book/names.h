/*
 * Directory names for people: pure, no I/O. The rules are the contract's ("Names" in docs/semantics.md).
 */
#pragma once

#include <glib.h>

#include "people/person.h"

/* The longest name, in bytes (NAME_MAX). */
#define BOOK_NAME_MAX 255

/* text as a file name: valid UTF-8, NFC. '/', control characters, what cannot be seen (text.h) and a leading '.' become '_'.
 * Of more than thirty marks in a row the rest is left out. It is cut to max bytes between characters, and never before a
 * combining mark, a joiner or a variation selector. NULL when text is NULL or only white space. Transfer full. */
char *book_name_sanitize (const char *text, gsize max);

/* What the person would be called if nobody else had the name: display name, else e-mail, phone, organisation, else the
 * id ("c123"). Transfer full, never NULL. */
char *book_name_base (const PeoplePerson *person);

/* TRUE if somebody has the name. */
typedef gboolean (*BookNameTaken) (const char *name, gpointer data);

/* name, if it is free; else base with the id behind it, and a number if even that is taken. Transfer full. */
char *book_name_unique (const char *name, const char *base, const char *id, BookNameTaken taken, gpointer data);

/* A free name for the person: the base, else "base (first e-mail)", else "base (id)", each at most BOOK_NAME_MAX bytes
 * with the suffix whole and the base cut; always ends in a name that is not taken. Transfer full. */
char *book_name_choose (const PeoplePerson *person, BookNameTaken taken, gpointer data);
