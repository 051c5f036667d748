/*
 * The query parameters that a method knows, and the refusal of all others.
 */
#pragma once

#include "emulator/request.h"

typedef enum { PARAM_STRING, PARAM_INT, PARAM_BOOL } ParamType;

typedef struct ParamSpec {
  const char *name;
  ParamType type;
  gboolean repeated;
} ParamSpec;

/* specs ends with a NULL name. FALSE: an unknown or ill-typed parameter, and the request is answered. The parameters
 * that every method has (prettyPrint, fields, alt, …) are known without saying. */
gboolean params_check (Request *request, const ParamSpec *specs);

gint64 params_int (const Request *request, const char *name, gint64 otherwise); /* after params_check */
gboolean params_bool (const Request *request, const char *name);
/* Every parameter of the method's own but two, sorted: equal for two calls whose parameters match. Transfer full. */
char *params_canonical (const Request *request, const char *but, const char *also_but);
