// SPDX-License-Identifier: Apache-2.0
/* What the areas of actions share. */
#include "bl-control-actions.h"

gboolean
bl_control_actions_register (BlControl *control, GError **error)
{
  static const BowlineAction *(*const areas[]) (guint *) = {
    bl_control_session_actions, bl_control_list_actions,       bl_control_group_actions,
    bl_control_device_actions,  bl_control_info_actions,       bl_control_message_actions,
    bl_control_local_actions,   bl_control_run_actions,        bl_control_script_actions,
    bl_control_link_actions,
    bl_control_user_actions,    bl_control_wake_actions,       bl_control_user_group_actions,
    bl_control_own_actions,     bl_control_notify_actions,     bl_control_account_actions,
    bl_control_server_actions,  bl_control_image_actions,      bl_control_share_actions,
    bl_control_invite_actions,  bl_control_history_actions,    bl_control_program_actions,
    bl_control_agentless_actions, bl_control_report_actions,   bl_control_detail_actions,
    bl_control_unavailable_actions,
  };

  for (guint i = 0; i < G_N_ELEMENTS (areas); i++)
    {
      guint n;
      const BowlineAction *rows = areas[i](&n);

      if (!bowline_host_register_actions (control->host, rows, n, control, error))
        return FALSE;
    }
  return TRUE;
}

BlControlSession *
bl_control_call_session (BlControl *control, BowlineActionCall *call)
{
  return bl_control_find_session (control, bowline_action_call_get_session (call));
}

char *
bl_control_call_group (BlControl *control,
                       BowlineActionCall *call,
                       const char *name_argument,
                       guint32 rights,
                       const char *denied)
{
  return bl_control_call_group_or (control, call, name_argument, rights, denied, "Invalid group id");
}

char *
bl_control_call_group_or (BlControl *control,
                          BowlineActionCall *call,
                          const char *name_argument,
                          guint32 rights,
                          const char *denied,
                          const char *unknown)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *principal = bowline_action_call_get_principal (call);
  const char *id = bl_variant_get_string (arguments, "meshid");
  const char *name = bl_variant_get_string (arguments, name_argument);
  g_autofree char *found = NULL;
  gboolean several = FALSE;

  if (id == NULL && name != NULL)
    {
      found = bl_control_find_group (control, principal, name, &several);
      id = found;
    }
  if (several)
    {
      bowline_action_call_result (call, "Duplicate device groups found");
      return NULL;
    }
  if (id != NULL && bowline_may (control->host, principal, id, rights))
    return g_strdup (id);
  if (denied != NULL)
    bowline_action_call_result (call, id == NULL ? unknown : denied);
  return NULL;
}
