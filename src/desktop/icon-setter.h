/*
 * The child that tells GIO of the folders' icons (folder-icons.h). Main thread of a process of its own; it blocks.
 */
#pragma once

/* Reads pairs of a contact's name and the URI of a picture, each ended by NUL, from stdin until its end. "": no icon.
 * What is so already costs no call, and what somebody else chose stays. cache: the folder that all pictures are in.
 * 0; or 1 with the reason on stdout, where GIO keeps no such list here. */
int icon_setter_run (const char *mountpoint, const char *cache);
