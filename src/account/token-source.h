/*
 * Where a TokenCache gets its tokens: one struct of functions per kind. Internal to src/account. Loop thread only.
 */
#pragma once

#include "account/token-cache.h"

/* What a run made. */
typedef struct {
  char *token;        /* checked by secret_is_token; wiped when freed */
  gint64 lifetime;    /* microseconds, 0: until it is refused */
  Identity *identity; /* whose it is; NULL: that is not told */
} AccessToken;

void access_token_free (AccessToken *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AccessToken, access_token_free)

/* Ends a run, whose task this is, with a token. Takes token; copies identity, which may be NULL. */
void access_token_return (GTask *run, char *token, gint64 lifetime, const Identity *identity);

typedef struct {
  /* A run goes on when nobody waits any more, and the next who asks joins it: what it has got so far must not be lost. */
  gboolean goes_on;
  /* Make one token: the task ends in access_token_return or an error. deadline points at a time that may move later while it runs, when somebody more patient joins, or the
   * source itself moves it; unless it goes on, the run is cancelled when nobody waits any more. self may be freed then:
   * what runs holds what it needs. */
  void (*make_async) (gpointer self, gint64 *deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data);
  /* See token_cache_advice. */
  char *(*advice) (gpointer self, TokenProblem problem);
  /* The project to bill now, borrowed, or NULL. The function may be NULL. */
  const char *(*quota_project) (gpointer self);
  /* What a run that takes too long waits for, as a sentence's beginning, borrowed; NULL: nothing in particular. The
   * function may be NULL. */
  const char *(*hanging) (gpointer self);
  /* See token_cache_identity. The function may be NULL. */
  const Identity *(*identity) (gpointer self);
  /* TRUE: a run is at what must not be lost. The function may be NULL. */
  gboolean (*unfinished) (gpointer self);
  void (*free) (gpointer self);
} TokenSource;

/* Takes self and description. */
TokenCache *token_cache_new (const TokenSource *source, gpointer self, char *description);
