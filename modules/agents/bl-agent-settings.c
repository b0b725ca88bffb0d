// SPDX-License-Identifier: Apache-2.0
/* Settings of agents. */
#include "bl-agent-settings.h"

#include <string.h>

#include "common/bl-ids.h"
#include "common/bl-variant.h"

/* Our keys for what agents show of themselves, and what they are called in a .msh. */
static const struct
{
  const char *setting;
  const char *key;
} shown[] = {
  { "agent-display-name", "displayName" }, { "agent-description", "description" },
  { "agent-company-name", "companyName" }, { "agent-service-name", "meshServiceName" },
  { "agent-file-name", "fileName" },       { "agent-image", "image" },
  { "agent-foreground", "foreground" },    { "agent-background", "background" },
};

/* Where devices find us. A name without a dot is known in this network only under the name the client used. */
static char *
make_url (BowlineHost *host, const char *asked)
{
  const char *name = bowline_identity_get_name (host);
  const char *const *keys = bowline_host_get_list (host, "agent-key");
  g_autoptr (GUri) uri = NULL;
  g_autofree char *text = NULL;
  g_autofree char *key = keys[0] != NULL ? g_uri_escape_string (keys[0], NULL, FALSE) : NULL;
  const gboolean is_address = strchr (name, ':') != NULL;

  if (strchr (name, '.') == NULL && !is_address && asked != NULL)
    {
      text = g_strconcat ("https://", asked, "/", NULL);
      uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
      if (uri != NULL && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0')
        name = g_uri_get_host (uri);
    }
  return g_strdup_printf ("wss://%s%s%s:%u/agent.ashx%s%s", is_address ? "[" : "", name, is_address ? "]" : "",
                          bowline_identity_get_port (host), key != NULL ? "?key=" : "", key != NULL ? key : "");
}

static gboolean
parse_group (const char *mesh_id, guint8 id[BL_ID48_SIZE])
{
  const char *text = mesh_id != NULL ? strrchr (mesh_id, '/') : NULL;

  if (text == NULL)
    return FALSE;
  if (bl_id48_from_text (text + 1, -1, id))
    return TRUE;
  /* An old id of 32 bytes, in hex. */
  memset (id, 0, BL_ID48_SIZE);
  return bl_hex_decode (text + 1, strlen (text + 1), id, 32);
}

/* Lines of the administrator, and what agents show of themselves. */
static gboolean
add_configured (BowlineHost *host, BlMsh *settings, GError **error)
{
  const char *const *lines = bowline_host_get_list (host, "agent-config");

  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *equals = strchr (lines[i], '=');
      g_autofree char *key = equals != NULL ? g_strndup (lines[i], (gsize) (equals - lines[i])) : NULL;

      if (key == NULL)
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "agent-config: expected KEY=VALUE, found \"%s\"",
                       lines[i]);
          return FALSE;
        }
      if (!bl_msh_set (settings, key, equals + 1, error))
        return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    {
      const char *value = bowline_host_get_string (host, shown[i].setting);
      if (*value != '\0' && !bl_msh_set (settings, shown[i].key, value, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_wishes (BlMsh *settings, const BlAgentSettingsWish *wish, GError **error)
{
  if (wish->tag != NULL && !bl_msh_set (settings, "Tag", wish->tag, error))
    return FALSE;
  return wish->install_flags == NULL
         || (!g_str_equal (wish->install_flags, "1") && !g_str_equal (wish->install_flags, "2"))
         || bl_msh_set (settings, "InstallFlags", wish->install_flags, error);
}

BlMsh *
bl_agent_settings_build (BowlineHost *host, GVariant *mesh, const BlAgentSettingsWish *wish, GError **error)
{
  g_autoptr (GBytes) server_id = bowline_identity_dup_server_id (host);
  g_autofree char *url = make_url (host, wish->host);
  const char *name = bl_variant_get_string (mesh, "name");
  g_autoptr (BlMsh) settings = NULL;
  guint8 id[BL_ID48_SIZE];

  if (!parse_group (bl_variant_get_string (mesh, "_id"), id))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "the group's id has another form");
      return NULL;
    }
  settings = bl_msh_build (name != NULL ? name : "", id, g_bytes_get_data (server_id, NULL), url, error);
  if (settings == NULL || !add_wishes (settings, wish, error) || !add_configured (host, settings, error))
    return NULL;
  return g_steal_pointer (&settings);
}
