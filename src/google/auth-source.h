/*
 * Where an Auth gets its tokens: one struct of functions per kind. Internal to src/google. Loop thread only.
 */
#pragma once

#include "google/auth.h"

typedef struct {
  /* A run goes on when nobody waits any more, and the next who asks joins it: what it has got so far must not be lost. */
  gboolean goes_on;
  /* Make one token. deadline points at a time that may move later while it runs, when somebody more patient joins, or the
   * source itself moves it; unless it goes on, the run is cancelled when nobody waits any more. self may be freed then:
   * what runs holds what it needs. */
  void (*make_async) (gpointer self, gint64 *deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data);
  /* The token, transfer full, checked by secret_is_token; *lifetime in microseconds, 0: until it is refused. */
  char *(*make_finish) (GAsyncResult *result, gint64 *lifetime, GError **error);
  /* See auth_advice. */
  char *(*advice) (gpointer self, AuthTrouble trouble);
  /* The project to bill now, borrowed, or NULL. The function may be NULL. */
  const char *(*quota_project) (gpointer self);
  /* What a run that takes too long waits for, as a sentence's beginning, borrowed; NULL: nothing in particular. The
   * function may be NULL. */
  const char *(*hanging) (gpointer self);
  /* See auth_owner. The function may be NULL. */
  const char *(*owner) (gpointer self);
  /* See auth_login, auth_lineage, auth_identify and auth_disown. The functions may be NULL. */
  const char *(*login) (gpointer self);
  const char *(*lineage) (gpointer self);
  void (*identify) (gpointer self, const char *person, const char *who);
  void (*disown) (gpointer self, const char *person, const char *who, const GError *why);
  /* TRUE: the token that was made last may be somebody else's than those before; identify or disown settles it. The
   * function may be NULL. */
  gboolean (*doubtful) (gpointer self);
  /* TRUE: a run is at what must not be lost. The function may be NULL. */
  gboolean (*unfinished) (gpointer self);
  void (*free) (gpointer self);
} AuthSource;

/* Takes self and description. */
Auth *auth_new (const AuthSource *source, gpointer self, char *description);
