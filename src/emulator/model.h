/*
 * The address book: who is in it now, who was in it at what revision, and what deltas may tell already.
 *
 * Every change gets the next revision. A delta is everybody whose newest tellable state is younger than a revision;
 * with a lag, a change is tellable only after it, and until then the state before it is what deltas show.
 */
#pragma once

#include "emulator/person.h"

typedef struct Model Model;

/* Called after each change, for whoever keeps the book on disk. before is NULL for somebody new. */
typedef void (*ModelChanged) (const PersonState *before, const PersonState *after, gpointer data);

Model *model_new (PhotoStore *photos, const char *account);
void model_free (Model *self);
void model_set_lag (Model *self, gint64 seconds);
void model_on_change (Model *self, ModelChanged changed, gpointer data);

/* By the current or a previous name; borrowed, NULL: not there, or deleted. */
PersonState *model_lookup (Model *self, const char *resource_name);
/* Even if deleted. */
PersonState *model_lookup_any (Model *self, const char *resource_name);
guint64 model_revision (const Model *self);

/* At the start: takes a state as it is; a revision of 0 becomes the next one. */
void model_load (Model *self, PersonState *state);
/* Takes a changed copy (or somebody new): revision, update time and changed_at become now's. Answers it, borrowed. */
PersonState *model_put (Model *self, PersonState *state);
void model_delete (Model *self, PersonState *state);
/* Moves the person to another resource name, with the old one in previousResourceNames. FALSE: that name is taken. */
gboolean model_rename (Model *self, PersonState *state, const char *resource_name);
char *model_free_name (Model *self); /* transfer full */

/* Everybody, by revision; PersonState, transfer full. */
GPtrArray *model_everybody (Model *self);
/* The revision up to which deltas tell everything. */
guint64 model_tellable_revision (Model *self);
/* Who changed after since, as deltas may tell it, the deleted included; by revision. Transfer full. */
GPtrArray *model_delta (Model *self, guint64 since);
