/*
 * The contacts of a mount, by plain file operations. Each call may wait as long as the mount lets it. Any thread.
 *
 * Errors are PORTRAITS_ERROR: the code is an errno, or 0, the message a sentence, the mount's own (user.contactfs.error) where it
 * has one.
 */
#pragma once

#include <gio/gio.h>

#define PORTRAITS_ERROR (portraits_error_quark ())
GQuark portraits_error_quark (void);

typedef struct {
  char *name;          /* of the folder */
  char *resource_name; /* who it is, whatever the folder is called later */
  char **emails;       /* all of them; may be empty */
  char **phones;       /* the same */
  char **replaced;     /* earlier names of pictures in .previous, and their names now: "EARLIER NAME" */
  gint64 changed;      /* seconds since 1970: when the contact was changed */
  gboolean has_photo;
  gboolean has_profile; /* the picture of a linked profile */
  gboolean is_removing; /* its photo was removed, and is not in .previous before the service has done so */
} Contact;

void contact_free (gpointer self);

/* Element: Contact*, owned, in the order of their names. No photo is fetched. NULL with an error. */
GPtrArray *contacts_read (const char *mountpoint, GError **error);

/* Whether what was read came from a mount that was there to the end: ENOTCONN when it is ending, or gone. Nobody is found below
 * such a mountpoint, and no photo is read, which says nothing about any contact. */
gboolean contacts_check_mounted (const char *mountpoint, GError **error);

/* Leaves those who carry the label. FALSE with an error: there is no such label. */
gboolean contacts_keep_label (GPtrArray *contacts, const char *mountpoint, const char *label, GError **error);

/* The one whose folder is called so (in whatever normalisation); NULL: none is. Borrowed. */
Contact *contacts_find (const GPtrArray *contacts, const char *name);

/* The contact's folder, if it is still that of the same person; close it. -1 with an error: ESTALE for another person, ENOTCONN
 * when the mount itself is gone. */
int contact_open (const char *mountpoint, const Contact *contact, GError **error);

/* An extended attribute of what is open; NULL: it has none. Transfer full. */
char *contact_attribute (int fd, const char *name);

/* The SHA-256 of the picture that the mount sent and that is the contact's photo now; NULL: the photo came otherwise, or there is
 * none. Transfer full. */
char *contact_sent (const char *mountpoint, const Contact *contact);

/* Looks again whether there is a photo, after what programs that ended have left under way is over: within two minutes. */
void contact_settle (const char *mountpoint, Contact *contact);

/* Removes the photo as rm does: the service hears of it a moment later. */
gboolean contact_remove (const char *mountpoint, const Contact *contact, GError **error);

/* Files up to 64 MiB, which is what the mount takes: EFBIG for larger ones, EISDIR and the like for what is no file. name may
 * be a path below folder, or with AT_FDCWD any path. */
GBytes *contact_read_file (int folder, const char *name, GError **error);

/* The same for a photo among many. failures: how often the service failed so far, 0 at first. Once it failed five times,
 * nothing is read any more: EHOSTUNREACH. So a walk through a large book ends, whatever each wait may take. */
GBytes *contact_read_one_of_many (int folder, const char *name, guint *failures, GError **error);

/* Makes picture the contact's photo, and comes back when the service has it. if_missing: only where there is no photo, else
 * EEXIST. */
gboolean contact_place (const char *mountpoint, const Contact *contact, GBytes *picture, gboolean if_missing,
                        GError **error);

/* Whether the error of a contact_place would meet the next contact as well: the service is out of reach, the login has ended, the
 * day's allowance is used up, the mount is read-only or gone. */
gboolean contacts_all_would_fail (const char *mountpoint, const GError *error);
