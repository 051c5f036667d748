/*
 * The address book on disk (--state-dir): people, photos, refresh tokens and the sync epoch in one SQLite file.
 * Main thread only; every change is written as it happens, before it is answered.
 */
#pragma once

#include "emulator/model.h"
#include "emulator/oauth.h"

typedef struct State State;

State *state_open (const char *directory, GError **error);
void state_close (State *self);

/* TRUE: there were people, and they are in model now. */
gboolean state_load_people (State *self, Model *model, GError **error);
void state_load_tokens (State *self, OAuth *oauth);
guint state_load_epoch (State *self);

/* Saves everybody at once, after a fresh start. */
void state_save_all (State *self, Model *model);
void state_save_epoch (State *self, guint epoch);

/* For model_on_change () and oauth_on_change (): data is the State. */
void state_person_changed (const PersonState *before, const PersonState *after, gpointer state);
void state_token_changed (const char *refresh_token, const char *scope, const char *account, gpointer state);
