/*
 * The accounts that this computer knows: those with something of their own in the config or the state folder.
 */
#pragma once

#include <glib.h>

/* Their names, sorted; the demo's is none. Transfer full. */
char **accounts_list (void);
