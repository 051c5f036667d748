/*
 * What some bytes are when they are no picture that contacts can be given: people mix up files, and are helped by hearing
 * which one this is and what to do. A guess for the sentence, by magic; nothing else depends on it. Pure, any thread.
 */
#pragma once

#include <glib.h>

/* A sentence without a subject ("is a Photoshop document; export it as JPEG"). Transfer full. */
char *image_foreign_words (gconstpointer data, gsize size);

/* The same for a camera's raw file of this name ("Nikon NEF"). Transfer full. */
char *image_foreign_raw_words (const char *name);
