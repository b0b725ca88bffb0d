// SPDX-License-Identifier: Apache-2.0
/* Agent commands, both directions: what is taken stays inside the message, and writing it gives the same
 * bytes. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-agent-msg.h"

static void
check_inside (const guint8 *data, gsize size, gconstpointer at, gsize len)
{
  const guint8 *p = at;
  if (p == NULL || len == 0)
    return;
  g_assert_true (p >= data && len <= size && p + len <= data + size);
}

static void
check_rewrite (const guint8 *data, gsize size, const BlAgentMsg *msg)
{
  g_autoptr (GBytes) bytes = NULL;

  if (msg->command == BL_AGENT_AUTH_REQUEST)
    bytes = bl_agent_write_auth_request (msg->auth_request.web_hash, msg->auth_request.nonce);
  else if (msg->command == BL_AGENT_AUTH_VERIFY)
    bytes = bl_agent_write_auth_verify (msg->auth_verify.cert, msg->auth_verify.cert_len,
                                        msg->auth_verify.signature, msg->auth_verify.signature_len);
  if (bytes != NULL)
    g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), data, size);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  BlAgentMsg msg;

  (void)bl_agent_msg_is_json (data, size);
  if (bl_agent_msg_parse_from_agent (data, size, &msg, &error))
    {
      check_rewrite (data, size, &msg);
      if (msg.command == BL_AGENT_AUTH_INFO)
        {
          check_inside (data, size, msg.auth_info.name, msg.auth_info.name_len);
          g_assert_true (g_utf8_validate (msg.auth_info.name, (gssize)msg.auth_info.name_len, NULL));
        }
      else if (msg.command == BL_AGENT_TAG || msg.command == BL_AGENT_HOST_INFO)
        check_inside (data, size, msg.text.text, msg.text.len);
    }
  g_clear_error (&error);
  if (bl_agent_msg_parse_from_server (data, size, &msg, &error) && msg.command == BL_AGENT_CORE_MODULE
      && msg.core.hash)
    {
      const char *script;
      gsize len;
      check_inside (data, size, msg.core.data, msg.core.len);
      if (bl_core_package_open (msg.core.data, msg.core.len, msg.core.hash, &script, &len, NULL))
        check_inside (data, size, script, len);
    }
  return 0;
}
