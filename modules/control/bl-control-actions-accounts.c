// SPDX-License-Identifier: Apache-2.0
/* What administrators do to accounts besides making, changing and removing one: many at once, credentials.
 * Follows control-channel 7.3 */
#include "bl-control-actions.h"
#include "common/bl-account.h"

#include <string.h>

#define MAX_BATCH 1000u

/* ---- adduserbatch
 * ------------------------------------------------------------------------------------------------ */

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
  GVariant *users; /* av */
  gsize next;
} Batch;

static void run_next (Batch *batch);

static void
batch_free (Batch *batch)
{
  g_variant_unref (batch->users);
  bowline_action_call_unref (batch->call);
  bl_control_unref (batch->control);
  g_free (batch);
}

static gboolean
on_next (gpointer data)
{
  Batch *batch = data;

  if (batch->control->stopped)
    batch_free (batch);
  else
    run_next (batch);
  return G_SOURCE_REMOVE;
}

/* One after the other: each takes a password hash. From the loop, so that refused ones do not nest. */
static void
on_one_made (GVariant *frame, gpointer data)
{
}

static void
on_one_ended (gpointer data)
{
  Batch *batch = data;
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, on_next, batch, NULL);
  g_source_attach (source, bowline_host_get_main_context (batch->control->host));
  g_source_unref (source);
}

static gboolean
fill_request (GVariantDict *request, GVariant *user, const char *domain)
{
  const char *name = bl_variant_get_string (user, "user");
  const char *password = bl_variant_get_string (user, "pass");
  const char *email = bl_variant_get_string (user, "email");
  const char *realname = bl_variant_get_string (user, "realname");

  if (name == NULL || password == NULL
      || (email != NULL && *email != '\0' && !bl_control_email_is_valid (email))
      || (realname != NULL && strlen (realname) > 256))
    return FALSE;
  g_variant_dict_init (request, NULL);
  g_variant_dict_insert (request, "name", "s", name);
  g_variant_dict_insert (request, "password", "s", password);
  g_variant_dict_insert (request, "domain", "s", domain);
  if (email != NULL)
    g_variant_dict_insert (request, "email", "s", email);
  if (realname != NULL)
    g_variant_dict_insert (request, "realname", "s", realname);
  g_variant_dict_insert (request, "emailVerified", "b", bl_variant_get_bool (user, "emailVerified", FALSE));
  g_variant_dict_insert (request, "resetNextLogin", "b", bl_variant_get_bool (user, "resetNextLogin", FALSE));
  return TRUE;
}

static void
run_next (Batch *batch)
{
  const char *self = bowline_principal_get_user_id (bowline_action_call_get_principal (batch->call));
  g_autofree char *domain = bl_control_domain_of (self);

  while (batch->next < g_variant_n_children (batch->users))
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (batch->users, batch->next++);
      g_autoptr (GVariant) user = g_variant_get_variant (boxed);
      GVariantDict request;

      if (!g_variant_is_of_type (user, G_VARIANT_TYPE_VARDICT) || !fill_request (&request, user, domain))
        continue;
      (void)bl_control_run_locally (batch->control, batch->call, "user.create", &request, on_one_made, batch,
                                    on_one_ended); /* on_one_ended() runs in any case */
      return;
    }
  batch_free (batch);
}

static void
run_batch (BowlineActionCall *call, gpointer user_data)
{
  g_autoptr (GVariant) users = bl_variant_get_array (bowline_action_call_get_arguments (call), "users");
  Batch *batch;

  if (users == NULL)
    return;
  batch = g_new0 (Batch, 1);
  batch->control = bl_control_ref (user_data);
  batch->call = bowline_action_call_ref (call);
  batch->users = g_steal_pointer (&users);
  run_next (batch);
}

/* ---- changeuserpass
 * ----------------------------------------------------------------------------------------------- */

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
} Reset;

static void
reset_free (Reset *reset)
{
  bowline_action_call_unref (reset->call);
  bl_control_unref (reset->control);
  g_free (reset);
}

static const char *
target_of (BowlineActionCall *call)
{
  return bl_variant_get_string (bowline_action_call_get_arguments (call), "userid");
}

static void
on_credentials_kept (BlControl *control, BowlineActionCall *call, gpointer data)
{
  bl_control_event_account_text (control, bowline_action_call_get_principal (call), target_of (call), 75,
                                 NULL, g_strdup ("Changed account credentials"));
}

static void
keep_credentials (BlControl *control, BowlineActionCall *call)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_autoptr (GVariant) account = bowline_directory_dup (control->host, target_of (call));
  g_autoptr (GVariant) kept = NULL;
  GVariant *dated;
  BlControlChange change;

  if (account == NULL)
    return;
  kept = bl_variant_get_bool (arguments, "removeMultiFactor", FALSE) ? bl_account_without_factors (account)
                                                                     : g_variant_ref (account);
  dated = bl_doc_set_int (
      kept, "passchange",
      bl_variant_get_bool (arguments, "resetNextLogin", FALSE) ? -1 : g_get_real_time () / G_USEC_PER_SEC);
  bl_control_change_init (&change);
  bl_control_change_put (&change, dated);
  bl_control_commit (control, &change, call, on_credentials_kept, NULL, NULL);
}

static void
on_password_set (BowlinePrincipal *none, const GError *error, gpointer user_data)
{
  Reset *reset = user_data;

  if (error != NULL)
    bowline_action_call_fail (reset->call, error);
  else if (!reset->control->stopped)
    keep_credentials (reset->control, reset->call);
  reset_free (reset);
}

static void
run_change_password (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  const char *password = bl_variant_get_string (bowline_action_call_get_arguments (call), "pass");
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  BowlineAuth auth = { .struct_size = sizeof auth };
  gpointer self;
  Reset *reset;

  /* A login token must not take over the account it belongs to. */
  if (bowline_principal_get_kind (who) != BOWLINE_PRINCIPAL_USER
      && g_str_equal (target_of (call), bowline_principal_get_user_id (who)))
    return;
  if (*password == '\0')
    {
      keep_credentials (control, call);
      return;
    }
  if (!bowline_host_get_auth (control->host, &auth, &self))
    return;
  reset = g_new (Reset, 1);
  *reset = (Reset){ bl_control_ref (control), bowline_action_call_ref (call) };
  auth.set_password (self, target_of (call), password, on_password_set, reset);
}

const BowlineAction *
bl_control_account_actions (guint *n)
{
  static const BowlineArgument batch[] = {
    { .name = "users",
      .type = BOWLINE_ARGUMENT_OBJECT,
      .flags = BOWLINE_ARGUMENT_REQUIRED | BOWLINE_ARGUMENT_LIST | BOWLINE_ARGUMENT_SECRET,
      .max = 16,
      .list_max = MAX_BATCH },
  };
  static const BowlineArgument password[] = {
    { .name = "userid", .type = BOWLINE_ARGUMENT_ID, .detail = "user", .flags = BOWLINE_ARGUMENT_REQUIRED },
    { .name = "pass",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED | BOWLINE_ARGUMENT_SECRET,
      .max = 256 },
    BL_CONTROL_TEXT ("hint", 256),
    { .name = "resetNextLogin", .type = BOWLINE_ARGUMENT_BOOLEAN },
    { .name = "removeMultiFactor", .type = BOWLINE_ARGUMENT_BOOLEAN, .flags = BOWLINE_ARGUMENT_REQUIRED },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("adduserbatch", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_SILENT, "Makes many accounts",
                      run_batch),
      BL_CONTROL_ARGUMENTS (batch), .site_rights = BL_SITE_MANAGE_USERS },
    { BL_CONTROL_ROW ("changeuserpass", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_SILENT,
                      "Sets an account's password, or takes its second factors away", run_change_password),
      BL_CONTROL_ARGUMENTS (password), .site_rights = BL_SITE_MANAGE_USERS, .object = "userid",
      .object_rights = BL_RIGHT_ALL },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
