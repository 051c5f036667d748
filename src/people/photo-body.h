/*
 * The body of people.updateContactPhoto, {"photoBytes": base64, "personFields": …}, made as it is sent. Made before, it
 * would be in memory beside the photo, and larger than that. Pure; any thread.
 */
#pragma once

#include <glib.h>

gsize photo_body_size (GBytes *photo);
/* A HttpBodyFunc (net/http.h). */
gsize photo_body_make (GBytes *photo, gsize offset, gpointer buffer, gsize room);
