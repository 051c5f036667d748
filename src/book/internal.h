/*
 * The Book's own members, sectioned by the file that owns them. Only src/book/ includes this.
 */
#pragma once

#include "book/activity.h"
#include "book/book.h"
#include "book/events.h"
#include "book/folder.h"
#include "image/helper.h"

/* What programs walk in; each also backwards. */
typedef enum { BOOK_ORDER_LISTED, BOOK_ORDER_BYTES, BOOK_ORDER_INODES, BOOK_ORDER_TIMES } BookOrder;
G_STATIC_ASSERT (BOOK_ORDER_TIMES + 1 == BOOK_N_ORDERS);

#define BOOK_SCAN_RECENT 8

typedef struct {
  gint64 session;
  guint number;    /* no two scans have the same; 0: none */
  gboolean bodies; /* somebody reads or replaces; else only those are needed of which the size is not known */
  guint wanted;    /* photos so far */
  guint unread;    /* photos that were fetched ahead and nobody has wanted */
  guint quota;     /* photos that may yet be fetched ahead for the last one that was wanted */
  gboolean astray; /* its order did not tell the last one that was wanted */
  guint64 recent[BOOK_SCAN_RECENT]; /* inode numbers of the last, in turn */
  gint64 last;                      /* monotonic: when the last was wanted */
  gint64 pause;                     /* microseconds: in all, until it is a scan; then the last */
} BookScan;

/* What was measured of the line to the photos' host (line.c). */
typedef struct {
  gint64 delay;    /* microseconds from a request to the first byte; 0: not measured */
  double rate;     /* bytes in a second */
  guint64 carried; /* bytes, in all */
  gint64 typical;  /* bytes of a photo, as the last ones were */
  gboolean any;    /* one has come */
  gint64 limit;    /* bytes, since the host asked to slow down */
} BookLine;

typedef struct {
  gint64 asked, first, latest; /* monotonic: the request, the first byte, the latest */
  guint64 before;              /* bytes that had been carried before the first */
} BookTransfer;

typedef struct {
  const BookEvents *events;
  gpointer data;
} Listener;

/* TELL (book, name_changed, name): calls that event of all who listen. */
#define TELL(book, event, ...)                                                                                         \
  for (guint i_ = 0; i_ < (book)->listeners->len; i_++) {                                                              \
    const Listener *listener_ = &g_array_index ((book)->listeners, Listener, i_);                                      \
    if (listener_->events->event != NULL)                                                                              \
      listener_->events->event (__VA_ARGS__ __VA_OPT__ (, ) listener_->data);                                          \
  }

struct Book {
  /* ---- book.c ---- */
  PeopleClient *people;
  HttpClient *http;
  BookOptions options; /* its strings are ours */
  BookStore *store;
  BookCache *cache;
  BookArchive *archive;
  int lock_fd;
  gint64 started;
  GArray *listeners; /* of Listener */
  Activity *activity;
  char *last_error;
  gint64 last_error_time;

  /* ---- people.c ---- */
  GHashTable *by_resource_name; /* char* → BookPerson, the owner of the reference */
  GHashTable *by_name;          /* char* → BookPerson */
  GHashTable *by_ino;           /* guint64* → BookPerson */
  gint64 names_changed;
  gboolean listed;
  gboolean store_behind; /* what could not be written is: everybody is with the next news, and before the token is */

  /* ---- orders.c ---- of BookPerson, borrowed; NULL when out of date */
  GPtrArray *listing;
  GPtrArray *orders[BOOK_N_ORDERS];

  /* ---- scan.c ---- */
  BookScan scans[8]; /* of the sessions that wanted something last */
  guint scan_number; /* of the last that began */
  gboolean scans_go_on;

  /* ---- fetch.c ---- */
  GHashTable *fetches;  /* version → BookFetch; without those that were given up and replaced */
  guint64 fetch_number; /* of the next one */
  guint fetch_runs;     /* under way */
  gint64 fetch_held;    /* bytes, of all of them */
  gint64 fetch_ended;   /* monotonic: when the last one did */
  BookLine line;

  /* ---- photos.c ---- */
  GHashTable *undelivered; /* version → gint64*, monotonic: until then nobody asks for it again */

  /* ---- sync.c ---- */
  GCancellable *sync_cancellable; /* a listing or delta is under way */
  GPtrArray *sync_people;         /* of PeoplePerson: the pages so far */
  GHashTable *sync_pages;         /* their tokens */
  gboolean sync_full;
  guint64 sync_size;       /* bytes of its pages so far */
  guint64 sync_ignored;    /* … and people in them who could not be taken */
  gint64 sync_total;       /* the most that a page of this listing said for all */
  char *sync_missing;      /* whom the last full listing left out, which was not believed; or NULL */
  char *sync_doubt;        /* why it was not, as a sentence; or NULL */
  GPtrArray *sync_waiting; /* of GTask: who wants to know how the next sync ends */
  guint sync_timer;
  guint sync_failures;
  guint sync_doubts;    /* full listings in a row that may not have been the whole */
  gboolean sync_outage; /* the last one failed since nobody answered us: it is worth a try when somebody does */
  gint64 news_came;     /* monotonic: when a listing or delta last came; 0: not in this mount */
  gint64 news_tried;    /* … when a mutation last asked for one */
  gint64 news_missed;   /* … and when a whole look last saw nothing at all */
  gint64 last_sync;     /* seconds since 1970 of the last that succeeded; 0: never */
  gint64 next_sync;     /* monotonic, microseconds */
  gboolean unreachable; /* the last request of the API did not reach it */
  GError *down;         /* it said why nothing can be sent: out of reach, or the login; NULL: something can */

  /* ---- probe.c ---- */
  GPtrArray *probe_waiting; /* of GTask; NULL: no probe is under way */

  /* ---- mutations.c ---- */
  GQueue mutations; /* of GTask with a Mutation, the first one is under way */
  double tokens;    /* what the bucket holds */
  gint64 tokens_time;

  /* ---- send.c ---- */
  ImageHelper *image_helper;
  GQueue sends; /* of GTask with a Send, in the order in which they came; not yet in mutations */

  /* ---- folder.c ---- */
  GHashTable *folders;     /* BookPerson → BookFolder */
  GHashTable *last_writes; /* take-back.c: BookPerson, referenced → what a program wrote */
  guint64 next_file_id;
  const FolderEvents *folder_events;
  gpointer folder_events_data;
};

/* ---- failures.c ---- */
#define BOOK_NOT_CHANGED "the photo was not changed" /* where that is not known, people are told so */
#define BOOK_NOT_REMOVED "the photo was not removed and is back"
void book_keep_last_error (Book *book, const char *sentence);
/* A g_message; person may be NULL. */
void book_log_failure (const BookPerson *person, const GError *error, const char *sentence);
/* In the log and in user.contactfs.error. whereabouts: where the picture is now, in words; NULL: there is none. */
void book_person_fail (Book *book, BookPerson *person, const char *what, const GError *error, const char *whereabouts);
/* On the desktop; picture: NULL when none is concerned. */
void book_tell_failed (Book *book, const BookPerson *person, const char *what, const GError *error, GBytes *picture,
                       const char *whereabouts);
/* Both, where no picture is concerned. */
void book_change_failed (Book *book, BookPerson *person, const char *what, const GError *error);
/* picture is the photo now, as it was written; NULL: it was another change */
void book_tell_changed (Book *book, const BookPerson *person, GBytes *picture);

/* ---- reachability.c ---- */
void book_note_outcome (Book *book, const GError *error); /* of any API request */
const GError *
book_down (const Book *book); /* why nothing can be sent: out of reach, or the login; NULL: something can */
gboolean book_is_reachable (const Book *book);

/* ---- book.c ---- */
/* A listing or delta has been applied: it is listed from now on. */
void book_note_up_to_date (Book *book);

/* ---- people.c, apply.c ---- */
/* forget.c */
gboolean book_forget_others (Book *book, GError **error);

/* ---- allowance.c ---- */
void book_allowances_load (Book *book);
gboolean book_allowances_forget (Book *book, GError **error);
void book_allowances_clear (Book *book);

void book_people_init (Book *book);
void book_people_clear (Book *book);
gboolean book_people_load (Book *book, GError **error);
/* Everybody as they are in memory, in place of what the store has: after writing to it failed. */
gboolean book_people_store_all (Book *book, GError **error);

typedef enum {
  BOOK_APPLY_DELTA,  /* may lag: an older update time, or the photo that we just replaced, is ignored */
  BOOK_APPLY_ALL,    /* the same, and who is not in it is gone */
  BOOK_APPLY_ANSWER, /* the answer to a mutation: it may be late, and then a delta that came before is newer */
  BOOK_APPLY_TRUTH   /* what people.get says again and again */
} BookApply;

/* Take what the service said of people (elements: PeoplePerson): names, photos, store, events. One transaction. FALSE
 * when the store could not keep it: it is taken all the same, and kept later. */
gboolean book_people_apply (Book *book, GPtrArray *people, BookApply how, GError **error);
/* The same for one. replaced: the version that the mutation replaced, or NULL. */
void book_people_apply_answer (Book *book, const PeoplePerson *person, const char *replaced);
/* The same for an answer of people.get: as fresh as a delta, no fresher. */
void book_people_apply_news (Book *book, const PeoplePerson *person);
/* One that said the same often enough: whatever its times are. */
void book_people_apply_truth (Book *book, const PeoplePerson *person);
void book_person_store (Book *book, BookPerson *person);
void book_person_unstore (Book *book, const BookPerson *person);
/* A mutation of ours replaced version: a lagging delta does not bring it back. */
void book_person_supersede (BookPerson *person, const char *version);
void book_people_insert (Book *book, BookPerson *person);   /* takes the reference */
void book_people_take_out (Book *book, BookPerson *person); /* the reference is the caller's now */

/* ---- refetch.c ---- */
/* Gets the person once more and applies the answer. _finish returns it, transfer full. */
void book_refetch_async (Book *book, const BookPerson *person, gint64 deadline, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data);
PeoplePerson *book_refetch_finish (GAsyncResult *result, GError **error);

/* ---- look.c ---- */
typedef struct BookLook BookLook;
typedef enum {
  BOOK_LOOK_NEWS,  /* what came some seconds ago is good enough; a delta does */
  BOOK_LOOK_PERSON /* ask for this person, now */
} BookLookDepth;
/* no_such_person: the service was asked for this one, and does not have it. */
typedef void (*BookLookFunc) (gboolean no_such_person, gpointer data);
/* NULL: what is known is fresh enough. Else done is called, never from inside, within two seconds or half of what is
 * left until deadline, and the look is over; or abandon it before that. */
BookLook *book_look (Book *book, BookPerson *person, BookLookDepth depth, gint64 deadline, BookLookFunc done,
                     gpointer data);
void book_look_abandon (BookLook *look);

/* ---- orders.c ---- */
void book_orders_clear (Book *book);
/* Those with a photo; borrowed until people change or book_order_find is called. */
const GPtrArray *book_order (Book *book, BookOrder order);
/* Sets position to the place of person in that order. FALSE: it has none, since it has no photo or is gone. */
gboolean book_order_find (Book *book, const BookPerson *person, BookOrder order, guint *position);

/* ---- scan.c ---- */
/* A photo is wanted by a session (0: by whoever writes): fetch the next ones when a scan is going on. size_alone: a body is
 * needed only where the size is not known. is_there: nothing has to be fetched for it. */
void book_scan_want (Book *book, BookPerson *person, gboolean size_alone, gboolean is_there, gint64 session);
void book_scans_go_on (Book *book); /* there may be room now */

/* ---- line.c ---- */
#define BOOK_LINE_MAX (16 * 1024 * 1024) /* bytes on their way, of all photos together */
void book_line_init (BookLine *self);
void book_line_begin_body (BookLine *self, BookTransfer *transfer);
void book_line_take (BookLine *self, BookTransfer *transfer, gsize size);
void book_line_whole (BookLine *self, const BookTransfer *transfer, gint64 size);
void book_line_slow_down (BookLine *self);      /* the host asks for that */
gboolean book_line_has_room (const Book *book); /* for one more photo ahead of need */
guint book_line_photos (const Book *book);      /* as many as the window has */

/* ---- hash.c ---- SHA-256 in hexadecimal; never fails, cannot be cancelled */
void book_hash_async (GBytes *bytes, GAsyncReadyCallback callback, gpointer data);
char *book_hash_finish (GAsyncResult *result); /* transfer full */
/* Of a file, in small pieces; any thread. Transfer full; NULL, and *error is set: it cannot be read. */
char *book_hash_file (int fd, gint64 size, GError **error);

/* ---- photos.c ---- */
typedef struct {
  int fd; /* -1: not there */
  gint64 size;
  char *version;
  char mime_type[32];
  char sha256[65]; /* of what the service delivered, in hexadecimal; "": not known */
} BookPhoto;
void book_photo_free (BookPhoto *self); /* closes fd */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BookPhoto, book_photo_free)

void book_photos_init (Book *book);
void book_photos_clear (Book *book);
/* The person's photo (or profile picture) as it is now, from the cache or the network, inside timeout seconds.
 * BOOK_ERROR_NOT_FOUND when there is none (any more). */
void book_photo_get_async (Book *book, BookPerson *person, gboolean profile, guint timeout, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data);
BookPhoto *book_photo_get_finish (Book *book, GAsyncResult *result, GError **error);
/* Fetch it into the cache, for nobody yet. */
typedef enum { BOOK_AHEAD_BEGUN, BOOK_AHEAD_THERE /* or on its way, or none */, BOOK_AHEAD_FULL } BookAhead;
BookAhead book_photo_prefetch (Book *book, BookPerson *person, gboolean size_alone);
/* From the cache, or NULL; also for a large one that book_photo_get_async has to check first. */
BookPhoto *book_photo_cached (Book *book, const char *version);
/* TRUE if bytes with that SHA-256 are the photo that the person has, as far as we know: they were sent and became it, or
 * the service delivered them for it. */
gboolean book_photo_is_present (Book *book, const BookPerson *person, const char *sha256);
/* Bytes with that SHA-256 were sent, and became the photo that the person has now. */
void book_photo_note_sent (Book *book, const BookPerson *person, const char *sha256);
/* All its bytes, BOOK_ERROR_IO when they are not what the service delivered; any thread. Never mapped: where the disk cannot
 * be read, that is an error and no signal. */
GBytes *book_photo_read (const BookPhoto *self, GError **error);

/* For fetch.c; fd is the photo's now. */
BookPhoto *book_photo_new (const char *version, int fd, gint64 size, const char *mime_type, const char *sha256);
/* The same photo with a descriptor of its own. */
BookPhoto *book_photo_share (const BookPhoto *photo, GError **error);

/* ---- fetch.c ---- */
typedef struct BookFetch BookFetch;
/* photo: transfer full; NULL, and error says why. The waiter has left its fetch by then. */
typedef void (*BookFetchFunc) (GTask *waiter, const char *version, BookPhoto *photo, const GError *error);

void book_fetches_init (Book *book);
/* waiter waits for the fetch of version: one under way, or a new one from url until deadline, which book_fetch_begin begins
 * when there is room. done may be called from there. */
BookFetch *book_fetch_join (Book *book, const char *version, const char *url, gint64 deadline, GTask *waiter,
                            BookFetchFunc done);
void book_fetch_begin (Book *book);
gint64 book_fetch_deadline (const BookFetch *self);
void book_fetch_leave (BookFetch *self, GTask *waiter);
/* Ahead of need. FALSE: there is no room for such. */
gboolean book_fetch_ahead (Book *book, const char *version, const char *url, gint64 deadline);
/* The book stops: a fetch that nobody waits for is given up. */
void book_fetch_cancel_if_ahead (gpointer fetch);

/* ---- sync.c ---- */
void book_sync_init (Book *book);
void book_sync_clear (Book *book);
void book_sync_start (Book *book);
/* listing.c: what to make of a full listing that ended with sync_token, which may be NULL. TRUE: it is the whole. FALSE, and
 * book->sync_doubt says why: it may not be; who is in it is there, but who is not may be, too. */
gboolean book_listing_is_whole (Book *book, GPtrArray *people, const char *sync_token);
/* TRUE: the next sync, or the one under way, lists what has changed; FALSE: everybody. */
gboolean book_sync_would_be_delta (Book *book);
/* A delta now (or the one under way): whether the service answers. */
void book_sync_now_async (Book *book, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean book_sync_now_finish (Book *book, GAsyncResult *result, GError **error);

/* ---- probe.c ---- */
/* TRUE: what is sent to change something fails, as far as is known: nothing can be sent (book->down), or Google's allowance
 * for changes is used up. */
gboolean book_is_down (Book *book);
/* Success, unless it is down and still is; to learn that takes three seconds at most. Cannot be cancelled. */
void book_probe_async (Book *book, GAsyncReadyCallback callback, gpointer data);
gboolean book_probe_finish (GAsyncResult *result, GError **error);

/* ---- patience.c ---- */
typedef struct BookPatience BookPatience;
/* For something that is done with its cancellable, which is that of caller (or NULL) too: ended when the service answers
 * nothing at all for some seconds. */
BookPatience *book_patience_new (Book *book, GCancellable *caller);
GCancellable *book_patience_cancellable (BookPatience *self);
/* It has ended, with error or with NULL. Returns what to report; both transfer full. */
GError *book_patience_end (BookPatience *self, GError *error);

/* ---- mutations.c ---- */
void book_mutations_init (Book *book);
void book_mutations_clear (Book *book);
/* Make photo, whose SHA-256 is sha256, the person's photo, before deadline (monotonic): what is there now goes to
 * .previous first. Nothing is sent when it is the photo that is there. */
void book_upload_async (Book *book, BookPerson *person, GBytes *photo, const char *sha256, gint64 deadline,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean book_upload_finish (Book *book, GAsyncResult *result, GError **error);
/* Remove the person's photo if it is still version (NULL: whatever it is). */
void book_delete_photo_async (Book *book, BookPerson *person, const char *version, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
/* The same for a removal that was promised: its deadline begins with its turn, since nobody waits for it, and then it ends as
 * cancelled when it is wanted no more: is_wanted is asked with data, until the end. depth: of the first look. */
typedef gboolean (*BookWantedFunc) (gpointer data);
void book_delete_promised_async (Book *book, BookPerson *person, const char *version, BookLookDepth depth,
                                 BookWantedFunc is_wanted, GAsyncReadyCallback callback, gpointer data);
gboolean book_delete_photo_finish (Book *book, GAsyncResult *result, GError **error);

/* ---- send.c ---- */
/* Make what a program wrote into what the service takes, and that the person's photo. BOOK_ERROR_INVALID when it is no
 * picture of which that can be made; BOOK_ERROR_EXISTS when it is a smaller copy and the mount protects from those.
 * base: the photo that was changed in places to become it, or NULL (image_prepare_async). */
void book_send_async (Book *book, BookPerson *person, GBytes *written, GBytes *base, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data);
gboolean book_send_finish (Book *book, GAsyncResult *result, GError **error);
/* The same up to the account's queue, which is not entered: would it fail before the service is asked to change anything?
 * Fails too when the service is known to be out of reach (book_probe_async). */
void book_send_check_async (Book *book, BookPerson *person, GBytes *written, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer data);
gboolean book_send_check_finish (Book *book, GAsyncResult *result, GError **error);

/* ---- save.c ---- */
/* To .previous: photo, which it takes, or else bytes. */
void book_save_async (Book *book, BookPerson *person, BookPhoto *photo, GBytes *bytes, GAsyncReadyCallback callback,
                      gpointer data);
gboolean book_save_finish (GAsyncResult *result, GError **error);

/* ---- ask.c ---- after a mutation whose answer did not say */
/* It failed, and may have been carried out all the same; replaced: the version that it was to replace, or NULL. */
void book_ask_for_outcome (Book *book, BookPerson *person, const char *replaced);
/* photo was taken, and is not shown: it is the person's unseen until it is */
void book_ask_for_unseen (Book *book, BookPerson *person, GBytes *photo);
/* What the service says of the person is older than what we know, and not known to us: what stands in the end is true. */
void book_ask_for_truth (Book *book, BookPerson *person);

/* ---- folder.c ---- */
typedef enum { BOOK_FOLDER_SHOWN, BOOK_FOLDER_REMOVED, BOOK_FOLDER_MOVED } BookFolderState;

typedef struct {
  Book *book;
  BookPerson *person;  /* referenced: who is gone stays as long as something lies in the folder */
  BookFile *photo;     /* what photo.jpg leads to; not referenced unless photo_held */
  gboolean photo_held; /* folder->photo is kept by a reference of ours: it has a draft */
  BookFile *profile;   /* not referenced */
  GPtrArray *others;   /* of BookFile, referenced; NULL when empty */
  BookFolderState state;
  char *removed_version; /* REMOVED: what the user removed */
  gboolean
      removed_earlier; /* REMOVED: in an earlier mount; waits for a sync, since there may be another photo by now */
  guint timer;         /* REMOVED, MOVED */
  gboolean deleting;   /* REMOVED: the deletion is in the account's queue */
  gboolean take_back;  /* REMOVED: the photo from before is to be back, instead of none */
  guint successors;    /* renames to photo.jpg whose upload is under way */
  guint busy;          /* operations that need the folder to stay */
} BookFolder;

void book_folders_init (Book *book);
void book_folders_clear (Book *book);
BookFolder *book_folder_find (Book *book, const BookPerson *person); /* NULL: nobody does anything in it */
BookFolder *book_folder_get (Book *book, BookPerson *person);
void book_folder_release_if_idle (BookFolder *self);
gboolean book_folder_has_photo (BookFolder *self); /* a photo.jpg can be seen */
BookFile *book_folder_photo (BookFolder *self);    /* the lineage to hand out; transfer full; NULL: none */
BookFile *book_folder_find_other (BookFolder *self, const char *name);
BookFile *book_file_new (BookFolder *folder, BookFileKind kind, const char *name);
/* photo.jpg leads to file, which has a draft and is kept for it; NULL: to the service's photo again. */
void book_folder_set_photo (BookFolder *self, BookFile *file);
/* A picture has come: an empty photo.jpg that nobody has open makes room for it. */
void book_folder_end_empty_photo (BookFolder *self);
void book_file_set_draft (BookFile *self, BookDraft *draft); /* takes a reference; NULL: none */
void book_file_forget_later (BookFile *self, guint ms); /* OTHER: its name goes away then, unless somebody opens it */
void book_file_keep (BookFile *self);                   /* stop that timer */
BookHandle *book_handle_new (BookFile *file, int flags);
void book_handle_set_draft (BookHandle *self, BookDraft *draft); /* takes a reference */
/* file gets that name here, whatever it was called before, and its bytes come along. */
void book_folder_add_other (BookFolder *self, BookFile *file, const char *name, gboolean created);
void book_file_adopt (BookFile *self, BookPerson *person); /* it belongs to that person from now on */
/* That name only passes by, in the person's folder as it is now. created as in book_name_is_temporary. */
gboolean book_folder_passes_by (Book *book, BookPerson *person, const char *name, gboolean created);
void book_folder_remove_other (BookFolder *self, BookFile *file);
void book_folder_set_state (BookFolder *self, BookFolderState state);
/* The successor of a photo that was removed or moved away came to nothing, and nothing failed: the wait begins again. */
void book_folder_successor_gone (BookFolder *self);
void book_folder_show_again (BookFolder *self); /* removed or moved away no more; NULL: the folder is gone */
void book_folder_unhold (BookFolder *self);     /* busy no more; NULL: the folder is gone */

/* ---- take-back.c ---- process: an id, 0 when it is not known; name: of the file that it wrote */
GHashTable *book_last_writes_new (void);
void book_note_refused (Book *book, BookPerson *person, gint64 process, const char *name);
/* before: the version that was the photo; NULL: none */
void book_note_taken (Book *book, BookPerson *person, gint64 process, const char *name, const char *before);

typedef enum { BOOK_TAKE_BACK_NOT, BOOK_TAKE_BACK_NOTHING, BOOK_TAKE_BACK_PHOTO } BookTakeBack;
/* The process removes that file. NOT: as anybody does; NOTHING: its write changed nothing, and the photo is to stay; PHOTO:
 * its write is the photo, and the one from before is to be back. It is asked once. */
BookTakeBack book_take_back (Book *book, BookPerson *person, gint64 process, const char *name);
GBytes *book_photo_before (Book *book, const BookPerson *person, GError **error); /* the newest in .previous */

/* ---- dropped.c ---- */
/* The bytes of file, which has another name than photo.jpg, became the person's photo. */
void book_dropped_became_photo (BookFile *file);
/* TRUE: it is a dropped name that ends now; it is gone when those who watch the folder have heard of it. */
gboolean book_dropped_ends (BookFile *file);
/* Nobody has it open any more: its name stands for the photo, for a moment. */
void book_dropped_settle (BookFile *file);
void book_dropped_photo_changed (BookFolder *folder, const char *version);

/* ---- deletion.c ---- */
void book_folder_delete_now (BookFolder *self); /* REMOVED: carry it out */
void book_deletions_start (Book *book);         /* carry out those of this mount at once */
void book_deletions_start_earlier (Book *book); /* the book is up to date: carry out those of an earlier mount */

void book_deletions_load (Book *book);        /* of an earlier mount: hide those photos */
void book_deletion_forget (BookFolder *self); /* the photo stays: REMOVED no more */
void book_deletion_photo_changed (BookFolder *self, const char *version, gboolean elsewhere); /* in REMOVED */
/* done (may be NULL) is called, maybe at once, when what was noted of promised removals is on the disk, so that no power cut
 * undoes what is told next; error: it cannot be brought there. The mount does not end before. */
typedef void (*BookSettledFunc) (const GError *error, gpointer data);
void book_deletions_settle (Book *book, BookSettledFunc done, gpointer data);

/* ---- refuse.c, file.c ---- */
void book_file_open_now_async (BookFile *self, int flags, gint64 session, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data);
BookHandle *book_folder_create_now (Book *book, BookPerson *person, const char *name, int flags, GError **error);
/* FALSE: what was written to the draft of file begins like no picture. said: the user knows that of this draft. */
gboolean book_check_beginning (BookFile *file, BookDraft *draft, gboolean said, GError **error);

/* ---- flush.c ---- */
void book_draft_closed (BookFile *file, BookDraft *draft); /* its last handle is gone */
void book_drafts_finish (BookFolder *folder);              /* the mount ends: as if all handles were closed */
/* What is written to the file is meant to become the contact's photo. */
gboolean book_file_is_meant_for_contact (const BookFile *file);

/* ---- reject.c ---- */
/* picture is no photo as it is; more of it may come, else it goes to .rejected when it is closed. The desktop hears then. */
void book_reject_unless_mended (Book *book, BookPerson *person, GBytes *picture, const GError *why);
/* Keep a picture that did not become the photo in .rejected, and say why: the log and the error (unless said), the desktop. */
void book_reject (Book *book, BookPerson *person, GBytes *picture, const GError *why, gboolean said);
/* The same, off the loop; the mount does not end before. done: kept or not, all has been said. */
void book_reject_async (Book *book, BookPerson *person, GBytes *picture, const GError *why, GAsyncReadyCallback done,
                        gpointer data);
/* The file goes, and its draft with it: a whole picture that was never sent is kept in .rejected. */
void book_keep_unsent (BookFile *file);
