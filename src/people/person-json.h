/*
 * From the answers' JSON to PeoplePerson and PeoplePage. Pure. Unknown members are passed over, members of the wrong
 * type count as missing; PEOPLE_ERROR_BAD_ANSWER only when the whole is not what was asked for.
 */
#pragma once

#include "net/json.h"
#include "people/person.h"

/* TRUE for "people/<id>": one segment of printable ASCII, 200 bytes at most, so that it means the same in an address, a file's name and on a
 * terminal. NULL is none. */
gboolean person_resource_name_valid (const char *name);

/* NULL when there is no valid resourceName. */
PeoplePerson *person_from_json (const JsonValue *person);

PeoplePerson *person_parse (GBytes *body, GError **error);    /* people.get: a Person */
PeoplePage *person_parse_page (GBytes *body, GError **error); /* connections.list */

/* {"person": {…}} of the photo methods. NULL without an error: the service did as asked, but did not say how the person
 * looks now. */
PeoplePerson *person_parse_mutation (GBytes *body, GError **error);

/* RFC 3339 with 0 to 9 fraction digits → microseconds since 1970 UTC; 0 for what is none. */
gint64 person_parse_time (const char *text);
