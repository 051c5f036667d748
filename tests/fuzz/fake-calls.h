/*
 * A call of the People API or its photo host that waits for its answer: between fake-people.c, where it is made, and
 * fake-service.c, where it is answered.
 */
#pragma once

#include "fake-service.h"
#include "people/photo.h"

typedef enum { LIST, GROUPS, CHECK, GET, AUTHORIZE, UPDATE, DELETE, FETCH } Kind;

typedef struct {
  Kind kind;
  GTask *task;
  gint64 deadline;
  char *text;    /* LIST: the sync token; FETCH: the URL; else the resource name */
  guint picture; /* UPDATE */
  guint told;    /* UPDATE, DELETE: the serial of the photo that the book knew of */
  const PhotoSink *sink;
  gpointer sink_data;
} Call;

/* Its task ends when somebody has it answered. */
Call *fake_call_begin (Kind kind, const char *text, gint64 deadline, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer data);
