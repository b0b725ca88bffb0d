// SPDX-License-Identifier: Apache-2.0
// Who is asked, and what an answer or its absence means. The tunnels are stand-ins: only who is behind them
// matters.
#include "bl-agent-presence.h"

#include "common/bl-json.h"
#include "common/bl-rights-bits.h"
#include "common/bl-tunnel.h"

#include <string.h>

typedef struct
{
  BlAgentPresence *presence;
  BowlineConsent *asked; // what the plugin was asked last
  guint n_asked;
  guint n_withdrawn;
  guint n_changed;
  guint32 answer_at_once; // 0: later
  gboolean decided;
  char *refusal;
} World;

static BowlineTunnel *
tunnel_ref (BowlineTunnel *tunnel)
{
  return tunnel;
}

static void
tunnel_unref (BowlineTunnel *tunnel)
{
}

static void
tunnel_get_info (BowlineTunnel *tunnel, BowlineTunnelInfo *info)
{
  info->user_name = "anna";
  info->real_name = "Anna Berg";
}

static void
ask_cb (BowlineConsent *consent, gpointer user_data)
{
  World *world = user_data;
  world->n_asked++;
  g_clear_pointer (&world->asked, bowline_consent_unref);
  world->asked = bowline_consent_ref (consent);
  if (world->answer_at_once != 0)
    bowline_consent_answer (consent, world->answer_at_once);
}

static void
withdrawn_cb (BowlineConsent *consent, gpointer user_data)
{
  ((World *)user_data)->n_withdrawn++;
}

static void
changed_cb (gpointer user_data)
{
  ((World *)user_data)->n_changed++;
}

static void
decided_cb (const char *refusal, gpointer user_data)
{
  World *world = user_data;
  g_assert_false (world->decided);
  world->decided = TRUE;
  world->refusal = g_strdup (refusal);
}

static BowlineConsent *
ask (World *world, const char *order)
{
  g_autoptr (GVariant) parsed = bl_json_parse_object (order, strlen (order), NULL, BL_JSON_DEFAULT, NULL);
  world->decided = FALSE;
  g_clear_pointer (&world->refusal, g_free);
  return bl_agent_presence_ask (world->presence, (BowlineTunnel *)world, BL_TUNNEL_DESKTOP, parsed, 0,
                                decided_cb, world);
}

static void
open_world (World *world, guint32 local, gboolean with_plugin)
{
  static const BowlineAgentPresence table
      = { .struct_size = sizeof table, .ask = ask_cb, .withdrawn = withdrawn_cb, .changed = changed_cb };
  static const BowlineTunnelOps ops
      = { .ref = tunnel_ref, .unref = tunnel_unref, .get_info = tunnel_get_info };
  g_autoptr (GError) error = NULL;

  *world = (World){ .presence = bl_agent_presence_new (local) };
  bowline_private_install_tunnel_ops (&ops);
  bl_agent_presence_install ();
  if (with_plugin)
    g_assert_true (bl_agent_presence_register (world->presence, (BowlineHost *)world, &table, world, &error));
}

static void
close_world (World *world)
{
  g_clear_pointer (&world->asked, bowline_consent_unref);
  g_clear_pointer (&world->presence, bl_agent_presence_free);
  g_free (world->refusal);
}

static void
test_without_plugin (void)
{
  World world;

  open_world (&world, 0, FALSE);
  g_assert_null (ask (&world, "{\"consent\":1}"));
  g_assert_true (world.decided && world.refusal == NULL);
  g_assert_null (ask (&world, "{\"consent\":8}"));
  g_assert_cmpstr (world.refusal, ==,
                   "Somebody at the device must agree, and nothing is installed there that could ask.");
  close_world (&world);
}

static void
test_answers (void)
{
  World world;
  BowlineConsentInfo info = { .struct_size = sizeof info };
  BowlineConsent *consent;

  open_world (&world, 0, TRUE);
  g_assert_null (ask (&world, "{\"consent\":0}"));
  g_assert_true (world.decided && world.n_asked == 0);

  consent = ask (
      &world,
      "{\"consent\":72,\"soptions\":{\"consentMsgDesktop\":\"{0} ({1}) asks\",\"consentTimeout\":90}}");
  g_assert_nonnull (consent);
  g_assert_false (world.decided);
  bowline_consent_get_info (world.asked, &info);
  g_assert_cmpuint (info.needs, ==, BOWLINE_CONSENT_PROMPT | BOWLINE_CONSENT_BAR);
  g_assert_cmpuint (info.timeout, ==, 90);
  g_assert_cmpstr (info.message, ==, "Anna Berg (anna) asks");
  g_assert_true (bowline_consent_get_tunnel (world.asked) == (BowlineTunnel *)&world);
  bowline_consent_answer (world.asked, BOWLINE_CONSENT_ALLOW);
  g_assert_true (world.decided && world.refusal == NULL);
  bowline_consent_answer (world.asked, BOWLINE_CONSENT_DENY); // too late, changes nothing
  bl_agent_presence_withdraw (consent);
  g_assert_cmpuint (world.n_withdrawn, ==, 0);

  world.answer_at_once = BOWLINE_CONSENT_DENY;
  g_assert_null (ask (&world, "{\"consent\":8}"));
  g_assert_cmpstr (world.refusal, ==, "The person at the device refused.");
  world.answer_at_once = 77; // a number that means nothing is no yes
  g_assert_null (ask (&world, "{\"consent\":8}"));
  g_assert_nonnull (world.refusal);
  close_world (&world);
}

static void
test_nobody_and_locked (void)
{
  World world;

  open_world (&world, 0, TRUE);
  world.answer_at_once = BOWLINE_CONSENT_NOBODY;
  g_assert_null (ask (&world, "{\"consent\":8}"));
  g_assert_cmpstr (world.refusal, ==, "Somebody at the device must agree, and nobody is logged in there.");
  g_assert_null (ask (&world, "{\"consent\":8,\"soptions\":{\"consentAutoAcceptIfNoUser\":true}}"));
  g_assert_null (world.refusal);
  g_assert_null (ask (&world, "{\"consent\":1}"));
  g_assert_null (world.refusal);
  world.answer_at_once = BOWLINE_CONSENT_LOCKED;
  g_assert_null (ask (&world, "{\"consent\":8,\"soptions\":{\"consentAutoAcceptIfNoUser\":true}}"));
  g_assert_nonnull (world.refusal);
  g_assert_null (ask (&world, "{\"consent\":8,\"soptions\":{\"consentAutoAcceptIfDesktopLocked\":true}}"));
  g_assert_null (world.refusal);
  close_world (&world);

  open_world (&world, BL_CONSENT_DESKTOP_PROMPT, TRUE);
  world.answer_at_once = BOWLINE_CONSENT_NOBODY;
  g_assert_null (ask (&world, "{\"consent\":0,\"soptions\":{\"consentAutoAcceptIfNoUser\":true}}"));
  g_assert_nonnull (world.refusal);
  close_world (&world);
}

static void
test_ends (void)
{
  World world;
  BowlineConsent *consent;

  open_world (&world, 0, TRUE);
  consent = ask (&world, "{\"consent\":8}");
  bl_agent_presence_withdraw (consent);
  g_assert_cmpuint (world.n_withdrawn, ==, 1);
  bowline_consent_answer (world.asked, BOWLINE_CONSENT_ALLOW);
  g_assert_false (world.decided);

  consent = ask (&world, "{\"consent\":8}");
  bl_agent_presence_remove_owner (world.presence, (BowlineHost *)&world);
  g_assert_nonnull (world.refusal);
  bl_agent_presence_withdraw (consent);
  close_world (&world);
}

static void
ignore_decision (const char *refusal, gpointer user_data)
{
}

static void
test_limit (void)
{
  World world;
  BowlineConsent *waiting[BL_AGENT_MAX_CONSENTS];
  g_autoptr (GVariant) order = bl_json_parse_object ("{\"consent\":8}", 13, NULL, BL_JSON_DEFAULT, NULL);

  open_world (&world, 0, TRUE);
  for (guint i = 0; i < BL_AGENT_MAX_CONSENTS; i++)
    {
      waiting[i] = bl_agent_presence_ask (world.presence, (BowlineTunnel *)&world, BL_TUNNEL_DESKTOP, order,
                                          0, ignore_decision, NULL);
      g_assert_nonnull (waiting[i]);
    }
  g_assert_null (ask (&world, "{\"consent\":8}"));
  g_assert_cmpstr (world.refusal, ==, "The device is asking its user about other sessions already.");
  for (guint i = 0; i < BL_AGENT_MAX_CONSENTS; i++)
    bl_agent_presence_withdraw (waiting[i]);
  close_world (&world);
}

static void
test_pause (void)
{
  World world;
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  open_world (&world, 0, TRUE);
  g_assert_cmpint (bl_agent_presence_get_pause (world.presence), ==, 0);
  bl_agent_presence_pause (world.presence, now + 3600);
  g_assert_cmpint (bl_agent_presence_get_pause (world.presence), ==, now + 3600);
  bl_agent_presence_pause (world.presence, G_MAXINT64);
  g_assert_cmpint (bl_agent_presence_get_pause (world.presence), <=, now + BL_AGENT_PAUSE_MAX + 60);
  bl_agent_presence_pause (world.presence, now - 1);
  g_assert_cmpint (bl_agent_presence_get_pause (world.presence), ==, 0);
  g_assert_cmpuint (world.n_changed, ==, 3);
  close_world (&world);
}

static void
test_register (void)
{
  static const BowlineAgentPresence empty = { .struct_size = sizeof empty };
  World world;
  g_autoptr (GError) invalid = NULL;
  g_autoptr (GError) taken = NULL;

  open_world (&world, 0, FALSE);
  g_assert_false (bl_agent_presence_register (world.presence, (BowlineHost *)&world, &empty, NULL, &invalid));
  g_assert_error (invalid, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
  close_world (&world);
  open_world (&world, 0, TRUE);
  g_assert_false (bl_agent_presence_register (world.presence, (BowlineHost *)&world, &empty, NULL, &taken));
  g_assert_error (taken, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS);
  close_world (&world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-presence/without-plugin", test_without_plugin);
  g_test_add_func ("/agent-presence/answers", test_answers);
  g_test_add_func ("/agent-presence/nobody-and-locked", test_nobody_and_locked);
  g_test_add_func ("/agent-presence/ends", test_ends);
  g_test_add_func ("/agent-presence/limit", test_limit);
  g_test_add_func ("/agent-presence/pause", test_pause);
  g_test_add_func ("/agent-presence/register", test_register);
  return g_test_run ();
}
