// SPDX-License-Identifier: Apache-2.0
/* The test host: rows of the action table and calls of them. */
#include "bowline-testing-private.h"

#include "bl-table.h"
#include <string.h>

struct _BowlineActionCall
{
  gatomicrefcount refs;
  GVariant *request;
  BowlinePrincipal *principal;
  char *session;
  GCancellable *cancellable;
  BowlineFrameFunc send;
  gpointer user_data;
  GDestroyNotify free_user_data;
};

static gboolean
register_actions (
    BowlineHost *host, const BowlineAction *actions, guint32 n_actions, gpointer user_data, GError **error)
{
  BlTestHost *test = bl_test_host_from (host);
  const guint8 *row = (const guint8 *)actions;

  for (guint32 i = 0; i < n_actions; i++)
    {
      const BowlineAction *given = (const BowlineAction *)row;
      BlTestAction *kept = g_new0 (BlTestAction, 1);

      row += given->struct_size;
      if (!bl_table_copy (&kept->action, sizeof kept->action, given, G_STRUCT_OFFSET (BowlineAction, denied),
                          "action", error))
        {
          g_free (kept);
          return FALSE;
        }
      g_assert_nonnull (kept->action.name);
      g_assert_nonnull (kept->action.run);
      g_assert_null (bl_test_host_find_action (test, kept->action.name));
      kept->user_data = user_data;
      g_ptr_array_add (test->actions, kept);
    }
  return TRUE;
}

static BlTestAction *
find (BlTestHost *test, const char *name)
{
  for (guint i = 0; name != NULL && i < test->actions->len; i++)
    {
      BlTestAction *kept = test->actions->pdata[i];

      if (strcmp (kept->action.name, name) == 0)
        return kept;
    }
  return NULL;
}

const BowlineAction *
bl_test_host_find_action (BlTestHost *test, const char *name)
{
  BlTestAction *kept = find (test, name);

  return kept != NULL ? &kept->action : NULL;
}

static BowlineActionCall *
ref (BowlineActionCall *call)
{
  g_atomic_ref_count_inc (&call->refs);
  return call;
}

static void
unref (BowlineActionCall *call)
{
  if (!g_atomic_ref_count_dec (&call->refs))
    return;
  g_variant_unref (call->request);
  bowline_principal_unref (call->principal);
  g_clear_object (&call->cancellable);
  if (call->free_user_data != NULL)
    call->free_user_data (call->user_data);
  g_free (call->session);
  g_free (call);
}

static gboolean
dispatch (BowlineHost *host,
          BowlinePrincipal *principal,
          const char *session,
          GVariant *request,
          GCancellable *cancellable,
          BowlineFrameFunc send,
          gpointer user_data,
          GDestroyNotify free_user_data)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (request);
  const char *name = NULL;
  BlTestAction *kept;
  BowlineActionCall *call;

  g_variant_lookup (owned, "action", "&s", &name);
  kept = find (bl_test_host_from (host), name);
  if (kept == NULL)
    {
      if (free_user_data != NULL)
        free_user_data (user_data);
      return FALSE;
    }
  call = g_new0 (BowlineActionCall, 1);
  g_atomic_ref_count_init (&call->refs);
  call->request = g_steal_pointer (&owned);
  call->principal = bowline_principal_ref (principal);
  call->session = g_strdup (session);
  g_set_object (&call->cancellable, cancellable);
  call->send = send;
  call->user_data = user_data;
  call->free_user_data = free_user_data;
  kept->action.run (call, kept->user_data);
  unref (call);
  return TRUE;
}

static GVariant *
get_request (BowlineActionCall *call)
{
  return call->request;
}

static BowlinePrincipal *
get_principal (BowlineActionCall *call)
{
  return call->principal;
}

static const char *
get_session (BowlineActionCall *call)
{
  return call->session;
}

static gboolean
wants_answer (BowlineActionCall *call)
{
  g_autoptr (GVariant) id = g_variant_lookup_value (call->request, "responseid", NULL);

  return id != NULL;
}

static const char *const *
get_refused (BowlineActionCall *call)
{
  static const char *const none[] = { NULL };

  return none;
}

static void
push (BowlineActionCall *call, GVariant *frame)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (frame);

  if (call->cancellable == NULL || !g_cancellable_is_cancelled (call->cancellable))
    call->send (owned, call->user_data);
}

/* The frame's own members, to which an answer adds. */
static void
begin_frame (BowlineActionCall *call, GVariant *answer, GVariantDict *dict)
{
  g_autoptr (GVariant) action = g_variant_lookup_value (call->request, "action", NULL);
  g_autoptr (GVariant) id = g_variant_lookup_value (call->request, "responseid", NULL);

  g_variant_dict_init (dict, answer);
  g_variant_dict_insert_value (dict, "action", action);
  if (id != NULL)
    g_variant_dict_insert_value (dict, "responseid", id);
}

static void
answer (BowlineActionCall *call, GVariant *members)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (members);
  GVariantDict dict;

  begin_frame (call, owned, &dict);
  push (call, g_variant_dict_end (&dict));
}

static void
answer_json (BowlineActionCall *call, GBytes *members)
{
  g_autoptr (GVariant) id = g_variant_lookup_value (call->request, "responseid", G_VARIANT_TYPE_STRING);
  g_autoptr (GString) text = g_string_new ("{");
  g_autoptr (GBytes) frame = NULL;
  const char *action = "";
  gsize length;
  gconstpointer data = g_bytes_get_data (members, &length);

  g_variant_lookup (call->request, "action", "&s", &action);
  g_string_append_printf (text, "\"action\":\"%s\",", action);
  if (id != NULL)
    g_string_append_printf (text, "\"responseid\":\"%s\",", g_variant_get_string (id, NULL));
  g_string_append_len (text, data, (gssize)length);
  g_string_append_c (text, '}');
  frame = g_string_free_to_bytes (g_steal_pointer (&text));
  push (call, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, frame, TRUE));
}

static void
result (BowlineActionCall *call, const char *text)
{
  GVariantDict dict;

  if (!wants_answer (call))
    return;
  begin_frame (call, NULL, &dict);
  g_variant_dict_insert (&dict, "result", "s", text);
  push (call, g_variant_dict_end (&dict));
}

static void
fail (BowlineActionCall *call, const GError *error)
{
  result (call, error->message);
}

static void
keep_frame (GVariant *frame, gpointer user_data)
{
  g_ptr_array_add (user_data, g_variant_ref (frame));
}

GPtrArray *
bl_test_host_run_action (BlTestHost *test,
                         BowlinePrincipal *principal,
                         const char *session,
                         GVariant *request)
{
  GPtrArray *frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);

  g_assert_true (dispatch (&test->host, principal, session, request, NULL, keep_frame,
                           g_ptr_array_ref (frames), (GDestroyNotify)g_ptr_array_unref));
  bl_test_host_settle ();
  return frames;
}

static const BowlineActionOps action_ops = {
  .register_actions = register_actions,
  .dispatch = dispatch,
};

static const BowlineActionCallOps action_call_ops = {
  .ref = ref,
  .unref = unref,
  .get_arguments = get_request,
  .get_request = get_request,
  .get_principal = get_principal,
  .get_session = get_session,
  .wants_answer = wants_answer,
  .get_refused = get_refused,
  .answer = answer,
  .answer_json = answer_json,
  .result = result,
  .fail = fail,
  .push = push,
};

void
bl_test_install_actions (void)
{
  bowline_private_install_action_ops (&action_ops);
  bowline_private_install_action_call_ops (&action_call_ops);
}
