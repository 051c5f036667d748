/*
 * Faults that a test orders: which request, what goes wrong, how often.
 */
#pragma once

#include "emulator/pattern.h"

typedef enum {
  FAULT_STATUS,      /* this status (and body) instead of the answer; nothing is carried out */
  FAULT_DELAY,       /* the answer, later */
  FAULT_GATHER,      /* the answer, once so many requests wait for theirs */
  FAULT_HANG,        /* no answer, ever */
  FAULT_RESET,       /* the connection is reset; nothing is carried out */
  FAULT_CUT,         /* half of the answer's body, then the connection ends */
  FAULT_TYPE,        /* the answer under another content type (and with another body, if one is given) */
  FAULT_LOST_ANSWER, /* carried out, then the connection ends without an answer */
  FAULT_GARBAGE,     /* 200 and the right type, but no sense */
  FAULT_QUOTA,       /* 429 with QuotaFailure, as when the daily allowance is used up; nothing is carried out */
  FAULT_ENDLESS,     /* a page of a listing without people, that names a next one, another each time */
  FAULT_STALE,       /* a photo mutation that is carried out, but answers with the Person as it was before */
} FaultAction;

typedef struct Fault {
  guint id;
  Pattern *pattern;
  char *with;    /* only where the query has this, or NULL */
  char *without; /* and has not this, or NULL */
  FaultAction action;
  guint status;
  char *reason; /* ErrorInfo's reason in the envelope, or NULL */
  char *content_type;
  GBytes *body;       /* or NULL */
  GPtrArray *headers; /* char *, name and value in turn */
  gboolean applied;   /* STATUS, HANG, RESET, GARBAGE: the request is carried out before */
  guint delay_ms;     /* before anything else */
  guint count;        /* GATHER: so many */
  int times;          /* left; -1: for ever */
  guint hits;
} Fault;

typedef struct Faults Faults;

Faults *faults_new (void);
void faults_free (Faults *self);

int fault_action_by_name (const char *name); /* -1: none */
const char *fault_action_name (FaultAction action);
Fault *fault_new (void);
void fault_free (Fault *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fault, fault_free)

guint faults_add (Faults *self, Fault *fault); /* takes it; its id */
void faults_clear (Faults *self);
/* Keeps a request that is never answered, until its client leaves. */
void faults_hold (Faults *self, Request *request);
GPtrArray *faults_list (const Faults *self); /* Fault, borrowed */

/* The first fault for this request, and the first pure delay; each counts as a hit. Borrowed until faults change. */
void faults_take (Faults *self, const Request *request, const Fault **fault, guint *delay_ms);
