/* Sentences for refused credentials files. */
#define G_LOG_DOMAIN "contactfs"

#include "account/credentials-file.h"

#include "net/error.h"
#include "net/text.h"

/* gcloud's own client may not ask for contacts: a login with them needs one's own, which gcloud must be told again. */
#define GCLOUD_SCOPES "https://www.googleapis.com/auth/cloud-platform," CONTACTS_SCOPE

/* ---- logins ---- */

static char *
how_to_renew (const CredentialsFile *file, CredentialsOrigin origin, const char *scope)
{
  if (origin == CREDENTIALS_GCLOUD)
    return g_strdup ("log in again: gcloud auth application-default login --scopes=" GCLOUD_SCOPES
                     " --client-id-file=CLIENT_FILE");
  return g_strdup_printf ("log in again%s%s with the program that wrote %s; contactfs goes on by itself when the file "
                          "is new",
                          scope != NULL ? " for the scope " : "", scope != NULL ? scope : "", file->path);
}

static GError *
refused_login (const CredentialsFile *file, CredentialsOrigin origin, const TokenResponse *response)
{
  g_autofree char *login = g_strdup_printf ("the login in %s", file->path);
  g_autofree char *renew = how_to_renew (file, origin, NULL);

  return token_response_error (response, login, renew);
}

/* ---- service accounts ---- */

static char *
how_to_delegate (const CredentialsFile *file)
{
  return g_strdup_printf (
      "an administrator of the Workspace must open admin.google.com, Security, Access and data control, API controls, "
      "Manage domain-wide delegation, and add the client ID %s with the scope " CONTACTS_SCOPE
      "; that can take a day to "
      "work",
      file->client_id != NULL ? file->client_id : "of the service account");
}

static GError *
refused_service_account (const CredentialsFile *file, const TokenResponse *response)
{
  const char *subject = file->subject != NULL ? file->subject : file->email;
  g_autofree char *delegate = how_to_delegate (file);

  if (g_str_equal (response->code, "unauthorized_client") || g_str_equal (response->code, "access_denied"))
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "the service account %s may not act for %s (%s): %s",
                        file->email, subject, response->words, delegate);
  if (text_says (response->words, "reasonable timeframe") || text_says (response->words, "issued in the future")
      || text_says (response->words, "check your iat"))
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                        "this computer's clock is wrong by minutes, so Google refuses what the service account %s "
                        "signs (%s): set it (timedatectl set-ntp true)",
                        file->email, response->words);
  if (text_says (response->words, "signature"))
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                        "Google does not know the key %s of the service account %s any more (%s): make a new key for "
                        "it in the Google Cloud console (IAM, Service accounts, Keys) and put it into %s",
                        file->key_id != NULL ? file->key_id : "in the file", file->email, response->words, file->path);
  if (text_says (response->words, "email") || text_says (response->words, "user id"))
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                        "there is no %s in the Workspace of the service account %s (%s): check --subject", subject,
                        file->email, response->words);
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                      "the token service refused the service account %s of %s (%s): check that it and its key are "
                      "still there in the Google Cloud console (IAM, Service accounts)",
                      file->email, file->path, response->words);
}

/* It is asked for with the scope, and a fresh token is not refused: what else is wrong is in the console. */
static char *
advise_service_account (const CredentialsFile *file, TokenProblem problem)
{
  if (problem == TOKEN_PROBLEM_SCOPE)
    return how_to_delegate (file);
  return g_strdup_printf (
      "check that the service account %s of %s is still there in the Google Cloud console (IAM, Service accounts)",
      file->email, file->path);
}

char *
credentials_file_advice (const CredentialsFile *file, CredentialsOrigin origin, TokenProblem problem)
{
  return file->service_account ? advise_service_account (file, problem)
                               : how_to_renew (file, origin, problem == TOKEN_PROBLEM_SCOPE ? CONTACTS_SCOPE : NULL);
}

GError *
credentials_file_error (const CredentialsFile *file, CredentialsOrigin origin, const TokenResponse *response,
                        gboolean *lasts)
{
  /* A refresh token that is dead stays dead; a client may be restored, a service account be permitted, a clock be set. */
  *lasts = !file->service_account && g_str_equal (response->code, "invalid_grant");
  return file->service_account ? refused_service_account (file, response) : refused_login (file, origin, response);
}
