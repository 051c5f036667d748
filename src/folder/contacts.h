/*
 * The whole of what is mounted: the rooms below, put together, and the folders that programs see (folder.h).
 *
 *   contacts_new → (sync_list_async, when the book is not listed) → folder_set_events → contacts_start
 *                → contacts_stop_async → contacts_free
 *
 * Loop thread only; nothing here blocks but the opening of the store.
 */
#pragma once

#include "sync/sync.h"

typedef struct Contacts Contacts;

typedef struct {
  BookOptions book;
  PhotosOptions photos;
  SyncOptions sync;
  const char *credentials; /* token_cache_describe, for status */
  gboolean read_only;
} ContactsOptions;

/* Errors are those of book_new and photos_new. Borrows people and http; copies options. Where options say that the state is of
 * others, .previous and .rejected are set aside. No network. */
Contacts *contacts_new (PeopleClient *people, HttpClient *http, const ContactsOptions *options, GError **error);
void contacts_free (Contacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Contacts, contacts_free)

/* Borrowed. */
Book *contacts_book (Contacts *self);
Photos *contacts_photos (Contacts *self);
Sync *contacts_sync (Contacts *self);

/* From here on: a delta now and at every interval, and deletions left over from the last mount are carried out. */
void contacts_start (Contacts *self);

/* Carry out what was promised (deletions that wait for a successor, drafts still dirty), each inside its own deadline;
 * nothing new is begun. Always succeeds in the end; what could not be done is logged and, for deletions, kept for the
 * next mount. */
void contacts_stop_async (Contacts *self, GAsyncReadyCallback callback, gpointer data);
void contacts_stop_finish (Contacts *self, GAsyncResult *result);

/* JSON for user.contactfs.status: account, credentials, pid, people, photos, last_sync, waiting_mutations, last_error …
 * Transfer full. */
char *contacts_status_json (Contacts *self);
