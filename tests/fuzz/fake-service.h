/*
 * The People API and its photo host, as the book calls them (people.h, photo.h), without a network: the calls wait until somebody
 * has them answered, or until their deadline, or until they are cancelled. Pictures have numbers, from 1; 0 is none.
 */
#pragma once

#include "people/people.h"
#include "photo/archive.h"

enum { FAKE_PEOPLE = 5 };

void fake_service_begin (void);
void fake_service_end (void); /* nothing waits any more, and the book is gone */

/* A photo is only overwritten or removed when it is in archive, unless the service changed it after the book had last heard
 * of it. NULL: do not look. */
void fake_service_watch (Archive *archive);

/* ---- pictures: small PNGs that differ ---- */
GBytes *fake_picture (guint number); /* transfer full */
/* The number of the picture that these bytes begin with, whole; 0: none. */
guint fake_picture_number (gconstpointer bytes, gsize size);
/* That picture was once the person's photo. */
gboolean fake_service_had (const char *resource_name, guint picture);

/* ---- other devices ---- */
void fake_service_change_photo (guint person, guint picture);
void fake_service_rename (guint person, const char *name);
void fake_service_remove (guint person); /* or it is there again */

/* ---- the calls that wait ---- */
guint fake_service_waiting (void);
/* how: 0: as it should be. Else something goes wrong, always the same for the same number. */
void fake_service_answer (guint which, guint how);
/* Those that were cancelled, or have no time left, end. TRUE: there were such. */
gboolean fake_service_expire (void);
gint64 fake_service_next (void); /* the next deadline; G_MAXINT64: none */
