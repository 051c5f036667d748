/*
 * One request on its way: an easy handle of libcurl with what came of it so far. Made, put on a connection, taken off it
 * and freed by http-transport.c, which alone may know the members. Loop thread only.
 */
#pragma once

#include "net/http-authorities.h"
#include "net/http-easy.h"
#include "net/http-transport.h"

struct HttpTransfer {
  struct HttpPool *pool;    /* the transport's; NULL: taken out of curl */
  HttpRequest *request;     /* borrowed */
  const HttpOrigin *origin; /* borrowed */
  HttpDoneFunc done;
  gpointer data;
  CURL *easy;
  struct curl_slist *headers;
  GByteArray *body;
  gsize sent;       /* bytes of the request's body that curl has taken, when that is made as it is sent */
  gsize received;   /* bytes of the body */
  gboolean sinking; /* the sink knows that the body has begun */
  GError *unkept;   /* why the sink takes no more */
  gsize headers_size;
  gboolean too_large, secret;
  gboolean looks;         /* at the address that its name leads to: at none behind a proxy, which looks names up */
  gboolean home;          /* an address was refused */
  gboolean headers_whole; /* curl takes a connection that closes among the headers for an answer without a body */
  guint requests;         /* for one that is made once: so often curl began to send it */
  gboolean reconnects;    /* a kept connection broke, and curl tried another one */
  CURLcode code;          /* set by the transport */
  char words[CURL_ERROR_SIZE];
};

/* Borrows request, origin and authorities until it is freed. proxied: https goes by a proxy. */
HttpTransfer *http_transfer_new (HttpRequest *request, const HttpOrigin *origin, const HttpAuthorities *authorities,
                                 gboolean proxied, gint64 deadline, HttpDoneFunc done, gpointer data);

/* TRUE while it waits for its connection: nothing of the request is on the wire. */
gboolean http_transfer_is_waiting (const HttpTransfer *self);

/* Tells done what came of it, by code, unless it was aborted (done is NULL); frees it before that. */
void http_transfer_complete (HttpTransfer *self);

/* It is in no pool. Wipes what is secret. */
void http_transfer_free (HttpTransfer *self);
