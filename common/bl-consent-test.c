// SPDX-License-Identifier: Apache-2.0
#include "common/bl-consent.h"

#include "common/bl-json.h"
#include "common/bl-rights-bits.h"
#include "common/bl-tunnel.h"

#include <string.h>

static void
policy_from (BlConsentPolicy *policy, guint protocol, const char *order, guint32 asked, guint32 local)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) parsed = bl_json_parse_object (order, strlen (order), NULL, BL_JSON_DEFAULT, &error);
  g_assert_no_error (error);
  bl_consent_policy_init (policy, protocol, parsed, asked, local);
}

static void
test_flags (void)
{
  g_auto (BlConsentPolicy) none = { 0 }, server = { 0 }, viewer = { 0 }, local = { 0 }, other = { 0 };

  policy_from (&none, BL_TUNNEL_DESKTOP, "{}", 0, 0);
  g_assert_false (none.notify || none.prompt || none.bar);
  g_assert_cmpuint (none.timeout, ==, BL_CONSENT_TIMEOUT_DEFAULT);
  policy_from (&server, BL_TUNNEL_DESKTOP, "{\"consent\":72}", 0, 0);
  g_assert_true (server.prompt && server.bar && !server.notify);
  policy_from (&viewer, BL_TUNNEL_TERMINAL, "{\"consent\":0}", BL_CONSENT_TERMINAL_PROMPT, 0);
  g_assert_true (viewer.prompt);
  policy_from (&local, BL_TUNNEL_FILES, "{\"consent\":0}", 0,
               BL_CONSENT_FILES_PROMPT | BL_CONSENT_FILES_NOTIFY);
  g_assert_true (local.prompt && local.notify);
  policy_from (&other, BL_TUNNEL_TERMINAL, "{\"consent\":104}", 0, 0);
  g_assert_false (other.prompt || other.bar);
}

/* A port that shows the screen counts as desktop, of another one the person hears. */
static void
test_ports (void)
{
  g_auto (BlConsentPolicy) vnc = { 0 }, port = { 0 }, local = { 0 };

  policy_from (&vnc, BL_TUNNEL_VNC, "{\"consent\":72,\"soptions\":{\"consentMsgDesktop\":\"{0} asks\"}}", 0,
               0);
  g_assert_true (vnc.prompt && vnc.bar && !vnc.notify);
  g_assert_cmpstr (vnc.message, ==, "{0} asks");
  policy_from (&port, BL_TUNNEL_TCP, "{\"consent\":127}", 0, 0);
  g_assert_true (port.notify && !port.prompt && !port.bar);
  policy_from (&local, BL_TUNNEL_TCP, "{}", 0, BL_CONSENT_TERMINAL_PROMPT);
  g_assert_true (local.notify && !local.prompt);
}

static void
test_texts (void)
{
  g_auto (BlConsentPolicy) policy = { 0 }, limits = { 0 };

  policy_from (
      &policy, BL_TUNNEL_DESKTOP,
      "{\"consent\":8,\"soptions\":{\"consentTitle\":\"Help desk\",\"consentMsgDesktop\":\"{0} asks\","
      "\"consentTimeout\":60,\"consentAutoAcceptIfDesktopNoUser\":true}}",
      0, 0);
  g_assert_cmpstr (policy.title, ==, "Help desk");
  g_assert_cmpstr (policy.message, ==, "{0} asks");
  g_assert_cmpuint (policy.timeout, ==, 60);
  g_assert_true (policy.accept_nobody && !policy.accept_locked && !policy.accept_silence);
  policy_from (&limits, BL_TUNNEL_DESKTOP,
               "{\"consent\":8,\"soptions\":{\"consentTimeout\":1e9,\"consentTitle\":7}}", 0, 0);
  g_assert_cmpuint (limits.timeout, ==, BL_CONSENT_TIMEOUT_MAX);
  g_assert_null (limits.title);
}

/* What the device itself demands cannot be softened from outside. */
static void
test_local_is_stricter (void)
{
  static const char order[]
      = "{\"consent\":8,\"soptions\":{\"consentAutoAccept\":true,\"consentAutoAcceptIfNoUser\":true,"
        "\"consentAutoAcceptIfLocked\":true}}";
  g_auto (BlConsentPolicy) server = { 0 }, local = { 0 };

  policy_from (&server, BL_TUNNEL_DESKTOP, order, 0, 0);
  g_assert_true (server.accept_silence && server.accept_nobody && server.accept_locked);
  policy_from (&local, BL_TUNNEL_DESKTOP, order, 0, BL_CONSENT_DESKTOP_PROMPT);
  g_assert_true (local.prompt);
  g_assert_false (local.accept_silence || local.accept_nobody || local.accept_locked);
}

static void
test_fill (void)
{
  g_autofree char *plain = bl_consent_fill ("{0} ({1}) asks; {2} {", "Anna", "anna");
  g_autofree char *name = g_strnfill (BL_CONSENT_TEXT_MAX, 'x');
  g_autofree char *longest = bl_consent_fill ("{0}{0}", name, "a");
  g_autofree char *again = bl_consent_fill ("{0}", "{1}", "anna");

  g_assert_cmpstr (plain, ==, "Anna (anna) asks; {2} {");
  g_assert_cmpuint (strlen (longest), ==, BL_CONSENT_TEXT_MAX);
  g_assert_cmpstr (again, ==, "{1}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/consent/flags", test_flags);
  g_test_add_func ("/consent/ports", test_ports);
  g_test_add_func ("/consent/texts", test_texts);
  g_test_add_func ("/consent/local-is-stricter", test_local_is_stricter);
  g_test_add_func ("/consent/fill", test_fill);
  return g_test_run ();
}
