// SPDX-License-Identifier: Apache-2.0
/* Agent commands: what we write reads back, lengths are exact, and no truncation passes. */
#include "common/bl-agent-msg.h"

#include <string.h>

#include "common/bl-error.h"

static gboolean
from_agent (GBytes *bytes, BlAgentMsg *msg)
{
  gsize len;
  g_autoptr (GError) error = NULL;
  gconstpointer data = g_bytes_get_data (bytes, &len);
  gboolean good = bl_agent_msg_parse_from_agent (data, len, msg, &error);
  g_assert_cmpint (good, ==, error == NULL);
  return good;
}

static gboolean
from_server (GBytes *bytes, BlAgentMsg *msg)
{
  gsize len;
  g_autoptr (GError) error = NULL;
  gconstpointer data = g_bytes_get_data (bytes, &len);
  gboolean good = bl_agent_msg_parse_from_server (data, len, msg, &error);
  g_assert_cmpint (good, ==, error == NULL);
  return good;
}

static void
fill (guint8 *out, guint8 first)
{
  for (gsize i = 0; i < BL_SHA384_SIZE; i++)
    out[i] = (guint8)(first + i);
}

static void
test_auth_request (void)
{
  guint8 hash[48], nonce[48];
  BlAgentMsg msg;
  fill (hash, 1);
  fill (nonce, 100);
  g_autoptr (GBytes) bytes = bl_agent_write_auth_request (hash, nonce);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 98);
  g_assert_true (from_agent (bytes, &msg));
  g_assert_cmpuint (msg.command, ==, BL_AGENT_AUTH_REQUEST);
  g_assert_cmpmem (msg.auth_request.web_hash, 48, hash, 48);
  g_assert_cmpmem (msg.auth_request.nonce, 48, nonce, 48);
  g_assert_true (from_server (bytes, &msg));
  g_autoptr (GBytes) cut = g_bytes_new_from_bytes (bytes, 0, 97);
  g_assert_false (from_agent (cut, &msg));
}

static void
test_auth_verify (void)
{
  BlAgentMsg msg;
  g_autoptr (GBytes) bytes = bl_agent_write_auth_verify ("CERT", 4, "SIGNATURE", 9);
  g_assert_true (from_agent (bytes, &msg));
  g_assert_cmpmem (msg.auth_verify.cert, msg.auth_verify.cert_len, "CERT", 4);
  g_assert_cmpmem (msg.auth_verify.signature, msg.auth_verify.signature_len, "SIGNATURE", 9);
  g_autoptr (GBytes) no_signature = g_bytes_new_from_bytes (bytes, 0, 8);
  g_assert_false (from_agent (no_signature, &msg));
  g_autoptr (GBytes) half_cert = g_bytes_new_from_bytes (bytes, 0, 6);
  g_assert_false (from_agent (half_cert, &msg));
  g_autofree guint8 *large = g_malloc0 (BL_AGENT_MAX_HANDSHAKE + 1);
  large[1] = 2;
  large[3] = 1;
  g_assert_false (bl_agent_msg_parse_from_agent (large, BL_AGENT_MAX_HANDSHAKE + 1, &msg, NULL));
  g_assert_false (bl_agent_msg_parse_from_agent (large, BL_AGENT_MAX_SIGNATURE + 6, &msg, NULL));
  g_assert_true (bl_agent_msg_parse_from_agent (large, BL_AGENT_MAX_SIGNATURE + 5, &msg, NULL));
}

static void
test_auth_info (void)
{
  BlAgentMsg msg;
  BlAgentAuthInfo info = { .info_version = 1,
                           .agent_id = 6,
                           .platform = 8,
                           .capabilities = 0x118,
                           .name = "h\xC3\xB6st",
                           .name_len = 5 };
  fill (info.mesh_id, 5);
  g_autoptr (GBytes) bytes = bl_agent_write_auth_info (&info);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 77);
  g_assert_true (from_agent (bytes, &msg));
  g_assert_cmpuint (msg.auth_info.agent_id, ==, 6);
  g_assert_cmpuint (msg.auth_info.platform, ==, 8);
  g_assert_cmphex (msg.auth_info.capabilities, ==, 0x118);
  g_assert_cmpmem (msg.auth_info.mesh_id, 48, info.mesh_id, 48);
  g_assert_cmpmem (msg.auth_info.name, msg.auth_info.name_len, "h\xC3\xB6st", 5);
  g_assert_false (from_server (bytes, &msg));
  /* Every length but 70 and 77 is wrong. */
  for (gsize len = 0; len < 77; len++)
    {
      g_autoptr (GBytes) cut = g_bytes_new_from_bytes (bytes, 0, len);
      g_assert_cmpint (from_agent (cut, &msg), ==, len == 70);
    }
  g_autoptr (GBytes) old = g_bytes_new_from_bytes (bytes, 0, 70);
  g_assert_true (from_agent (old, &msg));
  g_assert_cmpuint (msg.auth_info.name_len, ==, 0);
  info.platform = 99;
  info.name = "a\0b";
  info.name_len = 3;
  g_autoptr (GBytes) nul = bl_agent_write_auth_info (&info);
  g_assert_false (from_agent (nul, &msg));
  info.name = "\xFF";
  info.name_len = 0;
  g_autoptr (GBytes) odd = bl_agent_write_auth_info (&info);
  g_assert_true (from_agent (odd, &msg));
  g_assert_cmpuint (msg.auth_info.platform, ==, BL_AGENT_PLATFORM_DESKTOP);
}

static void
test_small (void)
{
  BlAgentMsg msg;
  guint8 id[48];
  fill (id, 9);
  g_autoptr (GBytes) confirm = bl_agent_write_auth_confirm ();
  g_assert_cmpuint (g_bytes_get_size (confirm), ==, 2);
  g_assert_true (from_agent (confirm, &msg));
  g_assert_true (from_server (confirm, &msg));
  g_autoptr (GBytes) server_id = bl_agent_write_server_id (id);
  g_assert_true (from_agent (server_id, &msg));
  g_assert_cmpmem (msg.server_id, 48, id, 48);
  g_autoptr (GBytes) tag = bl_agent_write_tag ("");
  g_assert_true (from_agent (tag, &msg));
  g_assert_cmpuint (msg.text.len, ==, 0);
  /* Trailing NULs, as the 2022 agent sends them. */
  g_assert_true (bl_agent_msg_parse_from_agent ("\0\x1E"
                                                "2022-Nov-2 23:01:45-0700\0",
                                                27, &msg, NULL));
  g_assert_cmpmem (msg.text.text, msg.text.len, "2022-Nov-2 23:01:45-0700", 24);
  g_autoptr (GBytes) host = bl_agent_write_text (BL_AGENT_HOST_INFO, "Debian - x64");
  g_assert_true (from_agent (host, &msg));
  g_assert_cmpuint (msg.command, ==, 31);
  g_autoptr (GBytes) ok = bl_agent_write_core_ok ();
  g_assert_cmpuint (g_bytes_get_size (ok), ==, 4);
  g_assert_true (from_server (ok, &msg));
  g_assert_false (from_agent (ok, &msg));
  g_assert_true (bl_agent_msg_is_json ("{}", 2));
  g_assert_false (bl_agent_msg_is_json ("\0{", 2));
  g_assert_false (bl_agent_msg_is_json ("", 0));
}

static void
test_hashes (void)
{
  BlAgentMsg msg;
  guint8 hash[48];
  const struct
  {
    int value;
    BlAgentHashKind kind;
  } cases[] = { { 0, BL_AGENT_HASH_ZERO }, { 0xFF, BL_AGENT_HASH_ONES }, { 7, BL_AGENT_HASH_VALUE } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      memset (hash, cases[i].value, sizeof hash);
      g_autoptr (GBytes) bytes = bl_agent_write_hash (BL_AGENT_CORE_HASH, 3, hash);
      g_assert_cmpuint (g_bytes_get_size (bytes), ==, 52);
      g_assert_true (from_agent (bytes, &msg));
      g_assert_cmpuint (msg.request_id, ==, 3);
      g_assert_cmpint (msg.hash.kind, ==, cases[i].kind);
      g_assert_cmpmem (msg.hash.hash, 48, hash, 48);
      g_autoptr (GBytes) cut = g_bytes_new_from_bytes (bytes, 0, 51);
      g_assert_false (from_agent (cut, &msg));
    }
  g_autoptr (GBytes) none = bl_agent_write_hash (BL_AGENT_AGENT_HASH, 0, NULL);
  g_assert_true (from_agent (none, &msg));
  g_assert_cmpint (msg.hash.kind, ==, BL_AGENT_HASH_NONE);
  g_assert_true (from_server (none, &msg));
  g_autoptr (GBytes) end = bl_agent_write_hash (BL_AGENT_UPDATE, 0, hash);
  g_assert_true (from_server (end, &msg));
  g_assert_cmpint (msg.hash.kind, ==, BL_AGENT_HASH_VALUE);
}

static void
test_core (void)
{
  BlAgentMsg msg;
  const char *script;
  gsize len;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) package = bl_core_package ("var a = 1;", 10);
  g_assert_cmpuint (g_bytes_get_size (package), ==, 14);
  g_autoptr (GBytes) bytes = bl_agent_write_core (package);
  g_assert_true (from_server (bytes, &msg));
  g_assert_cmpuint (msg.core.len, ==, 14);
  g_assert_true (bl_core_package_open (msg.core.data, msg.core.len, msg.core.hash, &script, &len, &error));
  g_assert_cmpmem (script, len, "var a = 1;", 10);
  g_assert_false (
      bl_core_package_open (msg.core.data, msg.core.len - 1, msg.core.hash, &script, &len, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
  g_assert_false (bl_core_package_open (msg.core.data, 3, msg.core.hash, &script, &len, NULL));
  g_autoptr (GBytes) clear = bl_agent_write_core_clear ();
  g_assert_true (from_server (clear, &msg));
  g_assert_null (msg.core.hash);
  g_autoptr (GBytes) deflated
      = bl_agent_write_core_deflated ((const guint8 *)g_bytes_get_data (bytes, NULL) + 4, "z", 1);
  g_assert_true (from_server (deflated, &msg));
  g_assert_cmpuint (msg.command, ==, 20);
}

static void
test_blocks (void)
{
  BlAgentMsg msg;
  g_autofree guint8 *data = g_malloc0 (BL_AGENT_UPDATE_BLOCK_SIZE + 5);
  g_autoptr (GBytes) block = bl_agent_write_update_block (1, data, BL_AGENT_UPDATE_BLOCK_SIZE);
  g_assert_cmpuint (g_bytes_get_size (block), ==, 65535);
  g_assert_true (from_server (block, &msg));
  g_assert_cmpuint (msg.block.len, ==, BL_AGENT_UPDATE_BLOCK_SIZE);
  data[1] = 14;
  g_assert_false (bl_agent_msg_parse_from_server (data, BL_AGENT_UPDATE_BLOCK_SIZE + 5, &msg, NULL));
  g_autoptr (GBytes) next = bl_agent_write_update_block (1, NULL, 0);
  g_assert_true (from_agent (next, &msg));
  g_assert_cmpuint (msg.request_id, ==, 1);
}

static void
test_unknown (void)
{
  BlAgentMsg msg;
  const guint16 unknown[] = { 0, 6, 9, 17, 21, 29, 32, 999 };
  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    {
      guint8 data[4] = { (guint8)(unknown[i] >> 8), (guint8)unknown[i], 0, 0 };
      g_autoptr (GError) error = NULL;
      g_assert_false (bl_agent_msg_parse_from_agent (data, 4, &msg, &error));
      g_assert_error (error, BL_ERROR, BL_ERROR_UNKNOWN);
      g_clear_error (&error);
      g_assert_false (bl_agent_msg_parse_from_server (data, 4, &msg, &error));
      g_assert_error (error, BL_ERROR, BL_ERROR_UNKNOWN);
    }
  g_assert_true (bl_agent_msg_parse_from_agent ("\x03\xE8\0\1xyz", 7, &msg, NULL));
  g_assert_cmpmem (msg.block.data, msg.block.len, "xyz", 3);
  g_assert_false (bl_agent_msg_parse_from_agent ("\x03\xE8", 2, &msg, NULL));
  g_assert_false (bl_agent_msg_parse_from_agent ("\x03", 1, &msg, NULL));
  g_assert_false (bl_agent_msg_parse_from_agent (NULL, 0, &msg, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-msg/auth-request", test_auth_request);
  g_test_add_func ("/agent-msg/auth-verify", test_auth_verify);
  g_test_add_func ("/agent-msg/auth-info", test_auth_info);
  g_test_add_func ("/agent-msg/small", test_small);
  g_test_add_func ("/agent-msg/hashes", test_hashes);
  g_test_add_func ("/agent-msg/core", test_core);
  g_test_add_func ("/agent-msg/blocks", test_blocks);
  g_test_add_func ("/agent-msg/unknown", test_unknown);
  return g_test_run ();
}
