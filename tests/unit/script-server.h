/*
 * An HTTP server on 127.0.0.1 for unit tests, on the test's own main loop: it answers from a script, one entry per
 * request in the order they come, and keeps what it saw. A request for which there is no entry is answered 599.
 */
#pragma once

#include <libsoup/soup.h>

typedef struct ScriptServer ScriptServer;

typedef struct {
  char *method, *path, *query;                                          /* as sent, escaped; query NULL: none */
  char *authorization, *quota_project, *content_type, *accept_encoding; /* NULL: not sent */
  GBytes *body;
  guint port; /* of the client: tells connections apart */
} Seen;

/* TRUE: it has answered. Called before the script is looked at. */
typedef gboolean (*ScriptHook) (ScriptServer *self, SoupServerMessage *message, const Seen *seen, gpointer data);

/* For 127.0.0.1, signed by itself; written over what is there. */
void script_make_certificate (const char *certificate, const char *key);

ScriptServer *script_server_new (GTlsCertificate *certificate); /* NULL: plain http */
void script_server_free (ScriptServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ScriptServer, script_server_free)

char *script_server_url (ScriptServer *self, const char *path); /* transfer full */
void script_server_set_hook (ScriptServer *self, ScriptHook hook, gpointer data);

void script_json (ScriptServer *self, guint status, const char *json);
void script_answer (ScriptServer *self, guint status, const char *content_type, const char *body, gssize length);
void script_header (ScriptServer *self, const char *name, const char *value); /* added to the entry scripted last */
void script_hang (ScriptServer *self);                                        /* never answered */
void script_raw (ScriptServer *self, const char *bytes); /* these bytes on the wire, then the connection is closed */

guint script_server_count (ScriptServer *self);               /* requests seen */
guint script_server_left (ScriptServer *self);                /* entries not used */
const Seen *script_server_seen (ScriptServer *self, guint i); /* fails the test when there is none */

/* ---- waiting, on the default main context ---- */

void keep_result (GObject *source, GAsyncResult *result,
                  gpointer data);                  /* a GAsyncReadyCallback: data is GAsyncResult** */
GAsyncResult *await_result (GAsyncResult **slot);  /* runs the loop until it is there; borrowed */
void await_requests (ScriptServer *self, guint n); /* runs the loop until n were seen */
#define AMPLE 600.0 /* seconds: a deadline that comes on no machine, however loaded, before meson ends the test */
gint64 deadline_in (double seconds);
double seconds_since (gint64 start);
