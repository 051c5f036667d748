/*
 * Files of the cache that were seen to be what was fetched: they need not be read again for as long as nobody touches them.
 * Loop thread only.
 */
#pragma once

#include <glib.h>
#include <sys/stat.h>

typedef struct Intact Intact;

Intact *intact_new (void);
void intact_free (Intact *self);

/* The file behind fd was seen to be version, whole. */
void intact_note (Intact *self, const char *version, int fd);
/* We gave the file another name, path. Unless somebody wrote to it, it is what was noted. */
void intact_follow (Intact *self, const char *version, const char *path);
void intact_forget (Intact *self, const char *version);
/* TRUE: the file of which st is is still the one that was noted. */
gboolean intact_is (Intact *self, const char *version, const struct stat *st);
