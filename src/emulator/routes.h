/*
 * The methods of people.v1.json that are implemented, by path. A route answers its request, now or later.
 */
#pragma once

#include "emulator/emulator.h"

/* name: what {resourceName} stands for in the path, or "" */
typedef void (*Route) (Emulator *emulator, Request *request, const char *name);

void route_connections_list (Emulator *emulator, Request *request, const char *name);
void route_people_get (Emulator *emulator, Request *request, const char *name);
void route_people_batch_get (Emulator *emulator, Request *request, const char *name);
void route_update_contact_photo (Emulator *emulator, Request *request, const char *name);
void route_delete_contact_photo (Emulator *emulator, Request *request, const char *name);
void route_create_contact (Emulator *emulator, Request *request, const char *name);
void route_update_contact (Emulator *emulator, Request *request, const char *name);
void route_delete_contact (Emulator *emulator, Request *request, const char *name);
void route_contact_groups_list (Emulator *emulator, Request *request, const char *name);
void route_contact_groups_get (Emulator *emulator, Request *request, const char *name);
/* A method that the API has and this server has not: 501. */
void route_unimplemented (Emulator *emulator, Request *request, const char *name);

/* Finds the method (HEAD is GET without the body, OPTIONS tells what there is), checks the token, its scope and the quota, and calls the route. */
void routes_dispatch (Emulator *emulator, Request *request);

/* FALSE: over the quota, and answered so. */
gboolean routes_spend (Emulator *emulator, Request *request, QuotaKind kind);

/* The person to answer about a contact that may be written to: answers 404 or 400 itself and returns NULL if there is
 * none. */
PersonState *route_contact (Emulator *emulator, Request *request, const char *name);
/* {"person": {…}}, or {} with an empty mask. */
void route_answer_person (Emulator *emulator, Request *request, const PersonState *state, FieldMask mask,
                          SourceMask sources);
