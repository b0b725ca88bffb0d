// SPDX-License-Identifier: Apache-2.0
#include "common/bl-mesh-config.h"

#include <string.h>

/* The values of an unchanged Tactical RMM installation (tactical.md section 3). */
static const char tactical[]
    = "\xEF\xBB\xBF{\"settings\":{\"Cert\":\"mesh.example.com\",\"WANonly\":true,\"Minify\":1,\"Port\":4430,"
      "\"AliasPort\":443,\"RedirPort\":800,\"AllowLoginToken\":true,\"AllowFraming\":true,\"AgentPing\":35,"
      "\"AllowHighQualityDesktop\":true,\"TlsOffload\":\"127.0.0.1\",\"agentCoreDump\":false,\"compression\":"
      "false,"
      "\"wsCompression\":false,\"agentWsCompression\":false,"
      "\"MaxInvalidLogin\":{\"time\":5,\"count\":5,\"coolofftime\":30},"
      "\"postgres\":{\"user\":\"u\",\"password\":\"p\",\"port\":\"5432\",\"host\":\"localhost\"},"
      "\"autoBackup\":false,"
      "\"_x\":1},"
      "\"domains\":{\"\":{\"Title\":\"Tactical RMM\",\"Title2\":\"Tactical RMM\",\"NewAccounts\":false,"
      "\"CertUrl\":\"https://mesh.example.com:443/"
      "\",\"GeoLocation\":true,\"CookieIpCheck\":false,\"mstsc\":true}}}";

static BlMeshConfig *
translate (const char *text)
{
  g_autoptr (GError) error = NULL;
  BlMeshConfig *config = bl_mesh_config_translate (text, strlen (text), &error);

  g_assert_no_error (error);
  return config;
}

static gboolean
has_text (GPtrArray *list, const char *prefix)
{
  for (guint i = 0; i < list->len; i++)
    {
      if (g_str_has_prefix (list->pdata[i], prefix))
        return TRUE;
    }
  return FALSE;
}

static void
test_tactical (void)
{
  g_autoptr (BlMeshConfig) config = translate (tactical);
  g_autofree char *conf = bl_mesh_config_to_conf (config);

  g_assert_cmpstr (bl_mesh_config_get (config, "server", "name"), ==, "mesh.example.com");
  g_assert_cmpstr (bl_mesh_config_get (config, "server", "port"), ==, "4430");
  g_assert_cmpstr (bl_mesh_config_get (config, "server", "alias-port"), ==, "443");
  g_assert_cmpstr (bl_mesh_config_get (config, "server", "redirect-port"), ==, "800");
  g_assert_cmpstr (bl_mesh_config_get (config, "server", "tls-offload"), ==, "true");
  g_assert_cmpstr (bl_mesh_config_get (config, "server", "trusted-proxies"), ==, "127.0.0.1");
  g_assert_cmpstr (bl_mesh_config_get (config, "server", "allow-framing"), ==, "https://rmm.example.com");
  g_assert_cmpstr (bl_mesh_config_get (config, "server", "cert-url"), ==, "https://mesh.example.com:443/");
  g_assert_cmpstr (bl_mesh_config_get (config, "module agents", "agent-ping"), ==, "35");
  g_assert_cmpstr (bl_mesh_config_get (config, "module auth", "address-failures"), ==, "5");
  g_assert_cmpstr (bl_mesh_config_get (config, "module auth", "address-window"), ==, "300");
  g_assert_cmpstr (bl_mesh_config_get (config, "module auth", "address-max-wait"), ==, "1800");
  g_assert_null (bl_mesh_config_get (config, "module auth", "cookie-ip-check"));
  g_assert_true (has_text (config->warnings, "settings.postgres: "));
  g_assert_true (has_text (config->warnings, "settings.AllowFraming: "));
  g_assert_true (has_text (config->warnings, "domains[\"\"].Title: "));
  g_assert_false (has_text (config->warnings, "settings.autoBackup"));
  g_assert_cmpuint (config->unknown->len, ==, 0);
  g_assert_true (g_str_has_prefix (conf, "[server]\nname=mesh.example.com\n"));
  g_assert_nonnull (strstr (conf, "\n[module auth]\naddress-failures=5\n"));
}

static void
test_agents (void)
{
  g_autoptr (BlMeshConfig) config = translate (
      "{\"settings\":{\"allowLoginToken\":true,\"lockAgentDownload\":false,\"orphanAgentUser\":\"boss\","
      "\"interUserMessaging\":[\"user//a\"],\"noAgentUpdate\":1},"
      "\"domains\":{\"\":{\"agentKey\":[\"secret1\",\"secret2\"],\"agentConfig\":[\"webSocketMaskOverride=1\"],"
      "\"userQuota\":1048576,\"meshQuota\":\"x\",\"lockAgentDownload\":true,\"twoFactorCookieDurationDays\":7,"
      "\"agentCustomization\":{\"displayName\":\"Our Agent\",\"companyName\":\"a\\nb\",\"image\":\"logo.png\","
      "\"foregroundColor\":\"#a0b1c2\",\"backgroundColor\":\"1,2,3\"}}}}");
  g_autofree char *conf = bl_mesh_config_to_conf (config);

  g_assert_cmpstr (bl_mesh_config_get (config, "module control", "allow-login-cookie"), ==, "true");
  g_assert_cmpstr (bl_mesh_config_get (config, "module agents", "lock-agent-download"), ==, "true");
  g_assert_cmpstr (bl_mesh_config_get (config, "module agents", "orphan-owner"), ==, "boss");
  g_assert_cmpstr (bl_mesh_config_get (config, "module agents", "agent-key"), ==, "secret1, secret2");
  g_assert_cmpstr (bl_mesh_config_get (config, "module agents", "agent-config"), ==, "webSocketMaskOverride=1");
  g_assert_cmpstr (bl_mesh_config_get (config, "module agents", "agent-display-name"), ==, "Our Agent");
  g_assert_cmpstr (bl_mesh_config_get (config, "module agents", "agent-foreground"), ==, "160,177,194");
  g_assert_cmpstr (bl_mesh_config_get (config, "module agents", "agent-background"), ==, "1,2,3");
  g_assert_null (bl_mesh_config_get (config, "module agents", "agent-company-name"));
  g_assert_cmpstr (bl_mesh_config_get (config, "module auth", "two-factor-cookie-days"), ==, "7");
  g_assert_cmpstr (bl_mesh_config_get (config, "module serverfiles", "user-quota"), ==, "1048576");
  g_assert_null (bl_mesh_config_get (config, "module serverfiles", "group-quota"));
  g_assert_null (bl_mesh_config_get (config, "module control", "inter-user-messages"));
  g_assert_true (has_text (config->warnings, "settings.interUserMessaging: "));
  g_assert_true (has_text (config->warnings, "domains[\"\"].meshQuota: "));
  g_assert_true (has_text (config->warnings, "domains[\"\"].agentCustomization: \"companyName\""));
  g_assert_true (has_text (config->warnings, "domains[\"\"].agentCustomization: \"image\""));
  g_assert_cmpuint (config->unknown->len, ==, 0);
  g_assert_nonnull (strstr (conf, "agent-display-name=Our Agent\n"));
}

static void
test_values (void)
{
  g_autoptr (BlMeshConfig) config = translate (
      "{\"settings\":{\"port\":\"8443\",\"aliasport\":70000,\"cert\":\"a b\",\"tlsOffload\":true,"
      "\"trustedProxy\":[\"10.0.0.0/"
      "8\",\"CloudFlare\",\"127.0.0.1\"],\"sessionTime\":30,\"cookieIpCheck\":false,"
      "\"loginCookieEncryptionKey\":\"abc\",\"portBind\":\"127.0.0.1, "
      "::1\",\"dbExpire\":{\"events\":1728000}}}");

  g_assert_cmpstr (bl_mesh_config_get (config, "server", "port"), ==, "8443");
  g_assert_null (bl_mesh_config_get (config, "server", "alias-port"));
  g_assert_null (bl_mesh_config_get (config, "server", "name"));
  g_assert_cmpstr (bl_mesh_config_get (config, "server", "trusted-proxies"), ==,
                   "127.0.0.1, ::1, 10.0.0.0/8");
  g_assert_cmpstr (bl_mesh_config_get (config, "module auth", "session-idle"), ==, "1800");
  g_assert_cmpstr (bl_mesh_config_get (config, "module auth", "cookie-ip-check"), ==, "none");
  g_assert_cmpstr (bl_mesh_config_get (config, "server", "bind"), ==, "127.0.0.1, ::1");
  g_assert_cmpstr (bl_mesh_config_get (config, "module db-sqlite", "event-days"), ==, "20");
  g_assert_null (bl_mesh_config_get (config, "module auth", "login-cookie-key"));
  g_assert_true (has_text (config->warnings, "settings.aliasport: "));
  g_assert_true (has_text (config->warnings, "settings.cert: "));
  g_assert_true (has_text (config->warnings, "settings.trustedProxy: \"CloudFlare\""));
  g_assert_true (has_text (config->warnings, "settings.loginCookieEncryptionKey: "));
}

/* No value can end its line, open a section or name a further key. */
static void
test_injection (void)
{
  g_autoptr (BlMeshConfig) config = translate (
      "{\"settings\":{\"cert\":\"a\\n[server]\\nport=1\",\"allowFraming\":[\"https://a/;b\","
      "\"https://ok.example\",\"https://x'y\",\"javascript:1\"],\"tlsOffload\":\"1.2.3.4\\nport=1\"},"
      "\"domains\":{\"\":{\"certUrl\":\"https://x/\\nport=1\"}}}");
  g_autofree char *conf = bl_mesh_config_to_conf (config);

  g_assert_cmpstr (conf, ==, "[server]\nallow-framing=https://ok.example\ntls-offload=true\n");
}

static void
test_unknown (void)
{
  g_autoptr (BlMeshConfig) config = translate (
      "{\"_note\":1,\"$schema\":\"x\",\"settings\":{\"_port\":1,\"newThing\":1},\"smtp\":{},\"other\":1,"
      "\"domains\":{\"\":{\"odd\":1,\"_odd\":1},\"_c\":{},\"customer\":{}}}");

  g_assert_cmpuint (config->settings->len, ==, 0);
  g_assert_cmpuint (config->unknown->len, ==, 3);
  g_assert_true (has_text (config->unknown, "settings.newThing"));
  g_assert_true (has_text (config->unknown, "other"));
  g_assert_true (has_text (config->unknown, "domains[\"\"].odd"));
  g_assert_cmpuint (config->warnings->len, ==, 2);
  g_assert_true (has_text (config->warnings, "smtp: "));
  g_assert_true (has_text (config->warnings, "domains.customer: "));
}

static void
test_framing (void)
{
  static const struct
  {
    const char *cert;
    const char *origin; /* (nullable) */
  } cases[] = {
    { "mesh.example.org", "https://rmm.example.org" },
    { "example.org", NULL },
    { "localhost", NULL },
    { "192.0.2.1", NULL },
    { "m'.a.b", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text
          = g_strdup_printf ("{\"settings\":{\"allowFraming\":true,\"cert\":\"%s\"}}", cases[i].cert);
      g_autoptr (BlMeshConfig) config = translate (text);

      g_assert_cmpstr (bl_mesh_config_get (config, "server", "allow-framing"), ==, cases[i].origin);
      g_assert_true (has_text (config->warnings, "settings.allowFraming: "));
    }
}

static void
test_broken (void)
{
  static const char *const broken[] = { "", "[]", "{", "1", "{\"settings\":}" };
  g_autofree char *large = g_strnfill (BL_MESH_CONFIG_MAX + 1, ' ');

  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (bl_mesh_config_translate (broken[i], strlen (broken[i]), &error));
      g_assert_nonnull (error);
    }
  g_assert_null (bl_mesh_config_translate (large, BL_MESH_CONFIG_MAX + 1, NULL));
  bl_mesh_config_free (translate ("{\"settings\":1,\"domains\":[]}"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/common/mesh-config/tactical", test_tactical);
  g_test_add_func ("/common/mesh-config/agents", test_agents);
  g_test_add_func ("/common/mesh-config/values", test_values);
  g_test_add_func ("/common/mesh-config/injection", test_injection);
  g_test_add_func ("/common/mesh-config/unknown", test_unknown);
  g_test_add_func ("/common/mesh-config/framing", test_framing);
  g_test_add_func ("/common/mesh-config/broken", test_broken);
  return g_test_run ();
}
