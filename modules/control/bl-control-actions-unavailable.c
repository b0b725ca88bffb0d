// SPDX-License-Identifier: Apache-2.0
/* Requests for parts that this server does not have. They are answered, since command lines wait for it.
 * Follows control-channel 6 (AddAmtDevice, AddLocalDevice, WebRelay) */
#include "bl-control-actions.h"

static void
run_amt (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_result (call, "Intel AMT is not available on this server");
}

static void
run_local (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_result (call, "Devices without an agent are not available on this server");
}

static void
run_web_relay (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_result (call, "Web relay is not available on this server");
}

const BowlineAction *
bl_control_unavailable_actions (guint *n)
{
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("addamtdevice", 0, "Says that Intel AMT is not available", run_amt) },
    { BL_CONTROL_ROW ("addlocaldevice", 0, "Says that devices without an agent are not available",
                      run_local) },
    { BL_CONTROL_ROW ("webrelay", 0, "Says that the web relay is not available", run_web_relay) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
