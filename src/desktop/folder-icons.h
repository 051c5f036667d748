/*
 * --folder-icons for Nautilus, Nemo and Caja: GIO's metadata::custom-icon of each contact's folder, which gvfs keeps in a
 * list of its own. It names the photo's file in the cache, and only where there is one: whoever shows it fetches nothing.
 *
 * All people are gone through at the beginning, and again two seconds after a photo, a name or the cache has changed. The
 * child (icon-setter.h) is told of a hundred every tenth of a second, and only when it has taken those before. What was told
 * is not told again. No call waits for the desktop, and a failure is one line of log.
 *
 * Loop thread only.
 */
#pragma once

#include "photo/photos.h"

typedef struct FolderIcons FolderIcons;

/* The mount at mountpoint answers by now. wanted: the option is given. If it is not, what an earlier mount there had set is
 * taken away, and NULL is returned where there is nothing of that. Borrows book and photos. */
FolderIcons *folder_icons_new (Book *book, Photos *photos, const char *mountpoint, gboolean wanted);
void folder_icons_free (FolderIcons *self); /* a child that is at work is killed */

void folder_icons_cache_changed (FolderIcons *self);

/* Takes all of them away, while the mount still answers, within five seconds; the next mount takes the rest. FALSE: there
 * is nothing to wait for. Else done is called once, unless folder_icons_free comes first. */
gboolean folder_icons_end (FolderIcons *self, void (*done) (gpointer data), gpointer data);
