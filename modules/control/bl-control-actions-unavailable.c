// SPDX-License-Identifier: Apache-2.0
/* Actions of MeshCentral for what this server does not have. A clear refusal, where silence would let clients
 * wait. */
#include "bl-control-actions.h"

static void
run_unavailable (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_result (call, "Not available on this server");
}

static void
run_web_relay (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_result (call, "Web relay is not available on this server");
}

#define UNAVAILABLE(word, text)                                                                              \
  {                                                                                                          \
    BL_CONTROL_ROW (word, 0, text, run_unavailable)                                                          \
  }

const BowlineAction *
bl_control_unavailable_actions (guint *n)
{
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("webrelay", 0, "Web pages of a device through the server", run_web_relay) },
    UNAVAILABLE ("meshamtpolicy", "Intel AMT policy of a device group"),
    UNAVAILABLE ("scanamtdevice", "Looking for Intel AMT devices in the local network"),
    UNAVAILABLE ("importamtdevices", "Devices from a list of Intel AMT devices"),
    UNAVAILABLE ("amtsetupbin", "Files that set up Intel AMT"),
    UNAVAILABLE ("amt", "Intel AMT of a device"),
    UNAVAILABLE ("getmqttlogin", "Login of a device to an MQTT broker"),
    UNAVAILABLE ("sendmqttmsg", "Messages over an MQTT broker"),
    UNAVAILABLE ("pushmessage", "Messages to mobile agents"),
    UNAVAILABLE ("pushconsole", "Console of mobile agents"),
    UNAVAILABLE ("endDesktopMultiplex", "Desktop sessions that several people share"),
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
