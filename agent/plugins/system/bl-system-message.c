// SPDX-License-Identifier: Apache-2.0
#include "bl-system.h"

#include "common/bl-json.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

gboolean
bl_system_may (BowlineMessageCall *call, guint32 rights)
{
  const guint32 held = bowline_message_call_get_rights (call);
  return held == BL_RIGHT_ALL || (held & rights) == rights;
}

// What became of starting or stopping a service is told as the service's state.
static void
init_answer (GVariantBuilder *answer, BowlineMessageCall *call)
{
  const char *type = bl_variant_get_string (bowline_message_call_get_message (call), "type");
  g_variant_builder_init (answer, G_VARIANT_TYPE_VARDICT);
  if (type != NULL && g_str_has_prefix (type, "service") && !g_str_equal (type, "services"))
    g_variant_builder_add (answer, "{sv}", "type", g_variant_new_string ("service"));
}

void
bl_system_answer_text (BowlineMessageCall *call, GVariant *value)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (value);
  g_autofree char *text = bl_json_to_string (owned, NULL);
  GVariantBuilder answer;
  init_answer (&answer, call);
  g_variant_builder_add (&answer, "{sv}", "value", g_variant_new_string (text != NULL ? text : "[]"));
  bowline_message_call_answer (call, g_variant_builder_end (&answer));
}

void
bl_system_answer_error (BowlineMessageCall *call, const char *text)
{
  GVariantBuilder answer;
  init_answer (&answer, call);
  g_variant_builder_add (&answer, "{sv}", "error", g_variant_new_string (text));
  bowline_message_call_answer (call, g_variant_builder_end (&answer));
}

void
bl_system_log (BowlineHost *host, BowlineMessageCall *call, guint32 msgid, const char *text)
{
  static const char *const repeated[] = { "userid", "username", "sessionid", "remoteaddr" };
  GVariant *request = bowline_message_call_get_message (call);
  GVariantBuilder message;
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&message, "{sv}", "action", g_variant_new_string ("log"));
  g_variant_builder_add (&message, "{sv}", "msg", g_variant_new_string (text));
  g_variant_builder_add (&message, "{sv}", "msgid", g_variant_new_int64 (msgid));
  for (guint i = 0; i < G_N_ELEMENTS (repeated); i++)
    {
      const char *value = bl_variant_get_string (request, repeated[i]);
      if (value != NULL)
        g_variant_builder_add (&message, "{sv}", repeated[i], g_variant_new_string (value));
    }
  bowline_agent_send (host, g_variant_builder_end (&message));
}
