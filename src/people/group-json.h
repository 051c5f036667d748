/*
 * Reading the answers of contactGroups.list. Pure.
 */
#pragma once

#include "people/group.h"

/* NULL: the body is no such answer, PEOPLE_ERROR. Entries that could not be shown are passed over. */
PeopleGroupPage *group_parse_page (GBytes *body, GError **error);
