/* A cache of photos on a database of its own, for unit tests. */
#pragma once

#include "photo/cache.h"
#include "store-fixture.h"

typedef struct {
  StoreFixture db;
  char *dir;
  Cache *cache;
  gboolean is_intact; /* as the last cache_open said */
} CacheFixture;

void cache_fixture_set_up (CacheFixture *fixture, gconstpointer data); /* room for 100 bytes */
void cache_fixture_tear_down (CacheFixture *fixture, gconstpointer data);
#define CACHE_TEST(path, func)                                                                                         \
  g_test_add (path, CacheFixture, NULL, cache_fixture_set_up, func, cache_fixture_tear_down)
void cache_fixture_open (CacheFixture *fixture, gint64 max_bytes); /* as after a remount */
void cache_fixture_open_store (CacheFixture *fixture);
void cache_fixture_close_store (CacheFixture *fixture);

/* Where the photo's file is in the end. Transfer full. */
char *cache_fixture_path (CacheFixture *fixture, const char *version);
/* size times fill, as from the network; the descriptor of cache_take. keep: and it is stored. */
int cache_fixture_add (CacheFixture *fixture, const char *version, char fill, gsize size);
void cache_fixture_keep (CacheFixture *fixture, const char *version, char fill, gsize size);
int cache_fixture_open_photo (CacheFixture *fixture, const char *version);

/* The descriptor is read-only, closed on exec, at the start, and its bytes are size times fill. Closes it. */
void cache_assert_content (int fd, char fill, gsize size);
void cache_assert_hit (CacheFixture *fixture, const char *version, char fill, gsize size);
/* Neither its bytes nor a file are there, but its size is known. */
void cache_assert_gone (CacheFixture *fixture, const char *version, gint64 size);
void cache_assert_bytes (CacheFixture *fixture, gint64 bytes); /* by the store */
/* How many files and folders are in the folder itself: that of each photo, by its first two digits, and what is temporary. */
void cache_assert_entries (CacheFixture *fixture, guint expected);
