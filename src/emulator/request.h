/*
 * One HTTP request and its one answer, without the server that carries it.
 *
 * A server makes a Request, the dispatcher and a route read it, and whoever holds it answers exactly once, at once or
 * later: request_answer (). Reference counted, main thread only. What a fault wants of the answer (another type, a cut,
 * a lost connection) is set on the request beforehand and done when it is answered, so routes know nothing of faults.
 */
#pragma once

#include <glib.h>

#include "emulator/fields.h"

typedef enum { ORIGIN_API, ORIGIN_PHOTO, ORIGIN_TOKEN } Origin;
const char *origin_name (Origin origin); /* "api", "photo", "token" */

typedef enum {
  ENDING_ANSWER, /* the answer goes out as it is */
  ENDING_CUT,    /* headers and half of the body, then the connection ends */
  ENDING_LOSE,   /* nothing goes out: the connection ends */
} Ending;

typedef struct RequestParam {
  char *name;
  char *value;
} RequestParam;

typedef struct Request Request;

/* How a server sends. Each is called once, then data is freed by free (). */
typedef struct Transport {
  void (*answer) (gpointer data, guint status, const char *reason, GPtrArray *headers, GBytes *body, gboolean cut);
  void (*drop) (gpointer data, gboolean abruptly); /* abruptly: with a RST */
  void (*free) (gpointer data);
} Transport;

struct Request {
  grefcount references;
  Origin origin;
  char *method;
  char *path;        /* decoded */
  char *query;       /* as sent, or NULL */
  GPtrArray *params; /* RequestParam, decoded, in order */
  GBytes *body;
  Fields *fields;           /* which members a good answer is to have, or NULL: all */
  GHashTable *received;     /* the client's headers: name in lower case to value; :authority is "host" */
  const char *http_version; /* "1.0", "1.1", "2" */
  guint64 connection;       /* number of the connection, from 1, per program */
  gboolean from_loopback;

  /* for the dispatcher: called once, when the answer's status and size are known; status 0: dropped, or the client left
   */
  void (*ended) (Request *self, guint status, gsize bytes, gpointer data);
  gpointer ended_data;

  const char *fault; /* the name of the fault that it met, static, or NULL */

  /* what a fault wants of the answer */
  Ending ending;
  void (*instead) (Request *self, gpointer data); /* takes the answer's place, once the request is carried out */
  gpointer instead_data;
  gboolean wrapped; /* by the API's front end: answer-body.h */
  gboolean stale;   /* the answer shows what was there before */
  char *forced_type;
  GBytes *forced_body;
  GPtrArray *headers; /* char *, name and value in turn */
  char *reason;

  const Transport *transport; /* NULL once answered, or once the client has gone */
  gpointer transport_data;
  gboolean answered;
};

Request *request_new (Origin origin, const char *method, const char *path, const char *query);
Request *request_ref (Request *self);
void request_unref (Request *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_unref)

/* The first value of a query parameter, or NULL. */
const char *request_param (const Request *self, const char *name);
void request_set_query (Request *self, const char *query); /* and the parameters in it */
/* A header of the client's, by its name in lower case; NULL: not there. */
const char *request_header (const Request *self, const char *name);
/* One of the answer's; replaces what it was. */
void request_set_header (Request *self, const char *name, const char *value);

/* Takes body (may be NULL). Only the first answer counts. */
void request_answer (Request *self, guint status, const char *content_type, GBytes *body);
void request_answer_text (Request *self, guint status, const char *content_type, const char *text);
void request_answer_json (Request *self, guint status, GString *json); /* takes json */
void request_drop (Request *self, gboolean abruptly);

/* For servers: notes a header of the client's; one that comes again is a list. */
void request_receive_header (Request *self, const char *name, const char *value);
/* For servers: the client left before the answer. */
void request_abandoned (Request *self);

/* Decodes a query or a form (a=b&c=d, + and %XX). */
GPtrArray *request_parse_form (const char *text, gsize length);
