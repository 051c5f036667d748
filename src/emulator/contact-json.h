/*
 * People as clients write them (createContact, updateContact): from JSON to the entries of person.h.
 */
#pragma once

#include "emulator/json.h"
#include "emulator/person.h"

/* The entries of a field, without the metadata that clients may have left in, and with what the server computes itself
 * (displayName and the like of names; formattedType; canonicalForm). NULL: none are left. */
char **contact_json_entries (Field field, const cJSON *array);
