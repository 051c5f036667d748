/* The members of Photos, and what its parts share. Only src/photo/ includes this. */
#pragma once

#include "photo/cache.h"
#include "photo/line.h"

#define STREAM_RECENT 8

typedef struct {
  gint64 session;
  guint number;                  /* no two streams have the same; 0: none */
  gboolean bodies;               /* it needs bytes, and not only the sizes that are not known */
  guint wanted;                  /* photos so far */
  guint opened;                  /* opens of photos */
  guint listed;                  /* folders of contacts */
  gboolean flows;                /* there was evidence enough */
  guint unread;                  /* photos that were fetched ahead and nobody has wanted */
  guint quota;                   /* photos that may yet be fetched ahead for the last one that was wanted */
  gboolean astray;               /* its last photo was not predicted */
  guint64 recent[STREAM_RECENT]; /* inode numbers of the last, in turn */
  gint64 last;                   /* monotonic: when the last was wanted */
  gint64 pause;                  /* microseconds: in all, until it is a stream; then the last */
} Stream;

typedef struct KeepAll KeepAll;

struct Photos {
  Book *book;
  PeopleClient *people;
  HttpClient *http;
  PhotosOptions options; /* its strings are ours */
  BookStore *store;      /* the book's */
  Activity *activity;    /* the book's */
  Cache *cache;
  Archive *archive;
  GQueue archive_jobs; /* archive-worker.c: the first is under way */

  /* ---- read-ahead.c ---- */
  Stream streams[8];   /* of the sessions that wanted something last */
  guint stream_number; /* of the last that began */
  gboolean read_ahead_go_on;

  /* ---- fetch.c ---- */
  GHashTable *fetches;  /* version → Fetch; without those that were given up and replaced */
  guint64 fetch_number; /* of the next one */
  guint fetch_runs;     /* under way */
  gint64 fetch_held;    /* bytes, of all of them */
  gint64 fetch_ended;   /* monotonic: when the last one did */
  gint64 connected;     /* monotonic: when a connection was last made ahead of need */
  Line line;

  KeepAll *keep_all; /* keep-all.c; NULL: not wanted, or not begun */

  /* ---- get.c ---- */
  GHashTable *undelivered; /* version → gint64*, monotonic: until then nobody asks for it again */
};

/* ---- photos.c ---- */
#define PHOTO_DAMAGED "the cached photo is not what was fetched: the disk lost some of it"
/* From the cache, whatever its bytes are now, or NULL. *is_intact: they were seen to be what was fetched. */
Photo *photos_open_cached (Photos *photos, const char *version, gboolean *is_intact);
/* TRUE: it is what was fetched, as far as need be read. FALSE: *photo is cleared since it is not, or is too large to be checked
 * on the loop. */
gboolean photos_check_at_once (Photos *photos, Photo **photo, gboolean is_intact);
/* error: what reading it came to. TRUE: it is what was fetched. FALSE: it is fetched anew. */
gboolean photos_settle_check (Photos *photos, const Photo *photo, GError *error);
void photos_note_cache_changed (Photos *photos);
/* The same photo with a descriptor of its own. */
Photo *photo_share (const Photo *photo, GError **error);

/* ---- archive-worker.c ---- */
/* Runs work (task, NULL, the task's data, NULL) in its turn; it ends the task, which is taken. Holds the activity until then. */
void archive_work (Photos *photos, GTask *task, GTaskThreadFunc work);

/* ---- read-ahead.c ---- */
void read_ahead_go_on (Photos *photos); /* there may be room now */

/* ---- keep-all.c ---- self may be NULL but for _free */
KeepAll *keep_all_new (Photos *photos);
void keep_all_free (KeepAll *self);
void keep_all_look_at (KeepAll *self, BookPerson *person); /* the photo may be another one */
void keep_all_synced (KeepAll *self);
/* A fetch of version has ended; photo: NULL, and error says why. */
void keep_all_ended (KeepAll *self, const char *version, const Photo *photo, const GError *error);
void keep_all_go_on (KeepAll *self); /* there may be room now */

/* ---- fetch.c ---- */
typedef struct Fetch Fetch;
/* photo: transfer full; NULL, and error says why. The waiter has left its fetch by then. */
typedef void (*FetchFunc) (GTask *waiter, const char *version, Photo *photo, const GError *error);

void fetches_init (Photos *photos);
/* waiter waits for the fetch of version: one under way, or a new one from url until deadline, which fetch_begin begins
 * when there is room. done may be called from there. */
Fetch *fetch_join (Photos *photos, const char *version, const char *url, gint64 deadline, GTask *waiter,
                   FetchFunc done);
void fetch_begin (Photos *photos);
gint64 fetch_deadline (const Fetch *self);
void fetch_leave (Fetch *self, GTask *waiter);
/* Ahead of need. FALSE: there is no room for such. */
gboolean fetch_ahead (Photos *photos, const char *version, const char *url, gint64 deadline);
