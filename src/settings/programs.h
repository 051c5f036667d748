/* Where the programs are that contactfs runs. */
#pragma once

#include <glib.h>

/* Next to us or where its like is installed, seen from there; in the build folder BUILD of it; where it would be
 * installed; or in $PATH. NULL: nowhere. Transfer full. */
char *programs_find (const char *name, const char *build);

/* How a person's shell calls this very program: "contactfs", if that is what its $PATH has, else its path, quoted.
 * Transfer full. */
char *programs_own_command (void);
