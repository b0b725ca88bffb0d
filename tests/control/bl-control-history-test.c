// SPDX-License-Identifier: Apache-2.0
/* Invitations, power history, remarks, programs of agents, devices without an agent, reports and exports. */
#include "bl-control-test-world.h"

#include "bl-control-details.h"
#include "bl-control-report.h"
#include "bl-control-timeline.h"

#include <string.h>

static const char *
ask_result (BowlineWebSocket *socket, const char *action, const char *members)
{
  g_autofree char *request
      = g_strdup_printf ("{\"action\":\"%s\",\"responseid\":\"meshctrl\",%s}", action, members);
  g_autoptr (GPtrArray) frames = world_ask (socket, request);

  return g_intern_string (world_result (frames, action));
}

static void
test_invites (void)
{
  BowlineWebSocket *alice, *stranger;
  g_autoptr (GPtrArray) frames = NULL;
  GVariant *answer;

  world_begin ();
  world_put ("{\"_id\":\"user//stranger\",\"type\":\"user\",\"name\":\"stranger\",\"domain\":\"\"}");
  alice = world_connect ("alice");
  stranger = world_connect ("stranger");
  frames = world_ask (alice, "{\"action\":\"createInviteLink\",\"meshname\":\"Lab\",\"expire\":2,\"flags\":1,"
                             "\"responseid\":\"meshctrl\",\"tag\":7}");
  answer = world_find (frames, "createInviteLink");
  g_assert_nonnull (strstr (bl_variant_get_string (answer, "url"), "/agentinvite?c="));
  g_assert_nonnull (strstr (bl_variant_get_string (answer, "cookie"), "'expire': <int64 120>"));
  g_assert_cmpstr (bl_variant_get_string (answer, "meshid"), ==, MESH);
  g_assert_cmpint (bl_variant_get_int (answer, "tag", 0), ==, 7);
  g_assert_cmpstr (
      ask_result (alice, "createInviteLink", "\"meshid\":\"" MESH "\",\"expire\":-1,\"flags\":0"), ==,
      "Invalid expire time");
  g_assert_cmpstr (
      ask_result (alice, "createInviteLink", "\"meshid\":\"" MESH "\",\"expire\":1,\"flags\":257"), ==,
      "Invalid flags");
  g_assert_cmpstr (
      ask_result (alice, "createInviteLink", "\"meshid\":\"" MESH2 "\",\"expire\":1,\"flags\":0"), ==,
      "Invalid group id");
  g_assert_cmpstr (
      ask_result (stranger, "createInviteLink", "\"meshid\":\"" MESH "\",\"expire\":1,\"flags\":0"), ==,
      "Invalid group id");
  g_assert_cmpstr (ask_result (alice, "inviteAgent", "\"email\":\"a@example.org\""), ==,
                   "Unsupported feature");
  world_close (alice);
  world_close (stranger);
  world_end ();
}

static void
test_device_event (void)
{
  BowlineWebSocket *alice;
  g_autoptr (GPtrArray) frames = NULL;
  g_autoptr (GVariant) event = NULL;

  world_begin ();
  alice = world_connect ("alice");
  frames = world_ask (alice, "{\"action\":\"setDeviceEvent\",\"nodeid\":\"" NODE "\",\"msg\":\"a%20note\"}");
  event = bl_variant_get_object (world_find (frames, "event:manual"), "event");
  g_assert_cmpstr (bl_variant_get_string (event, "msg"), ==, "a note");
  g_assert_cmpstr (ask_result (alice, "setDeviceEvent", "\"nodeid\":\"" NODE "\",\"msg\":\"%ff\""), ==,
                   "Invalid message");
  g_assert_cmpstr (ask_result (alice, "setDeviceEvent", "\"nodeid\":\"" NODE "\",\"msg\":\"\""), ==,
                   "Invalid message");
  world_close (alice);
  world_end ();
}

static void
test_programs (void)
{
  BowlineWebSocket *admin, *alice;

  world_begin ();
  admin = world_connect ("admin");
  alice = world_connect ("alice");
  /* alice may control, not use the console, not uninstall */
  g_assert_cmpstr (ask_result (alice, "uninstallagent", "\"nodeids\":[\"" NODE "\"]"), ==, "Access denied");
  g_assert_cmpstr (ask_result (alice, "updateAgents", "\"nodeids\":[\"" NODE "\"]"), ==, "Access denied");
  g_assert_cmpstr (ask_result (alice, "agentdisconnect", "\"nodeid\":\"" NODE "\",\"disconnectMode\":1"), ==,
                   "Access denied");
  g_assert_cmpstr (ask_result (alice, "uploadagentcore", "\"nodeids\":[\"" NODE "\"],\"type\":\"clear\""), ==,
                   "Access denied");
  g_assert_cmpstr (ask_result (admin, "uploadagentcore", "\"nodeids\":[\"" NODE "\"],\"type\":\"other\""), ==,
                   "Invalid core type");
  g_assert_cmpstr (ask_result (admin, "uploadagentcore", "\"nodeids\":[\"" NODE "\"],\"type\":\"tiny\""), ==,
                   "Not available"); /* nobody serves agents here */
  g_assert_cmpstr (ask_result (admin, "uninstallagent", "\"nodeids\":[\"" NODE "\"]"), ==,
                   "Agent not connected");
  bl_test_host_set_online (world.test, NODE, TRUE);
  g_assert_cmpstr (ask_result (admin, "uninstallagent", "\"nodeids\":[\"" NODE "\"]"), ==, "ok");
  g_assert_cmpstr (ask_result (alice, "setClip", "\"nodeid\":\"" NODE "\",\"data\":\"text\""), ==, "ok");
  g_assert_cmpstr (ask_result (alice, "setClip", "\"nodeid\":\"" NODE "\""), ==, "Invalid data");
  g_assert_cmpuint (bl_test_host_get_device_messages (world.test)->len, ==, 2);
  world_close (admin);
  world_close (alice);
  world_end ();
}

static const char *
refusal (BowlineWebSocket *socket, const char *action, const char *members)
{
  g_autofree char *request
      = g_strdup_printf ("{\"action\":\"%s\",\"responseid\":\"meshctrl\",%s}", action, members);
  g_autoptr (GPtrArray) frames = world_ask (socket, request);

  return g_intern_string (world_result (frames, "changeDeviceMesh"));
}

#define LOCAL "\"meshid\":\"" MESH2 "\",\"devicename\":\"switch\",\"hostname\":\"192.0.2.7\""

static void
test_agentless (void)
{
  BowlineWebSocket *admin, *alice;
  g_autoptr (GPtrArray) frames = NULL;
  g_autoptr (GVariant) event = NULL, node = NULL, amt = NULL;

  world_begin ();
  world_put ("{\"_id\":\"" MESH2
             "\",\"type\":\"mesh\",\"name\":\"Local\",\"mtype\":3,\"domain\":\"\",\"links\":{}}");
  world_put ("{\"_id\":\"" ADMIN
             "\",\"type\":\"user\",\"name\":\"admin\",\"domain\":\"\",\"siteadmin\":4294967295,"
             "\"links\":{\"" MESH "\":{\"rights\":4294967295},\"" MESH2 "\":{\"rights\":4294967295}}}");
  world_put ("{\"_id\":\"" ALICE "\",\"type\":\"user\",\"name\":\"Alice\",\"domain\":\"\","
             "\"links\":{\"" MESH2 "\":{\"rights\":8}}}");
  admin = world_connect ("admin");
  alice = world_connect ("alice");
  g_assert_cmpstr (refusal (admin, "addlocaldevice", LOCAL ",\"type\":5"), ==, "Invalid type");
  g_assert_cmpstr (refusal (alice, "addlocaldevice", LOCAL ",\"type\":4"), ==, "Permission denied");
  g_assert_cmpstr (refusal (alice, "addlocaldevice",
                            "\"meshid\":\"" MESH "\",\"devicename\":\"a\",\"hostname\":\"b\",\"type\":4"),
                   ==, "Unknown device group");
  g_assert_cmpstr (refusal (admin, "addlocaldevice",
                            "\"meshid\":\"" MESH "\",\"devicename\":\"a\",\"hostname\":\"b\",\"type\":4"),
                   ==, "Local device agentless mesh only allowed");
  g_assert_cmpstr (refusal (admin, "addamtdevice", LOCAL ",\"amttls\":\"1\""), ==,
                   "Intel AMT agentless mesh only allowed");
  g_assert_cmpstr (
      ask_result (admin, "addlocaldevice", "\"meshid\":\"" MESH2 "\",\"hostname\":\"b\",\"type\":4"), ==,
      "Invalid devicename");
  frames = world_ask (admin, "{\"action\":\"addlocaldevice\",\"responseid\":\"r\"," LOCAL ",\"type\":6}");
  g_assert_cmpstr (world_result (frames, "addlocaldevice"), ==, "ok");
  event = bl_variant_get_object (world_find (frames, "event:addnode"), "event");
  node = bl_variant_get_object (event, "node");
  g_assert_cmpint (bl_variant_get_int (node, "mtype", 0), ==, 3);
  world_put ("{\"_id\":\"" MESH2
             "\",\"type\":\"mesh\",\"name\":\"Amt\",\"mtype\":1,\"domain\":\"\",\"links\":{}}");
  g_assert_cmpstr (refusal (admin, "addamtdevice", LOCAL ",\"amttls\":\"2\""), ==, "Invalid amttls");
  g_clear_pointer (&frames, g_ptr_array_unref);
  frames = world_ask (admin, "{\"action\":\"addamtdevice\",\"responseid\":\"r\"," LOCAL
                             ",\"amtusername\":\"u\",\"amtpassword\":\"p\",\"amttls\":\"1\"}");
  g_assert_cmpstr (world_result (frames, "addamtdevice"), ==, "ok");
  g_clear_pointer (&event, g_variant_unref);
  g_clear_pointer (&node, g_variant_unref);
  event = bl_variant_get_object (world_find (frames, "event:addnode"), "event");
  node = bl_variant_get_object (event, "node");
  amt = bl_variant_get_object (node, "intelamt");
  g_assert_cmpint (bl_variant_get_int (amt, "pass", 0), ==, 1); /* never the password itself */
  world_close (admin);
  world_close (alice);
  world_end ();
}

/* ---- reports
 * ------------------------------------------------------------------------------------------------------ */

#define SESSION(when, user, more)                                                                            \
  "{'action': <'relaylog'>, 'msgid': <@x 10>, 'time': <'" when "'>, 'userid': <'" user                       \
  "'>, 'nodeid': <'node//n'>,"                                                                               \
  " 'protocol': <@x 1>, 'bytesin': <@x 5>, 'bytesout': <@x 7>, 'ids': <['*', 'mesh//m']>,"                   \
  " 'msgArgs': <[<'id'>, <'a'>, <'b'>, <@x 4>]>" more "}"

static GPtrArray *
make_events (const char *const *texts)
{
  GPtrArray *events = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);

  for (; *texts != NULL; texts++)
    g_ptr_array_add (events, g_variant_ref_sink (g_variant_new_parsed (*texts)));
  return events;
}

static char *
print_report (const BlControlReport *report, const char *const *texts)
{
  g_autoptr (GPtrArray) events = make_events (texts);
  g_autoptr (GVariant) data = g_variant_ref_sink (bl_control_report_make (report, events));

  return g_variant_print (data, FALSE);
}

/* Oldest first; seconds since midnight. */
typedef struct
{
  guint seconds;
  gint64 before, after;
} PowerEvent;

static char *
timeline_of (const PowerEvent *events, guint n)
{
  GVariantBuilder list;
  g_autoptr (GVariant) stored = NULL;
  g_autoptr (GVariant) timeline = NULL;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = n; i-- > 0;)
    {
      g_autofree char *time = g_strdup_printf ("2026-01-31T%02u:%02u:%02u.500Z", events[i].seconds / 3600,
                                               events[i].seconds / 60 % 60, events[i].seconds % 60);

      g_variant_builder_add_value (&list,
                                   g_variant_new_parsed ("{'time': <%s>, 'oldPower': <%x>, 'power': <%x>}",
                                                         time, events[i].before, events[i].after));
    }
  stored = g_variant_ref_sink (g_variant_builder_end (&list));
  timeline = g_variant_ref_sink (bl_control_timeline (stored));
  return g_variant_print (timeline, FALSE);
}

#define BEGIN "1769817600.5" /* 2026-01-31, midnight */

static void
test_timeline (void)
{
  static const struct
  {
    PowerEvent events[5];
    guint n;
    const char *expected;
  } cases[] = {
    { { { 0, 0, 0 } }, 0, "[]" },
    { { { 0, 0, 0 } }, 1, "[]" },
    { { { 0, 0, 1 } }, 1, "[<int64 0>, <" BEGIN ">, <int64 1>]" },
    { { { 0, 0, 1 }, { 500, 1, 0 } }, 2, "[<int64 0>, <" BEGIN ">, <int64 1>, <int64 500>, <int64 0>]" },
    /* what says nothing new, and a state that did not last */
    { { { 0, 0, 1 }, { 300, 1, 1 }, { 500, 1, 0 } }, 3,
      "[<int64 0>, <" BEGIN ">, <int64 1>, <int64 500>, <int64 0>]" },
    { { { 0, 0, 1 }, { 500, 1, 0 }, { 619, 0, 1 }, { 4000, 1, 7 } }, 4,
      "[<int64 0>, <" BEGIN ">, <int64 1>, <int64 4000>, <int64 7>]" },
    { { { 0, 0, 1 }, { 500, 1, 0 }, { 620, 0, 1 } }, 3,
      "[<int64 0>, <" BEGIN ">, <int64 1>, <int64 500>, <int64 0>, <int64 120>, <int64 1>]" },
    /* it was off before anything is known */
    { { { 0, 0, 0 }, { 500, 1, 0 } }, 2, "[<int64 1>, <1769818100.5>, <int64 0>]" },
  };
  g_autoptr (GVariant) strange = g_variant_parse (
      NULL, "[{'power': <'on'>}, {'time': <'never'>, 'power': <int64 1>}]", NULL, NULL, NULL);
  g_autoptr (GVariant) timeline = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *found = timeline_of (cases[i].events, cases[i].n);

      g_assert_cmpstr (found, ==, cases[i].expected);
    }
  timeline = g_variant_ref_sink (bl_control_timeline (strange)); /* from a foreign database */
  g_assert_cmpuint (g_variant_n_children (timeline) % 2, ==, 1);
}

static void
test_session_report (void)
{
  static const char *const texts[]
      = { SESSION ("2026-01-02T23:30:00.250Z", "user//a", ""),
          SESSION ("2026-01-03T00:10:00Z", "user//b", ", 'guestname': <'g'>"), NULL };
  BlControlReport report = { .type = BL_CONTROL_REPORT_SESSIONS,
                             .group_by = BL_CONTROL_REPORT_BY_USER,
                             .traffic = TRUE,
                             .locale = "en-US",
                             .timezone = "Europe/Berlin" };
  g_autofree char *by_user = print_report (&report, texts);
  g_autofree char *by_device = NULL;
  g_autofree char *by_day = NULL;

  /* values in the order of the columns */
  g_assert_nonnull (strstr (by_user,
                            "{'time': <int64 1767396600250>, 'nodeid': <'node//n'>, 'meshid': <'mesh//m'>, "
                            "'protocol': <int64 1>, 'length': <int64 4>, 'bytesin': <int64 5>, "
                            "'bytesout': <int64 7>}"));
  g_assert_nonnull (strstr (by_user, "'guestname': <'g'>"));
  g_assert_nonnull (strstr (by_user, "'groupFormat': <'user'>"));
  report.group_by = BL_CONTROL_REPORT_BY_DEVICE;
  by_device = print_report (&report, texts);
  g_assert_nonnull (strstr (by_device, "'node//n/mesh//m'"));
  report.group_by = BL_CONTROL_REPORT_BY_DAY;
  by_day = print_report (&report, texts);
  g_assert_nonnull (strstr (by_day, "'1/3/2026'")); /* both, in Berlin */
  g_assert_null (strstr (by_day, "'1/2/2026'"));
}

static void
test_other_reports (void)
{
  static const char *const sessions[] = { SESSION ("2026-01-02T23:30:00Z", "user//a", ""),
                                          SESSION ("2026-01-02T23:40:00Z", "user//a", ""), NULL };
  static const char *const logins[]
      = { "{'action': <'login'>, 'msgid': <@x 107>, 'time': <'2026-01-02T23:30:00Z'>, 'userid': <'user//a'>,"
          " 'msgArgs': <[<'192.0.2.1'>, <'Firefox'>, <'Linux'>]>, 'twoFactorType': <'otp'>}",
          NULL };
  static const char *const names[] = { "node", "mesh", NULL };
  static const guint counts[] = { 3, 0 };
  BlControlReport report = { .type = BL_CONTROL_REPORT_TRAFFIC, .group_by = BL_CONTROL_REPORT_BY_USER };
  g_autofree char *traffic = print_report (&report, sessions);
  g_autoptr (GVariant) records = g_variant_ref_sink (bl_control_report_records (names, counts));
  g_autofree char *records_text = g_variant_print (records, FALSE);
  g_autofree char *login = NULL;

  g_assert_nonnull (strstr (traffic, "{'userid': <'user//a'>, 'length': <int64 8>, 'bytesin': <int64 10>, "
                                     "'bytesout': <int64 14>}"));
  report.type = BL_CONTROL_REPORT_LOGINS;
  login = print_report (&report, logins);
  g_assert_nonnull (strstr (login, "'ip': <'192.0.2.1'>, 'browser': <'Firefox'>, 'os': <'Linux'>, "
                                   "'twofactor': <'otp'>, 'msg': <int64 107>}"));
  g_assert_nonnull (strstr (records_text, "{'record': <'node'>, 'recordcount': <int64 3>}"));
  g_assert_null (strstr (records_text, "'mesh'"));
}

static void
test_report_refusals (void)
{
  BowlineWebSocket *alice;

  world_begin ();
  alice = world_connect ("alice");
  g_assert_cmpstr (ask_result (alice, "report", "\"type\":5,\"groupBy\":1,\"start\":1,\"end\":2"), ==,
                   "Invalid report type");
  g_assert_cmpstr (ask_result (alice, "report", "\"type\":1,\"groupBy\":0,\"start\":1,\"end\":2"), ==,
                   "Invalid grouping");
  g_assert_cmpstr (ask_result (alice, "report", "\"type\":1,\"groupBy\":1,\"start\":2,\"end\":2"), ==,
                   "Invalid time range");
  g_assert_cmpstr (ask_result (alice, "report", "\"type\":4,\"groupBy\":1,\"start\":1,\"end\":2"), ==,
                   "Access denied");
  g_assert_cmpstr (ask_result (alice, "report",
                               "\"type\":1,\"groupBy\":1,\"start\":1,\"end\":2,\"devGroup\":\"" MESH2 "\""),
                   ==, "Invalid device group identifier");
  world_close (alice);
  world_end ();
}

/* ---- exports
 * ------------------------------------------------------------------------------------------------------ */

static void
test_details (void)
{
  BowlineWebSocket *admin, *alice;
  g_autoptr (GPtrArray) all = NULL, few = NULL, csv = NULL;
  const char *text;

  world_begin ();
  world_put ("{\"_id\":\"si" NODE
             "\",\"type\":\"sysinfo\",\"hardware\":{\"identifiers\":{\"bios_vendor\":\"=V,1\"},\"linux\":{\"MemoryTotal\":8123456}}}");
  world_put ("{\"_id\":\"lc" NODE "\",\"type\":\"lastconnect\",\"time\":5,\"addr\":\"192.0.2.1:1\"}");
  admin = world_connect ("admin");
  alice = world_connect ("alice");
  all = world_ask (admin, "{\"action\":\"getDeviceDetails\",\"type\":\"json\",\"responseid\":\"r\"}");
  text = bl_variant_get_string (world_find (all, "getDeviceDetails"), "data");
  g_assert_nonnull (strstr (text, "\"groupname\":\"Lab\""));
  g_assert_nonnull (strstr (text, "\"bios_vendor\""));
  g_assert_nonnull (strstr (text, "\"lastConnect\":{\"time\":5"));
  g_assert_null (strstr (text, "\"secret\""));
  few = world_ask (alice, "{\"action\":\"getDeviceDetails\",\"type\":\"json\",\"nodeids\":[\"" NODE "\"]}");
  text = bl_variant_get_string (world_find (few, "getDeviceDetails"), "data");
  g_assert_null (strstr (text, "bios_vendor")); /* no right on details */
  csv = world_ask (admin, "{\"action\":\"getDeviceDetails\",\"type\":\"csv\"}");
  text = bl_variant_get_string (world_find (csv, "getDeviceDetails"), "data");
  g_assert_nonnull (strstr (text, ",\"8123456\""));
  g_assert_true (g_str_has_prefix (text, "id,name,rname,"));
  g_assert_nonnull (strstr (text, "\"demo-pc\""));
  g_assert_nonnull (strstr (text, ",\"'=V1\",")); /* nothing that a spreadsheet would run, no stray comma */
  g_assert_cmpstr (ask_result (admin, "getDeviceDetails", "\"type\":\"xml\""), ==, "Invalid type");
  world_close (admin);
  world_close (alice);
  world_end ();
}

/* As many cells as there are columns, whatever is missing. */
static void
test_csv_cells (void)
{
  g_autoptr (GVariant) node = g_variant_ref_sink (g_variant_new_parsed ("{'_id': <'node//n'>}"));
  const BlControlDetails details = { .node = node };
  g_autoptr (GString) out = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  guint commas[2] = { 0, 0 };

  bl_control_details_append_head (out);
  bl_control_details_append_csv (out, &details);
  lines = g_strsplit (out->str, "\r\n", -1);
  for (guint i = 0; i < 2; i++)
    {
      for (const char *p = lines[i]; *p != '\0'; p++)
        commas[i] += *p == ',';
    }
  g_assert_cmpuint (commas[0], ==, 41);
  g_assert_cmpuint (commas[1], ==, commas[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control/history/timeline", test_timeline);
  g_test_add_func ("/control/history/invites", test_invites);
  g_test_add_func ("/control/history/device-event", test_device_event);
  g_test_add_func ("/control/history/programs", test_programs);
  g_test_add_func ("/control/history/agentless", test_agentless);
  g_test_add_func ("/control/history/session-report", test_session_report);
  g_test_add_func ("/control/history/other-reports", test_other_reports);
  g_test_add_func ("/control/history/report-refusals", test_report_refusals);
  g_test_add_func ("/control/history/details", test_details);
  g_test_add_func ("/control/history/csv-cells", test_csv_cells);
  return g_test_run ();
}
