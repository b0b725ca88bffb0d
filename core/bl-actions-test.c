// SPDX-License-Identifier: Apache-2.0
/* The dispatcher with real principals over a small world of documents: arguments, rights, answers, audit. */
#include "bl-action-call.h"
#include "bl-action-schema.h"
#include "bl-principal.h"
#include "common/bl-rights-bits.h"

#include <string.h>

#define ALICE "user//alice"
#define ROOT "user//root"
#define NODE "node//n1"
#define OTHER "node//n2"

typedef struct
{
  GHashTable *documents;
  GPtrArray *frames; /* of GVariant */
  GString *audited;  /* "+action object;" or "-action object;" */
  guint freed;
  guint ran;
  GVariant *arguments; /* of the last run */
  char *refused;
  BowlineActionCall *kept;
} World;

static World world;
static struct _BowlineHost host = { BOWLINE_HOST_MAGIC, (char *)"test", NULL };
static BowlineTopicFunc changed;

static GVariant *
directory_dup (BowlineHost *unused, const char *id)
{
  GVariant *document = g_hash_table_lookup (world.documents, id);

  return document != NULL ? g_variant_ref (document) : NULL;
}

static gboolean
directory_contains (BowlineHost *unused, const char *id)
{
  return g_hash_table_contains (world.documents, id);
}

static guint64
topic_subscribe (BowlineHost *unused, const char *topic, BowlineTopicFunc func, gpointer data)
{
  changed = func;
  return 1;
}

static void
topic_unsubscribe (BowlineHost *unused, guint64 number)
{
  changed = NULL;
}

static void
event_audit (BowlineHost *unused,
             BowlinePrincipal *who,
             const char *action,
             const char *object,
             gboolean allowed,
             GVariant *details)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (details);
  g_autofree char *text = g_variant_print (owned, FALSE);

  g_assert_null (strstr (text, "hunter2"));
  g_string_append_printf (world.audited, "%c%s %s;", allowed ? '+' : '-', action,
                          object != NULL ? object : "");
}

static void
put (const char *id, const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *document = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  g_hash_table_replace (world.documents, g_strdup (id), document);
  if (changed != NULL)
    {
      g_autoptr (GVariant) payload = g_variant_ref_sink (g_variant_new ("(sms)", id, "put"));

      changed ("directory.changed", payload, NULL);
    }
}

static void
run_echo (BowlineActionCall *call, gpointer user_data)
{
  const char *const *refused = bowline_action_call_get_refused (call);

  world.ran++;
  g_clear_pointer (&world.arguments, g_variant_unref);
  world.arguments = g_variant_ref (bowline_action_call_get_arguments (call));
  g_free (world.refused);
  world.refused = g_strjoinv (",", (char **)refused);
  bowline_action_call_result (call, "ok");
}

static void
run_answer (BowlineActionCall *call, gpointer user_data)
{
  world.ran++;
  bowline_action_call_answer (call, g_variant_new_parsed ("{'value': <@x 7>, 'action': <'forged'>}"));
}

static void
run_json (BowlineActionCall *call, gpointer user_data)
{
  g_autoptr (GBytes) members = g_bytes_new_static ("\"list\":[1]", 10);

  bowline_action_call_answer_json (call, members);
}

static void
run_keep (BowlineActionCall *call, gpointer user_data)
{
  world.kept = bowline_action_call_ref (call);
}

static const BowlineArgument echo_arguments[] = {
  { .name = "text", .type = BOWLINE_ARGUMENT_STRING, .min = 1, .max = 8, .problem = "Invalid text" },
  { .name = "number", .type = BOWLINE_ARGUMENT_INTEGER, .min = -1, .max = 4294967295 },
  { .name = "flag", .type = BOWLINE_ARGUMENT_BOOLEAN },
  { .name = "kind", .type = BOWLINE_ARGUMENT_CHOICE, .detail = "json|csv" },
  { .name = "meshid", .type = BOWLINE_ARGUMENT_ID, .detail = "mesh", .flags = BOWLINE_ARGUMENT_NULLABLE },
  { .name = "who",
    .type = BOWLINE_ARGUMENT_ID,
    .detail = "user|ugrp",
    .flags = BOWLINE_ARGUMENT_LIST,
    .list_max = 3 },
  { .name = "object", .type = BOWLINE_ARGUMENT_OBJECT, .max = 2 },
  { .name = "numbers",
    .type = BOWLINE_ARGUMENT_INTEGER,
    .max = 9,
    .flags = BOWLINE_ARGUMENT_LIST,
    .list_max = 4 },
  { .name = "any", .type = BOWLINE_ARGUMENT_ANY },
};
static const BowlineArgument node_arguments[] = {
  { .name = "nodeid", .type = BOWLINE_ARGUMENT_ID, .detail = "node", .flags = BOWLINE_ARGUMENT_REQUIRED },
  { .name = "secret", .type = BOWLINE_ARGUMENT_STRING, .max = 99, .flags = BOWLINE_ARGUMENT_SECRET },
};
static const BowlineArgument list_arguments[] = {
  { .name = "nodeids",
    .type = BOWLINE_ARGUMENT_ID,
    .detail = "node",
    .flags = BOWLINE_ARGUMENT_REQUIRED | BOWLINE_ARGUMENT_LIST,
    .list_max = 10 },
};

#define ROW(n, f, a, ...)                                                                                    \
  {                                                                                                          \
    .struct_size = sizeof (BowlineAction), .flags = (f), .name = (n), .summary = "A test", .arguments = (a), \
    .n_arguments = G_N_ELEMENTS (a), .argument_size = sizeof (BowlineArgument), __VA_ARGS__                  \
  }

static const BowlineAction rows[] = {
  ROW ("echo", 0, echo_arguments, .run = run_echo),
  ROW ("open", BOWLINE_ACTION_OPEN_ARGUMENTS, echo_arguments, .run = run_echo),
  ROW ("answer", 0, echo_arguments, .run = run_answer),
  ROW ("json", 0, echo_arguments, .run = run_json),
  ROW ("keep", BOWLINE_ACTION_CHANGES, echo_arguments, .run = run_keep),
  ROW ("local.only", BOWLINE_ACTION_LOCAL, echo_arguments, .run = run_echo),
  ROW ("own", BOWLINE_ACTION_NO_TOKEN, echo_arguments, .run = run_echo),
  ROW ("full", BOWLINE_ACTION_FULL_ADMIN, echo_arguments, .run = run_echo),
  ROW ("manage", 0, echo_arguments, .run = run_echo, .site_rights = BL_SITE_MANAGE_USERS),
  ROW ("change",
       BOWLINE_ACTION_CHANGES,
       node_arguments,
       .run = run_echo,
       .object = "nodeid",
       .object_rights = 4),
  ROW ("quiet",
       BOWLINE_ACTION_SILENT,
       node_arguments,
       .run = run_echo,
       .object = "nodeid",
       .object_rights = 4),
  ROW ("see", 0, node_arguments, .run = run_echo, .object = "nodeid", .denied = "Unable to route"),
  ROW ("many",
       BOWLINE_ACTION_CHANGES,
       list_arguments,
       .run = run_echo,
       .object = "nodeids",
       .object_rights = 4),
  ROW ("make", BOWLINE_ACTION_CHANGES, echo_arguments, .run = run_echo),
};

static void
keep_frame (GVariant *frame, gpointer user_data)
{
  g_ptr_array_add (world.frames, g_variant_ref (frame));
}

static void
count_free (gpointer user_data)
{
  world.freed++;
}

static void
set_up (void)
{
  static const BowlineDirectoryOps directory = { .dup = directory_dup, .contains = directory_contains };
  static const BowlineTopicOps topics = { .subscribe = topic_subscribe, .unsubscribe = topic_unsubscribe };
  static const BowlineEventOps events = { .audit = event_audit };
  g_autoptr (GError) error = NULL;

  memset (&world, 0, sizeof world);
  world.documents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
  world.frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  world.audited = g_string_new (NULL);
  bowline_private_install_directory_ops (&directory);
  bowline_private_install_topic_ops (&topics);
  bowline_private_install_event_ops (&events);
  bl_principal_install (&host);
  bl_action_install ();
  g_assert_true (bowline_host_register_actions (&host, rows, G_N_ELEMENTS (rows), NULL, &error));
  g_assert_no_error (error);
  put (ROOT, "{'siteadmin': <@x 4294967295>}");
  put (ALICE, "{'links': <{'mesh//m': <{'rights': <@x 12>}>}>}");
  put ("mesh//m", "{'_id': <'mesh//m'>}");
  put (NODE, "{'meshid': <'mesh//m'>}");
  put (OTHER, "{'meshid': <'mesh//other'>}");
}

static void
tear_down (void)
{
  bl_action_uninstall ();
  bl_principal_uninstall ();
  g_hash_table_unref (world.documents);
  g_ptr_array_unref (world.frames);
  g_string_free (world.audited, TRUE);
  g_clear_pointer (&world.arguments, g_variant_unref);
  g_free (world.refused);
}

static BowlinePrincipal *
principal (guint32 kind, const char *user)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                .kind = kind,
                                .user_id = user,
                                .rights_ceiling = BL_RIGHT_ALL,
                                .site_ceiling = BL_SITE_FULL };

  return bowline_principal_new (&host, &info);
}

static gboolean
ask (BowlinePrincipal *who, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) request = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  g_ptr_array_set_size (world.frames, 0);
  g_string_truncate (world.audited, 0);
  world.ran = 0;
  return bowline_action_dispatch (&host, who, "user//alice/1", request, NULL, keep_frame, NULL, count_free);
}

/* The result text of the only frame, or NULL. */
static const char *
result (void)
{
  const char *text = NULL;

  if (world.frames->len != 1)
    return NULL;
  g_variant_lookup (world.frames->pdata[0], "result", "&s", &text);
  return text;
}

static void
test_answers (void)
{
  g_autoptr (BowlinePrincipal) alice = NULL;
  const char *text;
  gint64 number;

  set_up ();
  alice = principal (BOWLINE_PRINCIPAL_USER, ALICE);
  g_assert_true (ask (alice, "{'action': <'echo'>, 'responseid': <'meshctrl'>}"));
  g_assert_cmpstr (result (), ==, "ok");
  g_assert_true (g_variant_lookup (world.frames->pdata[0], "responseid", "&s", &text));
  g_assert_cmpstr (text, ==, "meshctrl");
  g_assert_true (ask (alice, "{'action': <'echo'>}"));
  g_assert_cmpuint (world.ran, ==, 1);
  g_assert_cmpuint (world.frames->len, ==, 0);
  g_assert_true (ask (alice, "{'action': <'answer'>, 'responseid': <@x 12>}"));
  g_assert_cmpuint (world.frames->len, ==, 1);
  g_assert_true (g_variant_lookup (world.frames->pdata[0], "action", "&s", &text));
  g_assert_cmpstr (text, ==, "answer");
  g_assert_true (g_variant_lookup (world.frames->pdata[0], "responseid", "x", &number));
  g_assert_cmpint (number, ==, 12);
  g_assert_cmpuint (world.freed, ==, 3);
  tear_down ();
}

static void
test_json_answer (void)
{
  g_autoptr (BowlinePrincipal) alice = NULL;
  g_autofree char *text = NULL;
  gconstpointer data;
  gsize size;

  set_up ();
  alice = principal (BOWLINE_PRINCIPAL_USER, ALICE);
  g_assert_true (ask (alice, "{'action': <'json'>, 'responseid': <'a\"\\n\\\\'>}"));
  g_assert_cmpuint (world.frames->len, ==, 1);
  data = g_variant_get_fixed_array (world.frames->pdata[0], &size, 1);
  text = g_strndup (data, size);
  g_assert_cmpstr (text, ==, "{\"action\":\"json\",\"responseid\":\"a\\u0022\\u000a\\u005c\",\"list\":[1]}");
  tear_down ();
}

static void
test_unknown (void)
{
  static const char *const requests[] = { "{'action': <'nosuch'>}", "{'action': <@x 5>}", "@a{sv} {}",
                                          "{'action': <'local.only'>, 'responseid': <'r'>}" };
  g_autoptr (BowlinePrincipal) alice = NULL;
  g_autoptr (BowlinePrincipal) local = NULL;

  set_up ();
  alice = principal (BOWLINE_PRINCIPAL_USER, ALICE);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_assert_false (ask (alice, requests[i]));
      g_assert_cmpuint (world.frames->len, ==, 0);
      g_assert_cmpuint (bl_action_get_unknown_count (), ==, i + 1);
      g_assert_cmpuint (world.freed, ==, i + 1);
    }
  local = principal (BOWLINE_PRINCIPAL_LOCAL, "user//~local");
  g_assert_true (ask (local, requests[3]));
  g_assert_cmpstr (result (), ==, "ok");
  tear_down ();
}

static void
test_arguments (void)
{
  static const struct
  {
    const char *member;
    const char *checked; /* NULL: refused */
  } cases[] = {
    { "'text': <'hello'>", "{'text': <'hello'>}" },
    { "'text': <''>", NULL },
    { "'text': <'123456789'>", NULL },
    { "'text': <@x 5>", NULL },
    { "'text': <@mv nothing>", NULL },
    { "'number': <@x -1>", "{'number': <int64 -1>}" },
    { "'number': <4294967295.0>", "{'number': <int64 4294967295>}" },
    { "'number': <0.5>", NULL },
    { "'number': <1e300>", NULL },
    { "'number': <@x -2>", NULL },
    { "'number': <'1'>", NULL },
    { "'flag': <@x 1>", "{'flag': <true>}" },
    { "'flag': <@x 2>", NULL },
    { "'flag': <'true'>", NULL },
    { "'kind': <'csv'>", "{'kind': <'csv'>}" },
    { "'kind': <'json|csv'>", NULL },
    { "'kind': <''>", NULL },
    { "'meshid': <'abc'>", "{'meshid': <'mesh//abc'>}" },
    { "'meshid': <'mesh//abc'>", "{'meshid': <'mesh//abc'>}" },
    { "'meshid': <@mv nothing>", "@a{sv} {}" },
    { "'meshid': <'node//abc'>", NULL },
    { "'meshid': <'mesh//'>", NULL },
    { "'meshid': <'mesh//a/b'>", NULL },
    { "'meshid': <'mesh/abc'>", NULL },
    { "'meshid': <'a\\nb'>", NULL },
    { "'meshid': <''>", NULL },
    { "'who': <[<'bob'>, <'ugrp//g'>]>", "{'who': <['user//bob', 'ugrp//g']>}" },
    { "'who': <['bob']>", "{'who': <['user//bob']>}" },
    { "'who': <[<'a'>, <'b'>, <'c'>, <'d'>]>", NULL },
    { "'who': <[<'a'>, <@x 1>]>", NULL },
    { "'who': <'a'>", NULL },
    { "'object': <{'a': <@x 1>}>", "{'object': <{'a': <int64 1>}>}" },
    { "'object': <{'a': <@x 1>, 'b': <@x 1>, 'c': <@x 1>}>", NULL },
    { "'object': <[<1>]>", NULL },
    { "'numbers': <[<@x 1>, <2.0>]>", "{'numbers': <[<int64 1>, <int64 2>]>}" },
    { "'numbers': <[<@x 10>]>", NULL },
    { "'any': <[<@mv nothing>]>", "{'any': <[<@mv nothing>]>}" },
    { "'more': <'dropped'>", "@a{sv} {}" },
  };
  g_autoptr (BowlinePrincipal) alice = NULL;

  set_up ();
  alice = principal (BOWLINE_PRINCIPAL_USER, ALICE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *request
          = g_strdup_printf ("{'action': <'echo'>, 'responseid': <'r'>, %s}", cases[i].member);

      g_assert_true (ask (alice, request));
      g_assert_cmpuint (world.ran, ==, cases[i].checked != NULL ? 1 : 0);
      if (cases[i].checked != NULL)
        {
          g_autofree char *found = g_variant_print (world.arguments, TRUE);
          g_autoptr (GVariant) expected
              = g_variant_parse (G_VARIANT_TYPE_VARDICT, cases[i].checked, NULL, NULL, NULL);

          g_test_message ("%s: %s", cases[i].member, found);
          g_assert_true (g_variant_equal (expected, world.arguments));
        }
      else if (g_str_has_prefix (cases[i].member, "'text'"))
        g_assert_cmpstr (result (), ==, "Invalid text");
      else
        g_assert_true (g_str_has_prefix (result (), "Invalid argument \""));
    }
  g_assert_true (ask (alice, "{'action': <'open'>, 'responseid': <'r'>, 'more': <'kept'>}"));
  g_assert_cmpuint (g_variant_n_children (world.arguments), ==, 1);
  tear_down ();
}

static GVariant *
nested (guint depth)
{
  GVariant *value = g_variant_new_int64 (1);

  for (guint i = 0; i < depth; i++)
    value = g_variant_new_array (G_VARIANT_TYPE_VARIANT, (GVariant *[]){ g_variant_new_variant (value) }, 1);
  return value;
}

static void
test_hostile_sizes (void)
{
  g_autoptr (BowlinePrincipal) alice = NULL;
  GVariantBuilder many;

  set_up ();
  alice = principal (BOWLINE_PRINCIPAL_USER, ALICE);
  for (guint depth = 20; depth <= 60; depth += 20)
    {
      GVariantDict request;

      g_variant_dict_init (&request, NULL);
      g_variant_dict_insert (&request, "action", "s", "echo");
      g_variant_dict_insert (&request, "responseid", "s", "r");
      g_variant_dict_insert_value (&request, "any", nested (depth));
      world.ran = 0;
      g_ptr_array_set_size (world.frames, 0);
      g_assert_true (bowline_action_dispatch (&host, alice, NULL, g_variant_dict_end (&request), NULL,
                                              keep_frame, NULL, NULL));
      g_assert_cmpuint (world.ran, ==, depth == 20);
    }
  g_variant_builder_init (&many, G_VARIANT_TYPE ("ax"));
  for (guint i = 0; i < BL_ACTION_MAX_VALUES; i++)
    g_variant_builder_add (&many, "x", (gint64)i);
  {
    g_autoptr (GVariant) big = g_variant_ref_sink (g_variant_builder_end (&many));
    g_autoptr (GError) error = NULL;

    g_assert_false (bl_action_schema_check_size (big, &error));
    g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
  }
  tear_down ();
}

static void
test_rights (void)
{
  g_autoptr (BowlinePrincipal) alice = NULL;
  g_autoptr (BowlinePrincipal) root = NULL;
  g_autoptr (BowlinePrincipal) token = NULL;
  g_autoptr (BowlinePrincipal) guest = NULL;

  set_up ();
  alice = principal (BOWLINE_PRINCIPAL_USER, ALICE);
  root = principal (BOWLINE_PRINCIPAL_USER, ROOT);
  token = principal (BOWLINE_PRINCIPAL_TOKEN, ROOT);
  guest = principal (BOWLINE_PRINCIPAL_GUEST, ALICE);

  ask (alice, "{'action': <'change'>, 'responseid': <'r'>, 'nodeid': <'n1'>, 'secret': <'hunter2'>}");
  g_assert_cmpstr (result (), ==, "ok");
  g_assert_cmpstr (world.audited->str, ==, "+change node//n1;");
  ask (alice, "{'action': <'change'>, 'responseid': <'r'>, 'nodeid': <'n2'>}");
  g_assert_cmpstr (result (), ==, "Access denied");
  g_assert_cmpstr (world.audited->str, ==, "-change node//n2;");
  ask (alice, "{'action': <'see'>, 'responseid': <'r'>, 'nodeid': <'ghost'>}");
  g_assert_cmpstr (result (), ==, "Unable to route");
  ask (alice, "{'action': <'quiet'>, 'responseid': <'r'>, 'nodeid': <'n2'>}");
  g_assert_cmpuint (world.frames->len + world.ran, ==, 0);
  ask (root, "{'action': <'change'>, 'responseid': <'r'>, 'nodeid': <'n1'>}");
  g_assert_cmpstr (result (), ==, "Access denied"); /* administrators hold no implicit device rights */

  ask (alice, "{'action': <'many'>, 'responseid': <'r'>, 'nodeids': <['n1', 'n2', 'node//ghost']>}");
  g_assert_cmpstr (result (), ==, "ok");
  g_assert_cmpstr (world.refused, ==, "node//n2,node//ghost");
  g_assert_cmpuint (g_variant_n_children (world.arguments), ==, 1);

  ask (alice, "{'action': <'manage'>, 'responseid': <'r'>}");
  g_assert_cmpstr (result (), ==, "Access denied");
  ask (root, "{'action': <'manage'>, 'responseid': <'r'>}");
  g_assert_cmpstr (result (), ==, "ok");
  ask (alice, "{'action': <'full'>, 'responseid': <'r'>}");
  g_assert_cmpstr (result (), ==, "Access denied");
  ask (token, "{'action': <'full'>, 'responseid': <'r'>}");
  g_assert_cmpstr (result (), ==, "ok");
  ask (token, "{'action': <'own'>, 'responseid': <'r'>}");
  g_assert_cmpstr (result (), ==, "Access denied");
  ask (guest, "{'action': <'echo'>, 'responseid': <'r'>}");
  g_assert_cmpstr (result (), ==, "Access denied");

  put (ALICE, "{'links': <{'mesh//m': <{'rights': <@x 8>}>}>}");
  ask (alice, "{'action': <'change'>, 'responseid': <'r'>, 'nodeid': <'n1'>}");
  g_assert_cmpstr (result (), ==, "Access denied"); /* a lost right counts at once */
  tear_down ();
}

static void
test_scopes (void)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                .kind = BOWLINE_PRINCIPAL_KEY,
                                .user_id = ALICE,
                                .rights_ceiling = BL_RIGHT_ALL,
                                .site_ceiling = BL_SITE_FULL,
                                .only_node = NODE };
  g_autoptr (BowlinePrincipal) scoped = NULL;
  g_autoptr (BowlinePrincipal) expired = NULL;

  set_up ();
  scoped = bowline_principal_new (&host, &info);
  ask (scoped, "{'action': <'make'>, 'responseid': <'r'>}");
  g_assert_cmpstr (result (), ==, "Access denied");
  ask (scoped, "{'action': <'change'>, 'responseid': <'r'>, 'nodeid': <'n1'>}");
  g_assert_cmpstr (result (), ==, "ok");
  g_assert_cmphex (bowline_rights (&host, scoped, "mesh//m"), ==, 0);
  g_assert_cmphex (bowline_rights (&host, scoped, ALICE), ==, 0);
  info.only_node = NULL;
  info.expires_ms = 1;
  expired = bowline_principal_new (&host, &info);
  g_assert_cmphex (bowline_rights (&host, expired, NODE), ==, 0);
  g_assert_false (bowline_may_see (&host, expired, ALICE));
  tear_down ();
}

static void
test_late_answers (void)
{
  g_autoptr (BowlinePrincipal) alice = NULL;
  g_autoptr (GCancellable) gone = g_cancellable_new ();
  GVariant *request;

  set_up ();
  alice = principal (BOWLINE_PRINCIPAL_USER, ALICE);
  request = g_variant_new_parsed ("{'action': <'keep'>, 'responseid': <'r'>}");
  g_assert_true (bowline_action_dispatch (&host, alice, NULL, request, gone, keep_frame, NULL, count_free));
  g_assert_cmpuint (world.freed, ==, 0);
  bl_action_remove_plugin (&host); /* the row goes, the call stays valid */
  bowline_action_call_result (world.kept, "ok");
  g_assert_cmpuint (world.frames->len, ==, 1);
  g_cancellable_cancel (gone);
  bowline_action_call_result (world.kept, "too late");
  g_assert_cmpuint (world.frames->len, ==, 1);
  bowline_action_call_unref (world.kept);
  g_assert_cmpuint (world.freed, ==, 1);
  g_assert_cmpstr (world.audited->str, ==, "+keep ;");
  tear_down ();
}

static void
test_ill_store (void)
{
  g_autoptr (BowlinePrincipal) alice = NULL;

  set_up ();
  alice = principal (BOWLINE_PRINCIPAL_USER, ALICE);
  bl_action_set_store_healthy (FALSE);
  ask (alice, "{'action': <'make'>, 'responseid': <'r'>}");
  g_assert_cmpuint (world.ran, ==, 0);
  ask (alice, "{'action': <'echo'>, 'responseid': <'r'>}");
  g_assert_cmpuint (world.ran, ==, 1);
  bl_action_set_store_healthy (TRUE);
  ask (alice, "{'action': <'make'>, 'responseid': <'r'>}");
  g_assert_cmpuint (world.ran, ==, 1);
  tear_down ();
}

static void
test_registration (void)
{
  static const BowlineArgument twice[]
      = { { .name = "a", .type = BOWLINE_ARGUMENT_ANY }, { .name = "a", .type = BOWLINE_ARGUMENT_ANY } };
  static const BowlineArgument no_detail[] = { { .name = "id", .type = BOWLINE_ARGUMENT_ID } };
  static const BowlineAction bad[][2] = {
    { ROW ("fine.one", 0, echo_arguments, .run = run_echo),
      ROW ("echo", 0, echo_arguments, .run = run_echo) },
    { ROW ("fine.one", 0, echo_arguments, .run = run_echo),
      ROW ("fine.one", 0, echo_arguments, .run = run_echo) },
    { ROW ("fine.one", 0, echo_arguments, .run = run_echo), ROW ("no", 0, echo_arguments, .run = run_echo) },
    { ROW ("fine.one", 0, echo_arguments, .run = run_echo), ROW ("norun", 0, echo_arguments) },
    { ROW ("fine.one", 0, echo_arguments, .run = run_echo), ROW ("twice", 0, twice, .run = run_echo) },
    { ROW ("fine.one", 0, echo_arguments, .run = run_echo), ROW ("nodetail", 0, no_detail, .run = run_echo) },
    { ROW ("fine.one", 0, echo_arguments, .run = run_echo),
      ROW ("object", 0, echo_arguments, .run = run_echo, .object = "text") },
    { ROW ("fine.one", 0, echo_arguments, .run = run_echo),
      ROW ("rights", 0, echo_arguments, .run = run_echo, .object_rights = 8) },
  };

  set_up ();
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (bowline_host_register_actions (&host, bad[i], 2, NULL, &error));
      g_assert_nonnull (error);
      g_assert_null (bl_action_table_lookup (bl_action_get_table (), "fine.one"));
    }
  tear_down ();
}

static void
test_events (void)
{
  static const struct
  {
    const char *user;
    const char *target;
    const char *event;
    gboolean received;
  } cases[] = {
    { ROOT, "*", "{'action': <'x'>}", TRUE },
    { ALICE, "*", "{'action': <'x'>}", FALSE },
    { ALICE, "server-allusers", "{'action': <'x'>}", TRUE },
    { ALICE, "server-users", "{'action': <'x'>}", FALSE },
    { ROOT, "server-users", "{'action': <'x'>}", TRUE },
    { ALICE, ALICE, "{'action': <'x'>}", TRUE },
    { ALICE, ROOT, "{'action': <'x'>}", FALSE },
    { ALICE, "mesh//m", "{'action': <'x'>}", TRUE },
    { ALICE, "mesh//other", "{'action': <'x'>}", FALSE },
    { ALICE, NODE, "{'action': <'x'>}", TRUE },
    { ALICE, NODE, "{'action': <'x'>, 'domain': <'branch'>}", FALSE },
    { ALICE, OTHER, "{'action': <'x'>}", FALSE },
    { "user//limited", NODE, "{'action': <'x'>, 'nodeid': <'node//n1'>, 'userid': <'user//root'>}", FALSE },
    { "user//limited", NODE, "{'action': <'x'>, 'nodeid': <'node//n1'>, 'userid': <'user//limited'>}", TRUE },
    { "user//limited", NODE, "{'action': <'x'>, 'nodeid': <'node//n1'>}", TRUE },
  };

  set_up ();
  put ("user//limited", "{'links': <{'mesh//m': <{'rights': <@x 0x2008>}>}>}");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BowlinePrincipal) who = principal (BOWLINE_PRINCIPAL_USER, cases[i].user);
      g_autoptr (GVariant) event = g_variant_parse (G_VARIANT_TYPE_VARDICT, cases[i].event, NULL, NULL, NULL);
      const char *targets[] = { "nobody", cases[i].target, NULL };

      g_assert_cmpint (bowline_may_receive (&host, who, targets, event), ==, cases[i].received);
    }
  tear_down ();
}

static void
test_users (void)
{
  g_autoptr (BowlinePrincipal) alice = NULL;
  g_autoptr (BowlinePrincipal) manager = NULL;

  set_up ();
  put ("user//manager", "{'siteadmin': <@x 2>}");
  put ("user/branch/bob", "{'siteadmin': <@x 0>}");
  alice = principal (BOWLINE_PRINCIPAL_USER, ALICE);
  manager = principal (BOWLINE_PRINCIPAL_USER, "user//manager");
  g_assert_cmphex (bowline_rights (&host, alice, ALICE), ==, BL_RIGHT_ALL);
  g_assert_false (bowline_may_see (&host, alice, ROOT));
  g_assert_cmphex (bowline_rights (&host, manager, ALICE), ==, BL_RIGHT_ALL);
  g_assert_cmphex (bowline_rights (&host, manager, ROOT), ==, 0); /* no manager changes an administrator */
  g_assert_true (bowline_may_see (&host, manager, ROOT));
  g_assert_false (bowline_may_see (&host, manager, "user/branch/bob"));
  g_assert_cmphex (bowline_rights (&host, manager, "user//ghost"), ==, 0);
  tear_down ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/actions/answers", test_answers);
  g_test_add_func ("/actions/json-answer", test_json_answer);
  g_test_add_func ("/actions/unknown", test_unknown);
  g_test_add_func ("/actions/arguments", test_arguments);
  g_test_add_func ("/actions/hostile-sizes", test_hostile_sizes);
  g_test_add_func ("/actions/rights", test_rights);
  g_test_add_func ("/actions/scopes", test_scopes);
  g_test_add_func ("/actions/late-answers", test_late_answers);
  g_test_add_func ("/actions/ill-store", test_ill_store);
  g_test_add_func ("/actions/registration", test_registration);
  g_test_add_func ("/actions/events", test_events);
  g_test_add_func ("/actions/users", test_users);
  return g_test_run ();
}
