// SPDX-License-Identifier: Apache-2.0
/* Invitations to install an agent. Follows control-channel 7.5 and web-http section 5 */
#include "bl-control-actions.h"

#define MAX_HOURS 99999

static void
answer_link (BlControl *control, BowlineActionCall *call, const char *mesh_id, const char *cookie)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_autofree char *url
      = g_strdup_printf ("https://%s:%u/agentinvite?c=%s", bowline_identity_get_name (control->host),
                         bowline_identity_get_port (control->host), cookie);
  g_autoptr (GVariant) tag = bl_variant_get_child (arguments, "tag");
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "meshid", "s", mesh_id);
  g_variant_dict_insert (&answer, "url", "s", url);
  g_variant_dict_insert (&answer, "expire", "x", bl_variant_get_int (arguments, "expire", 0));
  g_variant_dict_insert (&answer, "cookie", "s", cookie);
  if (tag != NULL)
    g_variant_dict_insert_value (&answer, "tag", tag);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
run_create_link (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_autofree char *mesh_id = bl_control_call_group (control, call, "meshname", 0, "Invalid group id");
  gint64 agents = bl_variant_get_int (arguments, "agents", 0);
  BowlineAuth auth = { .struct_size = sizeof auth };
  g_autofree char *cookie = NULL;
  gpointer self;
  GVariantDict object;

  if (mesh_id == NULL)
    return;
  if (bowline_host_get_auth (control->host, &auth, &self))
    {
      g_variant_dict_init (&object, NULL);
      g_variant_dict_insert (&object, "a", "x", (gint64)4);
      g_variant_dict_insert (&object, "mid", "s", mesh_id);
      g_variant_dict_insert (&object, "f", "x", bl_variant_get_int (arguments, "flags", 0));
      g_variant_dict_insert (&object, "expire", "x", bl_variant_get_int (arguments, "expire", 0) * 60);
      if (agents != 0)
        g_variant_dict_insert (&object, "ag", "x", agents);
      cookie = auth.cookie_issue (self, BOWLINE_COOKIE_INVITATION, g_variant_dict_end (&object));
    }
  if (cookie == NULL)
    bowline_action_call_result (call, "Unable to generate invitation cookie");
  else
    answer_link (control, call, mesh_id, cookie);
}

static void
run_invite (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_result (call, "Unsupported feature"); /* nothing here sends mail */
}

const BowlineAction *
bl_control_invite_actions (guint *n)
{
  static const BowlineArgument link[] = {
    { .name = "meshid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "mesh",
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .problem = "Invalid group id" },
    BL_CONTROL_TEXT ("meshname", 128),
    { .name = "expire",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 0,
      .max = MAX_HOURS,
      .problem = "Invalid expire time" },
    { .name = "flags",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 0,
      .max = 256,
      .problem = "Invalid flags" },
    BL_CONTROL_NUMBER ("agents", 0, G_MAXUINT32),
    { .name = "tag", .type = BOWLINE_ARGUMENT_ANY },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("createInviteLink", BOWLINE_ACTION_CHANGES,
                      "Makes a link to install an agent in a group", run_create_link),
      BL_CONTROL_ARGUMENTS (link), .object = "meshid", .denied = "Invalid group id" },
    { BL_CONTROL_ROW ("inviteAgent", 0, "Invites somebody by mail to install an agent", run_invite) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
