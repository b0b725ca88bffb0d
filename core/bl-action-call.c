// SPDX-License-Identifier: Apache-2.0
/* Runs requests against the table of actions. Follows control-channel sections 6 and 7 (answers and
 * responseid) */
#include "bl-action-call.h"

#include "bl-action-schema.h"
#include "bl-host.h"
#include "bl-principal.h"
#include "bl-rights.h"

#include <string.h>

#define MAX_RESPONSE_ID 512u
#define MAX_AUDITED_TEXT 200u

struct _BowlineActionCall
{
  gatomicrefcount count;
  BlActionRow *row;
  BowlineHost *host;
  BowlinePrincipal *principal;
  char *session;
  GVariant *request;
  GVariant *response_id; /* (nullable) */
  GVariant *arguments;
  GPtrArray *refused; /* of char *, NULL at the end */
  GCancellable *cancellable;
  char *failure; /* (nullable): for the audit record */
  BowlineFrameFunc send;
  gpointer user_data;
  GDestroyNotify free_user_data;
};

static struct
{
  BlActionTable *table;
  gboolean store_is_ill;
  guint64 unknown;
} dispatcher;

/* ---- answers
 * ------------------------------------------------------------------------------------------------------ */

static gboolean
is_over (BowlineActionCall *call)
{
  return g_cancellable_is_cancelled (call->cancellable);
}

/* Takes a floating frame. */
static void
send_frame (BowlineActionCall *call, GVariant *frame)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (frame);

  if (!is_over (call))
    call->send (owned, call->user_data);
}

static void
begin_frame (BowlineActionCall *call, GVariantBuilder *builder)
{
  g_variant_builder_init (builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (builder, "{sv}", "action", g_variant_new_string (call->row->action.name));
  if (call->response_id != NULL)
    g_variant_builder_add (builder, "{sv}", "responseid", call->response_id);
}

static void
call_answer (BowlineActionCall *call, GVariant *answer)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (answer);
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  begin_frame (call, &builder);
  g_variant_iter_init (&iter, owned);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (!g_str_equal (name, "action") && !g_str_equal (name, "responseid"))
        g_variant_builder_add (&builder, "{sv}", name, value);
      g_variant_unref (value);
    }
  send_frame (call, g_variant_builder_end (&builder));
}

static void
append_quoted (GByteArray *text, const char *value)
{
  static const char digits[] = "0123456789abcdef";

  g_byte_array_append (text, (const guint8 *)"\"", 1);
  for (const char *c = value; *c != '\0'; c++)
    {
      guint8 byte = (guint8)*c;

      if (byte < 0x20 || byte == '"' || byte == '\\')
        {
          char escaped[6] = { '\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15] };

          g_byte_array_append (text, (const guint8 *)escaped, sizeof escaped);
        }
      else
        g_byte_array_append (text, &byte, 1);
    }
  g_byte_array_append (text, (const guint8 *)"\"", 1);
}

static void
append_text (GByteArray *text, const char *value)
{
  g_byte_array_append (text, (const guint8 *)value, (guint)strlen (value));
}

static void
call_answer_json (BowlineActionCall *call, GBytes *members)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (members, &size);
  g_autoptr (GByteArray) text = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (is_over (call) || size > G_MAXUINT / 2)
    return;
  text = g_byte_array_sized_new ((guint)size + 2 * MAX_RESPONSE_ID);
  append_text (text, "{\"action\":");
  append_quoted (text, call->row->action.name);
  if (call->response_id != NULL && g_variant_is_of_type (call->response_id, G_VARIANT_TYPE_STRING))
    {
      append_text (text, ",\"responseid\":");
      append_quoted (text, g_variant_get_string (call->response_id, NULL));
    }
  else if (call->response_id != NULL)
    {
      g_autofree char *number
          = g_strdup_printf ("%" G_GINT64_FORMAT, g_variant_get_int64 (call->response_id));

      append_text (text, ",\"responseid\":");
      append_text (text, number);
    }
  if (size > 0)
    append_text (text, ",");
  g_byte_array_append (text, data, (guint)size);
  append_text (text, "}");
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&text));
  send_frame (call, g_variant_new_from_bytes (G_VARIANT_TYPE ("ay"), bytes, TRUE));
}

static void
call_result (BowlineActionCall *call, const char *result)
{
  GVariantBuilder builder;

  if (call->response_id == NULL)
    return;
  begin_frame (call, &builder);
  g_variant_builder_add (&builder, "{sv}", "result", g_variant_new_string (result));
  send_frame (call, g_variant_builder_end (&builder));
}

static void
call_fail (BowlineActionCall *call, const GError *error)
{
  g_free (call->failure);
  call->failure = g_strdup (error->message);
  call_result (call, error->message);
}

static void
call_push (BowlineActionCall *call, GVariant *frame)
{
  send_frame (call, frame);
}

/* ---- the call as an object
 * ---------------------------------------------------------------------------------------- */

static BowlineActionCall *
call_ref (BowlineActionCall *call)
{
  g_atomic_ref_count_inc (&call->count);
  return call;
}

/* The arguments as the audit trail keeps them: no secrets, no long texts. */
static GVariant *
audited_arguments (BowlineActionCall *call)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (call->arguments == NULL)
    return g_variant_builder_end (&builder);
  g_variant_iter_init (&iter, call->arguments);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      const BowlineArgument *argument = bl_action_row_find (call->row, name);

      if (argument != NULL && (argument->flags & BOWLINE_ARGUMENT_SECRET) == 0
          && g_variant_get_size (value) <= MAX_AUDITED_TEXT)
        g_variant_builder_add (&builder, "{sv}", name, value);
      g_variant_unref (value);
    }
  return g_variant_builder_end (&builder);
}

static void
audit (BowlineActionCall *call, const char *object_id, gboolean allowed, const char *failure)
{
  GVariantBuilder details;

  g_variant_builder_init (&details, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&details, "{sv}", "arguments", audited_arguments (call));
  if (failure != NULL)
    g_variant_builder_add (&details, "{sv}", "failure", g_variant_new_string (failure));
  if (call->session != NULL)
    g_variant_builder_add (&details, "{sv}", "session", g_variant_new_string (call->session));
  bowline_audit (call->host, call->principal, call->row->action.name, object_id, allowed,
                 g_variant_builder_end (&details));
}

/* Returns: (transfer none) (nullable): the one object of the call */
static const char *
single_object (BowlineActionCall *call)
{
  const char *id = NULL;

  if (call->row->action.object != NULL && call->arguments != NULL)
    g_variant_lookup (call->arguments, call->row->action.object, "&s", &id);
  return id;
}

static void
call_unref (BowlineActionCall *call)
{
  if (!g_atomic_ref_count_dec (&call->count))
    return;
  if (call->arguments != NULL && (call->row->action.flags & BOWLINE_ACTION_CHANGES) != 0)
    audit (call, single_object (call), TRUE, call->failure);
  if (call->free_user_data != NULL)
    call->free_user_data (call->user_data);
  bl_action_row_unref (call->row);
  bowline_principal_unref (call->principal);
  g_clear_pointer (&call->arguments, g_variant_unref);
  g_clear_pointer (&call->response_id, g_variant_unref);
  g_variant_unref (call->request);
  g_ptr_array_unref (call->refused);
  g_clear_object (&call->cancellable);
  g_free (call->failure);
  g_free (call->session);
  g_free (call);
}

static GVariant *
call_get_arguments (BowlineActionCall *call)
{
  return call->arguments;
}

static GVariant *
call_get_request (BowlineActionCall *call)
{
  return call->request;
}

static BowlinePrincipal *
call_get_principal (BowlineActionCall *call)
{
  return call->principal;
}

static const char *
call_get_session (BowlineActionCall *call)
{
  return call->session;
}

static gboolean
call_wants_answer (BowlineActionCall *call)
{
  return call->response_id != NULL;
}

static const char *const *
call_get_refused (BowlineActionCall *call)
{
  return (const char *const *)call->refused->pdata;
}

/* ---- permission
 * --------------------------------------------------------------------------------------------------- */

static gboolean
may_use_object (BowlineActionCall *call, const char *id)
{
  const BowlineAction *action = &call->row->action;

  if (action->object_rights == 0)
    return bowline_may_see (call->host, call->principal, id);
  return bowline_may (call->host, call->principal, id, action->object_rights);
}

/* A scope smaller than the account may change only what rights were asked for: otherwise a token for one
 * device could create groups in its owner's name. */
static gboolean
is_out_of_scope (const BowlineAction *action, const BowlinePrincipalInfo *who)
{
  gboolean scoped = who->only_node != NULL || who->only_objects != NULL || who->rights_ceiling != BL_RIGHT_ALL
                    || who->rights_added != 0 || who->site_ceiling != BL_RIGHT_ALL;
  gboolean asked = action->site_rights != 0 || action->object != NULL
                   || (action->flags & BOWLINE_ACTION_FULL_ADMIN) != 0;

  return scoped && !asked && (action->flags & BOWLINE_ACTION_CHANGES) != 0;
}

static gboolean
may_run (BowlineActionCall *call)
{
  const BowlineAction *action = &call->row->action;
  BowlinePrincipalInfo who = { .struct_size = sizeof who };
  guint32 site;

  bowline_principal_get_info (call->principal, &who);
  if ((action->flags & BOWLINE_ACTION_NO_TOKEN) != 0
      && (who.kind == BOWLINE_PRINCIPAL_TOKEN || who.kind == BOWLINE_PRINCIPAL_KEY))
    return FALSE;
  if ((action->flags & BOWLINE_ACTION_GUEST) == 0
      && (who.kind == BOWLINE_PRINCIPAL_GUEST || who.kind == BOWLINE_PRINCIPAL_AGENT))
    return FALSE;
  if (is_out_of_scope (action, &who))
    return FALSE;
  site = bowline_site_rights (call->host, call->principal);
  if (site == BL_RIGHT_ALL)
    return TRUE;
  return (action->flags & BOWLINE_ACTION_FULL_ADMIN) == 0
         && (site & action->site_rights) == action->site_rights;
}

/* Keeps the permitted objects of a list argument; the others go to call->refused. */
static void
filter_list (BowlineActionCall *call, GVariant *ids)
{
  GVariantBuilder permitted;
  GVariantDict arguments;
  const char *id;
  GVariantIter iter;

  g_variant_builder_init (&permitted, G_VARIANT_TYPE_STRING_ARRAY);
  g_variant_iter_init (&iter, ids);
  g_ptr_array_set_size (call->refused, 0);
  while (g_variant_iter_next (&iter, "&s", &id))
    {
      if (may_use_object (call, id))
        g_variant_builder_add (&permitted, "s", id);
      else
        g_ptr_array_add (call->refused, g_strdup (id));
    }
  if (call->refused->len > 0 && (call->row->action.flags & BOWLINE_ACTION_CHANGES) != 0)
    audit (call, call->refused->pdata[0], FALSE, "rights are missing on part of the list");
  g_ptr_array_add (call->refused, NULL);

  g_variant_dict_init (&arguments, call->arguments);
  g_variant_dict_insert_value (&arguments, call->row->action.object, g_variant_builder_end (&permitted));
  g_variant_unref (call->arguments);
  call->arguments = g_variant_ref_sink (g_variant_dict_end (&arguments));
}

static gboolean
may_use_objects (BowlineActionCall *call)
{
  const char *name = call->row->action.object;
  g_autoptr (GVariant) value = NULL;

  if (name == NULL)
    return TRUE;
  value = g_variant_lookup_value (call->arguments, name, NULL);
  if (value == NULL)
    return TRUE;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return may_use_object (call, g_variant_get_string (value, NULL));
  filter_list (call, value);
  return TRUE;
}

static void
refuse (BowlineActionCall *call, const char *text)
{
  g_autoptr (GVariant) arguments = NULL;

  if ((call->row->action.flags & BOWLINE_ACTION_CHANGES) != 0)
    audit (call, single_object (call), FALSE, text);
  arguments = g_steal_pointer (&call->arguments); /* a refused call leaves no second record */
  if ((call->row->action.flags & BOWLINE_ACTION_SILENT) == 0)
    call_result (call, text);
}

/* ---- dispatch
 * ----------------------------------------------------------------------------------------------------- */

static GVariant *
dup_response_id (GVariant *request)
{
  g_autoptr (GVariant) id = g_variant_lookup_value (request, "responseid", NULL);

  if (id == NULL)
    return NULL;
  if (g_variant_is_of_type (id, G_VARIANT_TYPE_STRING) && g_variant_get_size (id) <= MAX_RESPONSE_ID)
    return g_steal_pointer (&id);
  return g_variant_is_of_type (id, G_VARIANT_TYPE_INT64) ? g_steal_pointer (&id) : NULL;
}

static BlActionRow *
find_row (BowlinePrincipal *principal, GVariant *request)
{
  const char *name = NULL;
  BlActionRow *row = NULL;

  if (dispatcher.table != NULL && g_variant_is_of_type (request, G_VARIANT_TYPE_VARDICT)
      && g_variant_lookup (request, "action", "&s", &name))
    row = bl_action_table_lookup (dispatcher.table, name);
  if (row != NULL && (row->action.flags & BOWLINE_ACTION_LOCAL) != 0
      && bowline_principal_get_kind (principal) != BOWLINE_PRINCIPAL_LOCAL)
    return NULL;
  return row;
}

static void
run_call (BowlineActionCall *call)
{
  g_autofree char *domain = bl_principal_dup_domain (bowline_principal_get_user_id (call->principal));
  const BowlineAction *action = &call->row->action;
  const char *denied = action->denied != NULL ? action->denied : "Access denied";
  const BowlineArgument *bad = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begin;

  if (!bl_action_schema_check_size (call->request, &error))
    {
      refuse (call, error->message);
      return;
    }
  if (!may_run (call))
    {
      refuse (call, denied);
      return;
    }
  call->arguments = bl_action_schema_check (call->row, call->request, domain, &bad, &error);
  if (call->arguments == NULL)
    {
      refuse (call, bad != NULL && bad->problem != NULL ? bad->problem : error->message);
      return;
    }
  if (!may_use_objects (call))
    {
      refuse (call, denied);
      return;
    }
  if ((action->flags & BOWLINE_ACTION_CHANGES) != 0 && dispatcher.store_is_ill)
    {
      refuse (call, "The server cannot keep changes at the moment");
      return;
    }
  begin = bl_host_call_begin ();
  action->run (call, call->row->user_data);
  bl_host_call_end (call->row->owner, begin, "action", action->name);
}

static gboolean
action_dispatch (BowlineHost *host,
                 BowlinePrincipal *principal,
                 const char *session,
                 GVariant *request,
                 GCancellable *cancellable,
                 BowlineFrameFunc send,
                 gpointer user_data,
                 GDestroyNotify free_user_data)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (request);
  BlActionRow *row = find_row (principal, owned);
  BowlineActionCall *call;

  if (row == NULL)
    {
      dispatcher.unknown++;
      if (free_user_data != NULL)
        free_user_data (user_data);
      return FALSE;
    }
  call = g_new0 (BowlineActionCall, 1);
  g_atomic_ref_count_init (&call->count);
  call->row = bl_action_row_ref (row);
  call->host = host;
  call->principal = bowline_principal_ref (principal);
  call->session = g_strdup (session);
  call->request = g_steal_pointer (&owned);
  call->response_id = dup_response_id (call->request);
  call->refused = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (call->refused, NULL);
  call->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  call->send = send;
  call->user_data = user_data;
  call->free_user_data = free_user_data;
  run_call (call);
  call_unref (call);
  return TRUE;
}

static gboolean
register_actions (
    BowlineHost *host, const BowlineAction *actions, guint32 n_actions, gpointer user_data, GError **error)
{
  return bl_action_table_add (dispatcher.table, host, actions, n_actions, user_data, error);
}

static void
release_cb (BowlineHost *plugin, gpointer user_data)
{
  bl_action_remove_plugin (plugin);
}

void
bl_action_install (void)
{
  static const BowlineActionOps ops = {
    .register_actions = register_actions,
    .dispatch = action_dispatch,
  };
  static const BowlineActionCallOps call_ops = {
    .ref = call_ref,
    .unref = call_unref,
    .get_arguments = call_get_arguments,
    .get_request = call_get_request,
    .get_principal = call_get_principal,
    .get_session = call_get_session,
    .wants_answer = call_wants_answer,
    .get_refused = call_get_refused,
    .answer = call_answer,
    .result = call_result,
    .fail = call_fail,
    .push = call_push,
    .is_over = is_over,
    .answer_json = call_answer_json,
  };

  g_return_if_fail (dispatcher.table == NULL);
  dispatcher.table = bl_action_table_new ();
  bl_host_add_release_func (release_cb, NULL);
  dispatcher.store_is_ill = FALSE;
  dispatcher.unknown = 0;
  bowline_private_install_action_ops (&ops);
  bowline_private_install_action_call_ops (&call_ops);
}

void
bl_action_uninstall (void)
{
  bl_host_remove_release_func (release_cb, NULL);
  g_clear_pointer (&dispatcher.table, bl_action_table_free);
}

BlActionTable *
bl_action_get_table (void)
{
  return dispatcher.table;
}

void
bl_action_remove_plugin (BowlineHost *plugin)
{
  if (dispatcher.table != NULL)
    bl_action_table_remove_owner (dispatcher.table, plugin);
}

void
bl_action_set_store_healthy (gboolean healthy)
{
  dispatcher.store_is_ill = !healthy;
}

guint64
bl_action_get_unknown_count (void)
{
  return dispatcher.unknown;
}
