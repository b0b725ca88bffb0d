// SPDX-License-Identifier: Apache-2.0
#include "bl-event-bus.h"
#include "bl-event-log.h"
#include "common/bl-variant.h"
#include "testing/bl-memory-store.h"
#include <string.h>

typedef struct
{
  BlEventBus *bus;
  GString *heard;
  guint64 first;
  guint64 second;
  guint depth;
} Fixture;

static void
fixture_set_up (Fixture *f, gconstpointer data)
{
  f->bus = bl_event_bus_new ();
  f->heard = g_string_new (NULL);
}

static void
fixture_tear_down (Fixture *f, gconstpointer data)
{
  bl_event_bus_free (f->bus);
  g_string_free (f->heard, TRUE);
}

static void
hear_a (const char *topic, GVariant *payload, gpointer user_data)
{
  Fixture *f = user_data;

  g_string_append_printf (f->heard, "a:%s ", g_variant_get_string (payload, NULL));
}

static void
hear_b (const char *topic, GVariant *payload, gpointer user_data)
{
  Fixture *f = user_data;

  g_string_append_printf (f->heard, "b:%s:%s ", topic, g_variant_get_string (payload, NULL));
}

static void
publish (Fixture *f, const char *topic, const char *text)
{
  bl_event_bus_publish (f->bus, topic, g_variant_new_string (text));
}

static void
test_order (Fixture *f, gconstpointer data)
{
  guint64 a, b;

  publish (f, "t", "0");
  a = bl_event_bus_subscribe (f->bus, NULL, "t", hear_a, f);
  b = bl_event_bus_subscribe (f->bus, NULL, "t", hear_b, f);
  g_assert_cmpuint (a, !=, 0);
  g_assert_cmpuint (b, !=, a);
  publish (f, "t", "1");
  publish (f, "other", "2");
  bl_event_bus_unsubscribe (f->bus, a);
  bl_event_bus_unsubscribe (f->bus, a);
  bl_event_bus_unsubscribe (f->bus, 0);
  publish (f, "t", "3");
  bl_event_bus_unsubscribe (f->bus, b);
  publish (f, "t", "4");
  g_assert_cmpstr (f->heard->str, ==, "a:1 b:t:1 b:t:3 ");
}

/* Ends itself and the next one, and begins a new one. */
static void
hear_and_change (const char *topic, GVariant *payload, gpointer user_data)
{
  Fixture *f = user_data;

  g_string_append (f->heard, "change ");
  bl_event_bus_unsubscribe (f->bus, f->first);
  bl_event_bus_unsubscribe (f->bus, f->second);
  bl_event_bus_subscribe (f->bus, NULL, "t", hear_b, f);
}

static void
test_change_inside (Fixture *f, gconstpointer data)
{
  f->first = bl_event_bus_subscribe (f->bus, NULL, "t", hear_and_change, f);
  f->second = bl_event_bus_subscribe (f->bus, NULL, "t", hear_a, f);
  publish (f, "t", "1");
  g_assert_cmpstr (f->heard->str, ==, "change ");
  publish (f, "t", "2");
  g_assert_cmpstr (f->heard->str, ==, "change b:t:2 ");
}

static void
hear_and_publish (const char *topic, GVariant *payload, gpointer user_data)
{
  Fixture *f = user_data;

  f->depth++;
  publish (f, "t", "again");
}

static void
test_depth (Fixture *f, gconstpointer data)
{
  bl_event_bus_subscribe (f->bus, NULL, "t", hear_and_publish, f);
  g_test_expect_message ("bowline-event-bus", G_LOG_LEVEL_WARNING, "*topic t: dropped*");
  publish (f, "t", "1");
  g_test_assert_expected_messages ();
  g_assert_cmpuint (f->depth, ==, BL_EVENT_BUS_MAX_DEPTH);
}

/* ---- events on top of it
 * ------------------------------------------------------------------------------------ */

static void
hear_event (const char *topic, GVariant *payload, gpointer user_data)
{
  GVariant **last = user_data;

  g_clear_pointer (last, g_variant_unref);
  *last = g_variant_ref (payload);
}

static void
test_events (Fixture *f, gconstpointer data)
{
  static const char *const targets[] = { "mesh//a", "*", NULL };
  g_autoptr (BlMemoryStore) memory = bl_memory_store_new ();
  g_autoptr (BlStore) store = bl_store_new ();
  g_autoptr (BlEventLog) log = bl_event_log_new (store, f->bus);
  GPtrArray *events = bl_memory_store_get_events (memory);
  g_autoptr (GVariant) last = NULL;
  g_autoptr (GVariant) event = NULL;
  g_autoptr (GVariant) kept = NULL;
  g_autoptr (GVariant) told = NULL;
  g_autoptr (GVariant) account = NULL;
  g_auto (GStrv) names = NULL;
  g_auto (GStrv) ids = NULL;

  g_assert_true (bl_store_register (store, NULL, bl_memory_store_get_table (), memory, NULL));
  bl_event_bus_subscribe (f->bus, NULL, "event", hear_event, &last);

  bl_event_log_emit (
      log, targets,
      g_variant_new_parsed ("{'action': <'addnode'>, 'etype': <'node'>, 'node': <{'name': <'x'>}>, "
                            "'account': <{'name': <'a'>, 'links': <{'node//1': <{'rights': <int64 8>}>}>}>}"));
  g_assert_cmpuint (events->len, ==, 1);
  g_variant_get (last, "(^as@a{sv})", &names, &event);
  g_assert_true (g_strv_equal ((const char *const *)names, targets));
  g_assert_true (bl_variant_has (event, "node"));
  g_assert_cmpstr (bl_variant_get_string (event, "domain"), ==, "");
  g_assert_cmpuint (strlen (bl_variant_get_string (event, "time")), ==, strlen ("2026-01-31T12:00:00.000Z"));
  g_assert_false (bl_variant_has (event, "ids"));
  kept = g_variant_get_child_value (g_ptr_array_index (events, 0), 2);
  g_assert_false (bl_variant_has (kept, "node"));
  told = bl_variant_get_object (event, "account");
  g_assert_true (bl_variant_has (told, "links"));
  account = bl_variant_get_object (kept, "account");
  g_assert_cmpstr (bl_variant_get_string (account, "name"), ==, "a");
  g_assert_false (bl_variant_has (account, "links"));
  g_assert_cmpstr (bl_variant_get_string (kept, "time"), ==, bl_variant_get_string (event, "time"));
  ids = bl_variant_get_strv (kept, "ids");
  g_assert_true (g_strv_equal ((const char *const *)ids, targets));

  /* pushed only */
  g_clear_pointer (&event, g_variant_unref);
  bl_event_log_emit (
      log, targets,
      g_variant_new_parsed (
          "{'action': <'nodeconnect'>, 'etype': <'node'>, 'nolog': <int64 1>, 'domain': <'d'>}"));
  g_assert_cmpuint (events->len, ==, 1);
  g_variant_get (last, "(as@a{sv})", NULL, &event);
  g_assert_cmpstr (bl_variant_get_string (event, "domain"), ==, "d");
  g_assert_false (bl_variant_has (event, "time"));
}

static void
test_events_refused (Fixture *f, gconstpointer data)
{
  g_autoptr (BlMemoryStore) memory = bl_memory_store_new ();
  g_autoptr (BlStore) store = bl_store_new ();
  g_autoptr (BlEventLog) log = bl_event_log_new (store, f->bus);
  g_autofree char *large = g_strnfill (BL_EVENT_LOG_MAX_EVENT, 'x');
  g_autoptr (GVariant) last = NULL;

  bl_event_bus_subscribe (f->bus, NULL, "event", hear_event, &last);
  g_test_expect_message ("bowline-events", G_LOG_LEVEL_WARNING, "*no action*");
  bl_event_log_emit (log, NULL, g_variant_new_parsed ("{'etype': <'node'>}"));
  g_test_expect_message ("bowline-events", G_LOG_LEVEL_WARNING, "*expected a{sv}*");
  bl_event_log_emit (log, NULL, g_variant_new_string ("x"));
  g_test_assert_expected_messages ();
  g_assert_null (last);
  g_assert_true (bl_store_register (store, NULL, bl_memory_store_get_table (), memory, NULL));
  g_test_expect_message ("bowline-events", G_LOG_LEVEL_WARNING, "*event a: * bytes, at most*");
  bl_event_log_emit (log, NULL, g_variant_new_parsed ("{'action': <'a'>, 'msg': <%s>}", large));
  g_test_assert_expected_messages ();
  g_assert_cmpuint (bl_memory_store_get_events (memory)->len, ==, 0);
  g_assert_nonnull (last); /* those who watch still hear it */
}

typedef struct
{
  gboolean is_done;
  GVariant *events;
  GError *error;
} Answer;

static void
query_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  answer->events = bl_event_log_query_finish (NULL, result, &answer->error);
}

static void
test_query (Fixture *f, gconstpointer data)
{
  static const char *const refused[] = {
    "['x']",
    "{'limit': <int64 0>}",
    "{'limit': <int64 10001>}",
    "{'limit': <5>}",
    "{'ids': <[<'x'>]>}",
    "{'id': <['x']>}",
    "{'nodeid': <['x']>}",
    "{'start': <'now'>}",
  };
  g_autoptr (BlMemoryStore) memory = bl_memory_store_new ();
  g_autoptr (BlStore) store = bl_store_new ();
  g_autoptr (BlEventLog) log = bl_event_log_new (store, f->bus);

  g_assert_true (bl_store_register (store, NULL, bl_memory_store_get_table (), memory, NULL));
  bl_event_log_emit (log, NULL, g_variant_new_parsed ("{'action': <'a'>}"));
  for (guint i = 0; i <= G_N_ELEMENTS (refused); i++)
    {
      gboolean good = i == G_N_ELEMENTS (refused);
      g_autoptr (GVariant) filter = g_variant_parse (
          NULL, good ? "{'ids': <['x']>, 'limit': <int64 5>, 'start': <int64 0>}" : refused[i], NULL, NULL,
          NULL);
      Answer answer = { 0 };

      bl_event_log_query_async (log, filter, NULL, query_cb, &answer);
      while (!answer.is_done)
        g_main_context_iteration (NULL, TRUE);
      if (good)
        g_assert_cmpuint (g_variant_n_children (answer.events), ==, 1);
      else
        g_assert_error (answer.error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
      g_clear_pointer (&answer.events, g_variant_unref);
      g_clear_error (&answer.error);
    }
}

static void
test_time (void)
{
  static const struct
  {
    gint64 ms;
    const char *text;
  } cases[] = {
    { 0, "1970-01-01T00:00:00.000Z" },
    { 1769860800007, "2026-01-31T12:00:00.007Z" },
    { 253402300799999, "9999-12-31T23:59:59.999Z" },
    { G_MAXINT64, "1970-01-01T00:00:00.000Z" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = bl_event_log_format_time (cases[i].ms);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/event-bus/order", Fixture, NULL, fixture_set_up, test_order, fixture_tear_down);
  g_test_add ("/event-bus/change-inside", Fixture, NULL, fixture_set_up, test_change_inside,
              fixture_tear_down);
  g_test_add ("/event-bus/depth", Fixture, NULL, fixture_set_up, test_depth, fixture_tear_down);
  g_test_add ("/event-log/events", Fixture, NULL, fixture_set_up, test_events, fixture_tear_down);
  g_test_add ("/event-log/refused", Fixture, NULL, fixture_set_up, test_events_refused, fixture_tear_down);
  g_test_add ("/event-log/query", Fixture, NULL, fixture_set_up, test_query, fixture_tear_down);
  g_test_add_func ("/event-log/time", test_time);
  return g_test_run ();
}
