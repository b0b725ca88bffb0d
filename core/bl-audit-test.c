// SPDX-License-Identifier: Apache-2.0
/* The chain: every way to tamper with it is found; a store that refuses costs nothing. */
#include "bl-audit.h"
#include "bl-audit-chain.h"
#include "bl-log.h"
#include "common/bl-variant.h"
#include "testing/bl-memory-store.h"
#include <string.h>

typedef struct
{
  BlMemoryStore *memory;
  BlStore *store;
  BlEventBus *bus;
  BlDirectory *directory;
  BlAudit *audit;
} Fixture;

static void
fixture_begin (Fixture *f)
{
  f->store = bl_store_new ();
  f->directory = bl_directory_new (f->store, f->bus);
  g_assert_true (bl_store_register (f->store, NULL, bl_memory_store_get_table (), f->memory, NULL));
  f->audit = bl_audit_new (f->directory, 0);
}

static void
fixture_end (Fixture *f)
{
  bl_audit_free (f->audit);
  bl_directory_free (f->directory);
  bl_store_free (f->store);
}

static void
fixture_set_up (Fixture *f, gconstpointer data)
{
  f->memory = bl_memory_store_new ();
  f->bus = bl_event_bus_new ();
  fixture_begin (f);
}

static void
fixture_tear_down (Fixture *f, gconstpointer data)
{
  fixture_end (f);
  bl_memory_store_free (f->memory);
  bl_event_bus_free (f->bus);
}

typedef struct
{
  gboolean is_done;
  gboolean kept;
  GVariant *report;
} Answer;

static void
flush_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  answer->kept = bl_audit_flush_finish (NULL, result, NULL);
}

static gboolean
flush (Fixture *f)
{
  Answer answer = { 0 };

  bl_audit_flush_async (f->audit, NULL, flush_cb, &answer);
  while (!answer.is_done)
    g_main_context_iteration (NULL, TRUE);
  return answer.kept;
}

static void
record (Fixture *f, guint n)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                .kind = BOWLINE_PRINCIPAL_USER,
                                .user_id = "user//anna",
                                .address = "192.0.2.1" };

  for (guint i = 0; i < n; i++)
    bl_audit_record_info (
        f->audit, &info, "changedevice", "node//1", i % 2 == 0,
        g_variant_new_parsed ("{'name': <%x>, 'list': <['a', 'b']>, 'd': <0.1>}", (gint64)i));
}

static void
verify_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  answer->report = bl_audit_verify_finish (NULL, result, NULL);
}

/* @problem: (nullable): text in the report; %NULL: the chain is whole. Returns: how many records were good */
static gint64
assert_verify (Fixture *f, const char *problem)
{
  Answer answer = { 0 };
  gint64 records;

  bl_audit_verify_async (f->audit, NULL, verify_cb, &answer);
  while (!answer.is_done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (answer.report);
  if (problem != NULL)
    g_test_message ("%s", bl_variant_get_string (answer.report, "problem"));
  g_assert_cmpint (bl_variant_get_bool (answer.report, "valid", FALSE), ==, problem == NULL);
  if (problem != NULL)
    g_assert_nonnull (strstr (bl_variant_get_string (answer.report, "problem"), problem));
  records = bl_variant_get_int (answer.report, "records", -1);
  g_variant_unref (answer.report);
  return records;
}

static char *
id_of (guint n)
{
  return g_strdup_printf ("audit-%016x", n);
}

static void
test_chain (Fixture *f, gconstpointer data)
{
  g_autofree char *id = id_of (2);

  g_assert_cmpint (assert_verify (f, NULL), ==, 0);
  record (f, 700); /* several batches, several pages */
  g_assert_true (flush (f));
  g_assert_cmpint (assert_verify (f, NULL), ==, 700);
  g_assert_cmpstr (bl_variant_get_string (bl_memory_store_peek (f->memory, id), "userid"), ==, "user//anna");
  g_assert_false (bl_variant_get_bool (bl_memory_store_peek (f->memory, id), "allowed", TRUE));

  /* another start goes on where this one ended */
  fixture_end (f);
  fixture_begin (f);
  record (f, 5);
  g_assert_cmpint (assert_verify (f, NULL), ==, 705);
}

static void
test_tampering (Fixture *f, gconstpointer data)
{
  g_autofree char *id = id_of (300);
  g_autofree char *last = id_of (400);
  g_autoptr (GVariant) good = NULL;
  g_autoptr (GVariant) good_last = NULL;

  record (f, 400);
  g_assert_true (flush (f));
  good = g_variant_ref (bl_memory_store_peek (f->memory, id));
  good_last = g_variant_ref (bl_memory_store_peek (f->memory, last));

  bl_memory_store_plant (f->memory, id, bl_doc_set_string (good, "userid", "user//bob"));
  g_assert_cmpint (assert_verify (f, "record 300 was changed"), ==, 300);
  bl_memory_store_plant (f->memory, id, bl_doc_set_string (good, "added", "x"));
  assert_verify (f, "record 300 was changed");
  bl_memory_store_plant (f->memory, id, bl_doc_remove (good, "details"));
  assert_verify (f, "record 300 was changed");
  bl_memory_store_plant (f->memory, id, NULL);
  assert_verify (f, "record 300 is missing");
  bl_memory_store_plant (f->memory, id, bl_doc_set_int (good, "seq", 301));
  assert_verify (f, "record 300 is missing");
  bl_memory_store_plant (f->memory, id, g_variant_ref (good));
  assert_verify (f, NULL);

  /* the end cut off */
  bl_memory_store_plant (f->memory, last, NULL);
  assert_verify (f, "record 400 is missing");
  /* rewritten together with its own hash, but not with the head */
  {
    BlAuditHead head = { .last = 399 };
    g_autoptr (GVariant) forged
        = g_variant_ref_sink (g_variant_new_parsed ("{'type': <'audit'>, 'action': <'x'>}"));
    g_autofree char *before = id_of (399);

    g_strlcpy (head.hash, bl_variant_get_string (bl_memory_store_peek (f->memory, before), "hash"),
               sizeof head.hash);
    bl_memory_store_plant (f->memory, last, bl_audit_chain_append (&head, forged));
    assert_verify (f, "the head of the chain says");
  }
  bl_memory_store_plant (f->memory, last, g_variant_ref (good_last));
  assert_verify (f, NULL);
}

static void
test_store_refuses (Fixture *f, gconstpointer data)
{
  record (f, 3);
  g_assert_true (flush (f));
  bl_memory_store_set_failing (f->memory, TRUE);
  g_test_expect_message ("bowline-audit", G_LOG_LEVEL_WARNING, "*audit records wait in memory*disk is full*");
  g_test_expect_message ("bowline-audit", G_LOG_LEVEL_WARNING, "*audit records are lost*");
  record (f, 1);
  g_assert_false (flush (f));
  record (f, BL_AUDIT_MAX_WAITING + 10);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (bl_memory_store_count (f->memory), ==, 4);
  bl_memory_store_set_failing (f->memory, FALSE);
  g_test_expect_message ("bowline-audit", G_LOG_LEVEL_MESSAGE, "*stored again*");
  g_assert_true (flush (f));
  g_test_assert_expected_messages ();
  /* what was lost is told in the trail itself */
  g_assert_cmpint (assert_verify (f, NULL), ==, 3 + BL_AUDIT_MAX_WAITING + 1);
}

static void
test_details (Fixture *f, gconstpointer data)
{
  g_autofree char *large = g_strnfill (BL_AUDIT_MAX_DETAILS, 'x');
  g_autofree char *id = id_of (1);
  g_autofree char *id2 = id_of (2);
  g_autoptr (GVariant) details = NULL;
  g_autoptr (GVariant) details2 = NULL;

  bl_audit_record_info (f->audit, NULL, "a", NULL, TRUE, g_variant_new_parsed ("{'x': <%s>}", large));
  bl_audit_record_info (f->audit, NULL, "a", NULL, TRUE, g_variant_new_parsed ("{'x': <b'bytes'>}"));
  g_assert_true (flush (f));
  details = bl_variant_get_object (bl_memory_store_peek (f->memory, id), "details");
  g_assert_cmpstr (bl_variant_get_string (details, "left-out"), ==, "too large");
  details2 = bl_variant_get_object (bl_memory_store_peek (f->memory, id2), "details");
  g_assert_nonnull (bl_variant_get_string (details2, "left-out"));
  assert_verify (f, NULL);
}

static void
test_expire (void)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) deletes = NULL;
  GVariantBuilder page = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) records = NULL;
  BlAuditHead head;
  BlAuditVerify verify = { 0 };

  bl_audit_head_read (NULL, &head);
  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *time = bl_event_log_format_time (i * 1000);
      g_autoptr (GVariant) plain = g_variant_ref_sink (
          g_variant_new_parsed ("{'type': <'audit'>, 'time': <%s>, 'action': <'a'>}", time));
      g_autoptr (GVariant) chained = bl_audit_chain_append (&head, plain);

      g_variant_builder_add_value (&page, chained);
    }
  records = g_variant_ref_sink (g_variant_builder_end (&page));
  bl_audit_chain_expire (&head, records, 4000, builder);
  deletes = g_strv_builder_end (builder);
  g_assert_cmpuint (g_strv_length (deletes), ==, 4);
  g_assert_cmpint (head.first, ==, 5);
  g_assert_cmpint (head.last, ==, 10);
  /* the remaining ones still form a chain, from its anchor on; leftovers in front do no harm */
  bl_audit_verify_init (&verify, &head);
  bl_audit_verify_page (&verify, records);
  g_assert_null (verify.problem);
  g_assert_true (bl_audit_verify_is_done (&verify));
  bl_audit_verify_clear (&verify);

  /* the last record of all stays, so that the chain goes on */
  builder = (g_strv_builder_unref (builder), g_strv_builder_new ());
  bl_audit_chain_expire (&head, records, G_MAXINT64, builder);
  g_assert_cmpint (head.first, ==, 10);
}

static void
test_canonical (void)
{
  static const struct
  {
    const char *document;
    const char *text;
  } cases[] = {
    { "{'b': <int64 1>, 'a': <'x'>, 'hash': <'left out'>}", "{\"a\":\"x\",\"b\":1}" },
    { "{'a': <{'z': <true>, 'hash': <'kept'>, 'B': <@mv nothing>}>}",
      "{\"a\":{\"B\":null,\"hash\":\"kept\",\"z\":true}}" },
    { "{'a': <[<{'2': <int64 2>, '10': <int64 10>}>, <'x'>]>}", "{\"a\":[{\"10\":10,\"2\":2},\"x\"]}" },
    { "@a{sv} {}", "{}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) document = g_variant_parse (NULL, cases[i].document, NULL, NULL, NULL);
      g_autofree char *text = bl_audit_chain_canonical (document);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  bl_log_set_level (BOWLINE_LOG_NOTICE);
  g_test_add ("/audit/chain", Fixture, NULL, fixture_set_up, test_chain, fixture_tear_down);
  g_test_add ("/audit/tampering", Fixture, NULL, fixture_set_up, test_tampering, fixture_tear_down);
  g_test_add ("/audit/store-refuses", Fixture, NULL, fixture_set_up, test_store_refuses, fixture_tear_down);
  g_test_add ("/audit/details", Fixture, NULL, fixture_set_up, test_details, fixture_tear_down);
  g_test_add_func ("/audit/expire", test_expire);
  g_test_add_func ("/audit/canonical", test_canonical);
  return g_test_run ();
}
