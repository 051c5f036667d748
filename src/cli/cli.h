/*
 * The commands of the program. What was asked for goes to stdout; how they fail is in fail.h. Each returns the exit
 * status.
 */
#pragma once

#include "cli/fail.h"
#include "settings/options.h"

/* Mounts and serves until the mount ends; in the background unless --foreground, and then the caller's process ends in
 * here, as soon as the mount is usable. demo: on a people-emulator of its own instead of the account's service. */
int cli_mount (const Options *options, gboolean demo);

/* What a mount with these options needs, and whether it is there. json: for programs. */
int cli_doctor (const Options *options, gboolean json);

/* Logs an account in by the browser. argv[0]: the command's name. */
int cli_login (int argc, char **argv);

/* Revokes an account's login and forgets it. */
int cli_logout (const char *account);

/* Gives pictures to the contacts whom their files are named after. argv[0]: the command's name. */
int cli_import (int argc, char **argv);

/* Shows who has which photo. */
int cli_list (int argc, char **argv);

/* Writes a page of faces and names. */
int cli_sheet (int argc, char **argv);

/* Brings back photos that were replaced or removed. */
int cli_restore (int argc, char **argv);

/* Takes the mount away, and waits for its process. quiet: without a word of what is waited for. */
int cli_unmount (const char *mountpoint, gboolean quiet);

/* mountpoint NULL: every contactfs mount there is, and every account. json: for programs. */
int cli_status (const char *path, gboolean json);
