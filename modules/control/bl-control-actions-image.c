// SPDX-License-Identifier: Apache-2.0
/* Pictures of accounts: set by updateUserImage (control-channel 7.1), got from /userimage.ashx. */
#include "bl-control-actions.h"
#include "bl-control-image.h"
#include "common/bl-account.h"

#include <string.h>

#define HAS_PICTURE 1
#define PREFIX_PNG "data:image/png;base64,"
#define PREFIX_JPEG "data:image/jpeg;base64,"

GBytes *
bl_control_image_decode (const char *text, const char **content_type)
{
  static const struct
  {
    const char *prefix;
    const char *type;
    const char *magic;
    gsize magic_size;
  } kinds[] = {
    { PREFIX_PNG, "image/png", "\x89PNG\r\n\x1a\n", 8 },
    { PREFIX_JPEG, "image/jpeg", "\xff\xd8\xff", 3 },
  };

  if (strlen (text) > BL_CONTROL_MAX_IMAGE)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree guchar *data = NULL;
      const char *encoded;
      gsize size;

      if (!g_str_has_prefix (text, kinds[i].prefix))
        continue;
      encoded = text + strlen (kinds[i].prefix);
      if (encoded[strspn (encoded, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")]
          != '\0')
        return NULL;
      data = g_base64_decode (encoded, &size);
      if (size < kinds[i].magic_size || memcmp (data, kinds[i].magic, kinds[i].magic_size) != 0)
        return NULL;
      *content_type = kinds[i].type;
      return g_bytes_new_take (g_steal_pointer (&data), size);
    }
  return NULL;
}

/* ---- updateUserImage
 * ---------------------------------------------------------------------------------------------- */

static void
on_kept (BlControl *control, BowlineActionCall *call, gpointer data)
{
  bl_control_event_account (control, bowline_action_call_get_principal (call), data, 66, "Account changed: ");
  bowline_action_call_result (call, "ok");
}

/* Returns: (nullable): why @user_id's picture is not changed */
static const char *
problem_of (BlControl *control, BowlineActionCall *call, const char *user_id)
{
  BowlinePrincipal *who = bowline_action_call_get_principal (call);

  if (!g_str_equal (user_id, bowline_principal_get_user_id (who)))
    return (bowline_site_rights (control->host, who) & BL_SITE_MANAGE_USERS) != 0
                   && bowline_may (control->host, who, user_id, BL_RIGHT_ALL)
               ? NULL
               : "Access denied";
  return bl_control_settings_are_locked (control, call) ? "Settings are locked" : NULL;
}

static GVariant *
image_document (const char *user_id, const char *image)
{
  g_autofree char *id = g_strconcat ("im", user_id, NULL);
  GVariantDict document;

  g_variant_dict_init (&document, NULL);
  g_variant_dict_insert (&document, "_id", "s", id);
  g_variant_dict_insert (&document, "type", "s", "image");
  g_variant_dict_insert (&document, "image", "s", image);
  return g_variant_ref_sink (g_variant_dict_end (&document));
}

static void
run_update (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *image = bl_variant_get_string (arguments, "image");
  const char *named = bl_variant_get_string (arguments, "userid");
  const char *user_id
      = named != NULL ? named : bowline_principal_get_user_id (bowline_action_call_get_principal (call));
  const char *problem = problem_of (control, call, user_id);
  const char *type = NULL;
  g_autoptr (GBytes) data = image != NULL ? bl_control_image_decode (image, &type) : NULL;
  gboolean clears = image == NULL && bl_variant_get_int (arguments, "image", -1) == 0;
  g_autoptr (GVariant) account = bowline_directory_dup (control->host, user_id);
  BlControlChange change;
  gint64 flags;

  if (problem == NULL && (account == NULL || (data == NULL && !clears)))
    problem = account == NULL ? "User does not exists" : "Invalid image";
  if (problem != NULL)
    {
      bowline_action_call_result (call, problem);
      return;
    }
  flags = bl_variant_get_int (account, "flags", 0);
  flags = clears ? flags & ~HAS_PICTURE : flags | HAS_PICTURE;
  bl_control_change_init (&change);
  bl_control_change_put (&change, bl_doc_set_int (account, "flags", flags));
  if (clears)
    bl_control_change_delete (&change, "im", user_id);
  else
    bl_control_change_put (&change, image_document (user_id, image));
  bl_control_commit (control, &change, call, on_kept, g_strdup (user_id), g_free);
}

/* ---- /userimage.ashx
 * ---------------------------------------------------------------------------------------------- */

typedef struct
{
  BlControl *control;
  BowlineHttpRequest *request;
} Download;

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Download *download = user_data;
  g_autoptr (GVariant) document = bowline_directory_read_finish (download->control->host, result, NULL);
  const char *image = bl_variant_get_string (document, "image");
  const char *type = NULL;
  g_autoptr (GBytes) data = image != NULL ? bl_control_image_decode (image, &type) : NULL;

  bowline_http_request_add_header (download->request, "Cache-Control", "no-store");
  if (data != NULL)
    bowline_http_request_respond (download->request, 200, type, data);
  else
    bowline_http_request_respond (download->request, 404, NULL, NULL);
  bowline_http_request_unref (download->request);
  bl_control_unref (download->control);
  g_free (download);
}

/* Returns: (transfer full) (nullable): whose picture it is, if @who may see it */
static char *
dup_subject (BlControl *control, BowlinePrincipal *who, const char *name)
{
  const char *self = who != NULL ? bowline_principal_get_user_id (who) : NULL;
  g_autofree char *domain = NULL;
  g_autofree char *id = NULL;

  if (self == NULL)
    return NULL;
  domain = bl_control_domain_of (self);
  if (name == NULL)
    id = g_strdup (self);
  else
    id = g_str_has_prefix (name, "user/") ? g_strdup (name) : bl_account_id (domain, name);
  return bowline_may_see (control->host, who, id) ? g_steal_pointer (&id) : NULL;
}

void
bl_control_image_serve (BowlineHttpRequest *request, gpointer user_data)
{
  BlControl *control = user_data;
  g_autofree char *subject = dup_subject (control, bowline_http_request_get_principal (request),
                                          bowline_http_request_get_query (request, "id"));
  g_autofree char *id = NULL;
  Download *download;

  if (subject == NULL)
    {
      bowline_http_request_respond (request, 404, NULL, NULL);
      return;
    }
  id = g_strconcat ("im", subject, NULL);
  download = g_new (Download, 1);
  *download = (Download){ bl_control_ref (control), bowline_http_request_ref (request) };
  bowline_directory_read_async (control->host, id, NULL, on_read, download);
}

const BowlineAction *
bl_control_image_actions (guint *n)
{
  static const BowlineArgument update[] = {
    { .name = "image", .type = BOWLINE_ARGUMENT_ANY, .flags = BOWLINE_ARGUMENT_REQUIRED }, /* 0 removes it */
    { .name = "userid", .type = BOWLINE_ARGUMENT_ID, .detail = "user", .flags = BOWLINE_ARGUMENT_NULLABLE },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("updateUserImage", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_NO_TOKEN,
                      "Sets an account's picture", run_update),
      BL_CONTROL_ARGUMENTS (update) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
