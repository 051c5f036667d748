/* A BookStore in a folder of its own, for unit tests. */
#pragma once

#include "book/store.h"
#include "helpers.h"

typedef struct {
  char *folder;
  char *path;
  BookStore *store;
} StoreFixture;

void store_set_up (StoreFixture *fixture, gconstpointer data);
void store_tear_down (StoreFixture *fixture, gconstpointer data);
#define STORE_TEST(path, func) g_test_add (path, StoreFixture, NULL, store_set_up, func, store_tear_down)

void store_open (StoreFixture *fixture);
void store_close (StoreFixture *fixture);

void store_put_person (BookStore *store, const char *resource_name, const char *name);
void store_assert_people (BookStore *store, const char *expected); /* lines of "resource name=name" */

#define assert_good(expression)                                                                                        \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    GError *error_ = NULL, **error = &error_;                                                                          \
    gboolean good_ = (expression);                                                                                     \
    g_assert_no_error (error_);                                                                                        \
    g_assert_true (good_);                                                                                             \
  }                                                                                                                    \
  G_STMT_END
