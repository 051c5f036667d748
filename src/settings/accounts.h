/*
 * The accounts that are set up on this computer: those with something of their own in the config folder (a login, a
 * client file, the unit's settings). What was mounted once with credentials that were given at the time is not among them.
 */
#pragma once

#include <glib.h>

#define DEMO_ACCOUNT "demo" /* that of contactfs demo; not listed */

/* Their names, sorted. Transfer full. */
char **accounts_list (void);
