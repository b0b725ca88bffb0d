// SPDX-License-Identifier: Apache-2.0
#include "bl-control-web-state.h"

#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <string.h>

#define MAX_TEXT 63u
#define MAX_DESKTOP_TEXT 31u
#define MAX_STARS 2047u

static gboolean
is_kept (GVariant *value, gsize longest)
{
  return g_variant_is_of_type (value, G_VARIANT_TYPE_INT64)
         || g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE)
         || g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN)
         || (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
             && strlen (g_variant_get_string (value, NULL)) <= longest);
}

static void
copy_members (GVariantDict *to, GVariant *from, const char *const *names, gsize longest)
{
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autoptr (GVariant) value = bl_variant_get_child (from, names[i]);

      if (value != NULL && is_kept (value, longest))
        g_variant_dict_insert_value (to, names[i], value);
    }
}

/* Pages send it as an object, or as the text of one. Returns: (transfer full) (nullable) */
static GVariant *
dup_desktop (GVariant *state)
{
  const char *text = bl_variant_get_string (state, "desktopsettings");

  if (text != NULL)
    return bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, NULL);
  return bl_variant_get_object (state, "desktopsettings");
}

char *
bl_control_web_state_filter (const char *text)
{
  static const char *const names[]
      = { "webPageStackMenu", "notifications", "deviceView", "nightMode",   "webPageFullScreen", "search",
          "showRealNames",    "sort",          "viewsize",   "DeskControl", "deskAspectRatio",   "uiMode",
          "footerBar",        "loctag",        "theme",      "lastThemes",  "uiViewMode",        NULL };
  static const char *const stars[] = { "stars", NULL };
  static const char *const desktop_names[] = { "encoding", "showfocus",     "showmouse",        "quality",
                                               "scaling",  "framerate",     "agentencoding",    "swapmouse",
                                               "rmw",      "remotekeymap",  "autolock",         "localkeymap",
                                               "kvmrmw",   "autoclipboard", "rdpsize",          "rdpsmb",
                                               "rdprmw",   "rdpflags",      "rdpautoclipboard", NULL };
  gsize length = strlen (text);
  g_autoptr (GVariant) state = NULL;
  g_autoptr (GVariant) desktop = NULL;
  g_autoptr (GVariant) kept = NULL;
  GVariantDict out;

  if (length > BL_CONTROL_MAX_WEB_STATE)
    return NULL;
  state = bl_json_parse_object (text, length, NULL, BL_JSON_DEFAULT, NULL);
  if (state == NULL)
    return NULL;
  g_variant_dict_init (&out, NULL);
  copy_members (&out, state, names, MAX_TEXT);
  if (bl_variant_get_string (state, "stars") != NULL)
    copy_members (&out, state, stars, MAX_STARS);
  desktop = dup_desktop (state);
  if (desktop != NULL)
    {
      GVariantDict inner;

      g_variant_dict_init (&inner, NULL);
      copy_members (&inner, desktop, desktop_names, MAX_DESKTOP_TEXT);
      g_variant_dict_insert_value (&out, "desktopsettings", g_variant_dict_end (&inner));
    }
  kept = g_variant_ref_sink (g_variant_dict_end (&out));
  return bl_json_to_string (kept, NULL);
}
