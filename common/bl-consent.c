// SPDX-License-Identifier: Apache-2.0
#include "common/bl-consent.h"

#include "common/bl-rights-bits.h"
#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

#include <string.h>

/* The words that `soptions` uses for a kind of session. */
typedef struct
{
  const char *message;
  const char *notification;
  const char *accept_nobody;
  const char *accept_locked;
} KindWords;

static const KindWords *
kind_words (guint protocol)
{
  static const KindWords desktop = { "consentMsgDesktop", "notifyMsgDesktop",
                                     "consentAutoAcceptIfDesktopNoUser", "consentAutoAcceptIfDesktopLocked" };
  static const KindWords terminal
      = { "consentMsgTerminal", "notifyMsgTerminal", "consentAutoAcceptIfTerminalNoUser",
          "consentAutoAcceptIfTerminalLocked" };
  static const KindWords files = { "consentMsgFiles", "notifyMsgFiles", "consentAutoAcceptIfFileNoUser",
                                   "consentAutoAcceptIfFileLocked" };
  if (bl_tunnel_is_screen (protocol))
    return &desktop;
  if (bl_tunnel_is_terminal (protocol))
    return &terminal;
  return bl_tunnel_is_files (protocol) ? &files : NULL;
}

static char *
dup_text (GVariant *options, const char *key)
{
  const char *text = bl_variant_get_string (options, key);
  return text != NULL && *text != '\0' && strlen (text) <= BL_CONSENT_TEXT_MAX ? g_strdup (text) : NULL;
}

static gboolean
is_set (GVariant *options, const char *key)
{
  return bl_variant_get_bool (options, key, FALSE) || bl_variant_get_int (options, key, 0) == 1;
}

void
bl_consent_policy_init (
    BlConsentPolicy *policy, guint protocol, GVariant *order, guint32 asked, guint32 local)
{
  const guint32 flags = (guint32)bl_variant_get_int (order, "consent", 0) | asked;
  const KindWords *words = kind_words (protocol);
  g_autoptr (GVariant) options = bl_variant_get_object (order, "soptions");
  gboolean local_notify, local_prompt;

  *policy = (BlConsentPolicy){ .timeout = BL_CONSENT_TIMEOUT_DEFAULT };
  bl_tunnel_consent (protocol, local, &local_notify, &local_prompt);
  bl_tunnel_consent (protocol, flags | local, &policy->notify, &policy->prompt);
  policy->bar = bl_tunnel_is_screen (protocol) && ((flags | local) & BL_CONSENT_DESKTOP_TOOLBAR) != 0;
  if (options == NULL || words == NULL)
    return;
  policy->timeout = (guint)CLAMP (bl_variant_get_int (options, "consentTimeout", BL_CONSENT_TIMEOUT_DEFAULT),
                                  BL_CONSENT_TIMEOUT_MIN, BL_CONSENT_TIMEOUT_MAX);
  policy->title = dup_text (options, policy->prompt ? "consentTitle" : "notifyTitle");
  policy->message = dup_text (options, policy->prompt ? words->message : words->notification);
  if (local_prompt)
    return;
  policy->accept_silence = is_set (options, "consentAutoAccept");
  policy->accept_nobody
      = is_set (options, "consentAutoAcceptIfNoUser") || is_set (options, words->accept_nobody);
  policy->accept_locked
      = is_set (options, "consentAutoAcceptIfLocked") || is_set (options, words->accept_locked);
}

void
bl_consent_policy_clear (BlConsentPolicy *policy)
{
  g_clear_pointer (&policy->title, g_free);
  g_clear_pointer (&policy->message, g_free);
}

char *
bl_consent_fill (const char *message, const char *real_name, const char *user_name)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (const char *p = message; *p != '\0' && text->len <= BL_CONSENT_TEXT_MAX; p++)
    {
      const gboolean holds = p[0] == '{' && (p[1] == '0' || p[1] == '1') && p[2] == '}';
      if (!holds)
        {
          g_string_append_c (text, *p);
          continue;
        }
      g_string_append (text, p[1] == '0' ? real_name : user_name);
      p += 2;
    }
  if (text->len > BL_CONSENT_TEXT_MAX)
    g_string_truncate (text, BL_CONSENT_TEXT_MAX);
  return g_utf8_make_valid (text->str, -1);
}
