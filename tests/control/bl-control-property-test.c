// SPDX-License-Identifier: Apache-2.0
/* Rules that hold for any accounts, groups, links and actions: a smaller grant never allows more, and what
 * one may not see is in no answer and no event. Right and wrong are worked out here, from the links alone. */
#include "bl-action-call.h"
#include "bl-control-test-world.h"
#include "common/bl-json.h"
#include "common/bl-rights-bits.h"

#include <string.h>

#define USERS 5u
#define GROUPS 3u
#define DEVICES 5u
#define USER_GROUPS 2u
#define GRANTS 10u

/* What the rights are worked out from. */
typedef struct
{
  guint32 site[USERS];
  guint32 on_group[USERS][GROUPS];
  guint32 on_device[USERS][DEVICES];
  gboolean member[USERS][USER_GROUPS];
  guint32 by_group[USER_GROUPS][GROUPS];
  guint32 by_device[USER_GROUPS][DEVICES];
  guint group_of[DEVICES];
} Model;

static Model model;

/* ---- ids and documents
 * -------------------------------------------------------------------------------------------- */

static char *
long_id (const char *kind, guint index)
{
  g_autofree char *tail = g_strnfill (63, (char)('A' + index));

  return g_strdup_printf ("%s//%u%s", kind, index, tail);
}

static void
add_link (GString *links, const char *id, guint32 rights)
{
  if (rights != 0)
    g_string_append_printf (links, "%s\"%s\":{\"rights\":%u}", links->len > 0 ? "," : "", id, rights);
}

static void
put_user (guint u)
{
  g_autoptr (GString) links = g_string_new (NULL);
  g_autofree char *text = NULL;

  for (guint g = 0; g < GROUPS; g++)
    {
      g_autofree char *id = long_id ("mesh", g);

      add_link (links, id, model.on_group[u][g]);
    }
  for (guint d = 0; d < DEVICES; d++)
    {
      g_autofree char *id = long_id ("node", d);

      add_link (links, id, model.on_device[u][d]);
    }
  for (guint g = 0; g < USER_GROUPS; g++)
    {
      g_autofree char *id = long_id ("ugrp", g);

      add_link (links, id, model.member[u][g]);
    }
  text = g_strdup_printf (
      "{\"_id\":\"user//u%u\",\"type\":\"user\",\"name\":\"u%u\",\"domain\":\"\",\"email\":"
      "\"MARK-user-%u@x\",\"hash\":\"MARK-hash\",\"otpsecret\":\"MARK-secret\","
      "\"siteadmin\":%u,\"links\":{%s}}",
      u, u, u, model.site[u], links->str);
  world_put (text);
}

static void
put_object (const char *kind, guint index, const char *members, GString *links)
{
  g_autofree char *id = long_id (kind, index);
  g_autofree char *text = g_strdup_printf (
      "{\"_id\":\"%s\",\"type\":\"%s\",\"domain\":\"\",\"name\":\"%s%u\",\"desc\":\"MARK-%s-%u.\","
      "%s\"links\":{%s}}",
      id, kind, kind, index, kind, index, members, links->str);

  world_put (text);
}

static void
put_group (guint g)
{
  g_autoptr (GString) links = g_string_new (NULL);

  for (guint u = 0; u < USERS; u++)
    {
      g_autofree char *id = g_strdup_printf ("user//u%u", u);

      add_link (links, id, model.on_group[u][g]);
    }
  for (guint i = 0; i < USER_GROUPS; i++)
    {
      g_autofree char *id = long_id ("ugrp", i);

      add_link (links, id, model.by_group[i][g]);
    }
  put_object ("mesh", g, "\"mtype\":2,", links);
}

static void
put_device (guint d)
{
  g_autoptr (GString) links = g_string_new (NULL);
  g_autofree char *mesh = long_id ("mesh", model.group_of[d]);
  g_autofree char *members = g_strdup_printf ("\"mtype\":2,\"icon\":1,\"meshid\":\"%s\",", mesh);

  for (guint u = 0; u < USERS; u++)
    {
      g_autofree char *id = g_strdup_printf ("user//u%u", u);

      add_link (links, id, model.on_device[u][d]);
    }
  put_object ("node", d, members, links);
}

static void
put_user_group (guint i)
{
  g_autoptr (GString) links = g_string_new (NULL);

  for (guint u = 0; u < USERS; u++)
    {
      g_autofree char *id = g_strdup_printf ("user//u%u", u);

      add_link (links, id, model.member[u][i]);
    }
  for (guint g = 0; g < GROUPS; g++)
    {
      g_autofree char *id = long_id ("mesh", g);

      add_link (links, id, model.by_group[i][g]);
    }
  for (guint d = 0; d < DEVICES; d++)
    {
      g_autofree char *id = long_id ("node", d);

      add_link (links, id, model.by_device[i][d]);
    }
  put_object ("ugrp", i, "", links);
}

static void
put_all (void)
{
  for (guint g = 0; g < GROUPS; g++)
    put_group (g);
  for (guint d = 0; d < DEVICES; d++)
    put_device (d);
  for (guint i = 0; i < USER_GROUPS; i++)
    put_user_group (i);
  for (guint u = 0; u < USERS; u++)
    put_user (u);
}

static guint32
random_rights (void)
{
  return g_test_rand_int_range (0, 3) != 0 ? 0 : (guint32)g_test_rand_int () & 0x3FFFFF;
}

static void
make_model (void)
{
  static const guint32 sites[] = { 0, 0, BL_SITE_MANAGE_USERS, BL_SITE_USER_GROUPS, BL_SITE_FULL };

  for (guint u = 0; u < USERS; u++)
    {
      model.site[u] = sites[u];
      for (guint g = 0; g < GROUPS; g++)
        model.on_group[u][g] = random_rights ();
      for (guint d = 0; d < DEVICES; d++)
        model.on_device[u][d] = random_rights () & ~7u;
      for (guint i = 0; i < USER_GROUPS; i++)
        model.member[u][i] = g_test_rand_bit ();
    }
  for (guint i = 0; i < USER_GROUPS; i++)
    {
      for (guint g = 0; g < GROUPS; g++)
        model.by_group[i][g] = random_rights ();
      for (guint d = 0; d < DEVICES; d++)
        model.by_device[i][d] = random_rights () & ~7u;
    }
  for (guint d = 0; d < DEVICES; d++)
    model.group_of[d] = (guint)g_test_rand_int_range (0, GROUPS);
}

/* ---- who may see what, from the model
 * ----------------------------------------------------------------------------- */

static gboolean
sees_group (guint u, guint g)
{
  guint32 rights = model.on_group[u][g];

  for (guint i = 0; i < USER_GROUPS; i++)
    rights |= model.member[u][i] ? model.by_group[i][g] : 0;
  return rights != 0;
}

static gboolean
sees_device (guint u, guint d)
{
  guint32 rights = model.on_device[u][d];

  for (guint i = 0; i < USER_GROUPS; i++)
    rights |= model.member[u][i] ? model.by_device[i][d] : 0;
  return rights != 0 || sees_group (u, model.group_of[d]);
}

static gboolean
sees_user (guint u, guint other)
{
  return u == other || (model.site[u] & BL_SITE_MANAGE_USERS) != 0;
}

static gboolean
sees_user_group (guint u, guint i)
{
  return model.member[u][i] || (model.site[u] & BL_SITE_USER_GROUPS) != 0;
}

static void
check_text (guint u, const char *text, const char *where)
{
  static const struct
  {
    const char *kind;
    guint n;
    gboolean (*sees) (guint u, guint index);
    const char *end;
  } kinds[] = {
    { "user", USERS, sees_user, "@" },
    { "mesh", GROUPS, sees_group, "." },
    { "node", DEVICES, sees_device, "." },
    { "ugrp", USER_GROUPS, sees_user_group, "." },
  };

  g_assert_null (strstr (text, "MARK-hash"));
  g_assert_null (strstr (text, "MARK-secret"));
  if (model.site[u] == BL_SITE_FULL) /* sees all events */
    return;
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      for (guint i = 0; i < kinds[k].n; i++)
        {
          g_autofree char *mark = g_strdup_printf ("MARK-%s-%u%s", kinds[k].kind, i, kinds[k].end);

          if (!kinds[k].sees (u, i) && strstr (text, mark) != NULL)
            g_test_fail_printf ("u%u, who may not see it, gets %s by %s: %s", u, mark, where, text);
        }
    }
}

static void
check_frames (guint u, BowlineWebSocket *socket, guint from, const char *where)
{
  GPtrArray *sent = bl_test_socket_get_sent (socket);

  for (guint i = from; i < sent->len; i++)
    {
      g_autofree char *text = bl_test_socket_dup_sent_text (socket, i);

      check_text (u, text, where);
    }
}

/* ---- answers and events
 * ------------------------------------------------------------------------------------------- */

/* A request that names the object @index of its kind in every id it has. */
static char *
make_request (const BowlineAction *action, guint index)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "{\"action\":\"%s\",\"responseid\":\"r\"", action->name);
  for (guint i = 0; i < action->n_arguments; i++)
    {
      const BowlineArgument *argument = &action->arguments[i];
      g_autofree char *value = NULL;
      gboolean list = (argument->flags & BOWLINE_ARGUMENT_LIST) != 0;

      if (argument->type == BOWLINE_ARGUMENT_ID)
        {
          g_auto (GStrv) kinds = g_strsplit (argument->detail, "|", 0);
          g_autofree char *id = g_str_equal (kinds[0], "user") ? g_strdup_printf ("user//u%u", index % USERS)
                                : g_str_equal (kinds[0], "mesh") ? long_id ("mesh", index % GROUPS)
                                : g_str_equal (kinds[0], "node") ? long_id ("node", index % DEVICES)
                                                                 : long_id ("ugrp", index % USER_GROUPS);

          value = g_strdup_printf ("\"%s\"", id);
        }
      else if ((argument->flags & BOWLINE_ARGUMENT_REQUIRED) == 0)
        continue;
      else if (argument->type == BOWLINE_ARGUMENT_INTEGER)
        value = g_strdup_printf ("%" G_GINT64_FORMAT, MAX (argument->min, 1));
      else if (argument->type == BOWLINE_ARGUMENT_BOOLEAN)
        value = g_strdup ("false");
      else if (argument->type == BOWLINE_ARGUMENT_CHOICE)
        value = g_strdup_printf ("\"%.*s\"", (int)strcspn (argument->detail, "|"), argument->detail);
      else if (argument->type == BOWLINE_ARGUMENT_OBJECT)
        value = g_strdup ("{}");
      else
        value = g_strdup ("\"u1\"");
      g_string_append_printf (text, list ? ",\"%s\":[%s]" : ",\"%s\":%s", argument->name, value);
    }
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static GPtrArray *
dup_rows (void)
{
  return bl_action_table_list (bl_action_get_table ());
}

/* The test host's store of events does not filter; tests/conformance has the rules for stores. */
static gboolean
reads_events (const BowlineAction *action)
{
  return g_str_equal (action->name, "events") || g_str_equal (action->name, "previousLogins");
}

static gboolean
is_left_out (const BowlineAction *action)
{
  return (action->flags & BOWLINE_ACTION_LOCAL) != 0 || g_str_equal (action->name, "close");
}

/* Afterwards others see what they did not see before: the model does not follow that. */
static gboolean
hands_out (const BowlineAction *action)
{
  static const char *const names[]
      = { "addusertousergroup", "addmeshuser", "adddeviceuser", "changeDeviceMesh", "createusergroup", NULL };

  return g_strv_contains (names, action->name);
}

static void
test_nothing_unseen (void)
{
  g_autoptr (GPtrArray) rows = NULL;
  BowlineWebSocket *sockets[USERS];
  guint before[USERS];

  world_begin ();
  rows = dup_rows ();
  g_assert_cmpuint (rows->len, >, 60);
  for (guint round = 0; round < 2; round++)
    {
      make_model ();
      put_all ();
      for (guint u = 0; u < USERS; u++)
        {
          g_autofree char *name = g_strdup_printf ("u%u", u);

          sockets[u] = world_connect (name);
        }
      for (guint r = 0; r < rows->len; r++)
        {
          const BowlineAction *action = &((BlActionRow *)rows->pdata[r])->action;

          if (is_left_out (action) || hands_out (action) || reads_events (action))
            continue;
          for (guint u = 0; u < USERS; u++)
            {
              g_autofree char *request = make_request (action, (guint)g_test_rand_int_range (0, 60));

              for (guint other = 0; other < USERS; other++)
                before[other] = bl_test_socket_get_sent (sockets[other])->len;
              bl_test_socket_receive_text (sockets[u], request);
              bl_test_host_settle ();
              for (guint other = 0; other < USERS; other++)
                check_frames (other, sockets[other], before[other], request);
            }
          if ((action->flags & BOWLINE_ACTION_CHANGES) != 0)
            put_all ();
        }
      for (guint u = 0; u < USERS; u++)
        world_close (sockets[u]);
    }
  world_end ();
}

/* ---- a smaller grant
 * ---------------------------------------------------------------------------------------------- */

static void
collect (GVariant *frame, gpointer frames)
{
  if (g_variant_is_of_type (frame, G_VARIANT_TYPE_VARDICT))
    g_ptr_array_add (frames, g_variant_ref (frame));
  else
    g_ptr_array_add (frames, g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0)));
}

/* Done, or answered with something else than a refusal. */
static gboolean
is_allowed (const BowlineAction *action, const char *request)
{
  g_autoptr (BowlinePrincipal) who = world_principal (BOWLINE_PRINCIPAL_USER, "user//u0");
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  GVariant *parsed = bl_json_parse_object (request, strlen (request), NULL, BL_JSON_DEFAULT, NULL);
  gboolean allowed = FALSE;

  bowline_action_dispatch (world.host, who, NULL, parsed, NULL, collect, g_ptr_array_ref (frames),
                           (GDestroyNotify)g_ptr_array_unref);
  g_variant_unref (parsed);
  bl_test_host_settle ();
  for (guint i = 0; i < frames->len; i++)
    {
      const char *result = bl_variant_get_string (frames->pdata[i], "result");
      const char *name = bl_variant_get_string (frames->pdata[i], "action");

      allowed |= name != NULL && g_str_equal (name, action->name)
                 && (result == NULL || g_ascii_strcasecmp (result, "ok") == 0
                     || g_str_has_prefix (result, "Added"));
    }
  return allowed;
}

static void
set_grant (guint32 rights, guint32 site)
{
  memset (&model, 0, sizeof model);
  model.on_group[0][0] = rights;
  model.site[0] = site;
  put_all ();
}

static void
test_smaller_grant (void)
{
  g_autoptr (GPtrArray) rows = NULL;
  guint allowed = 0;

  world_begin ();
  rows = dup_rows ();
  for (guint n = 0; n < GRANTS; n++)
    {
      guint32 rights = n == 0 ? BL_RIGHT_ALL : (guint32)g_test_rand_int () & 0x3FFFFF;
      guint32 site
          = n == 0 ? 0x1FF & ~BL_SITE_LOCKED : (guint32)g_test_rand_int () & 0x1FFF & ~BL_SITE_LOCKED;
      guint32 fewer = (rights == BL_RIGHT_ALL ? 0x3FFFFF & ~BL_RIGHT_RESTRICTIONS : rights)
                      & ((guint32)g_test_rand_int () | BL_RIGHT_RESTRICTIONS);
      guint32 grants = BL_SITE_BACKUP | BL_SITE_MANAGE_USERS | BL_SITE_RESTORE | BL_SITE_FILES
                       | BL_SITE_UPDATE | BL_SITE_USER_GROUPS | BL_SITE_RECORDINGS | BL_SITE_ALL_EVENTS;
      guint32 less = (site & (guint32)g_test_rand_int () & grants) | (site & ~grants);

      fewer |= (guint32)g_test_rand_int () & BL_RIGHT_RESTRICTIONS;
      for (guint r = 0; r < rows->len; r++)
        {
          const BowlineAction *action = &((BlActionRow *)rows->pdata[r])->action;
          g_autofree char *request = NULL;
          gboolean small, large;

          if (is_left_out (action))
            continue;
          request = make_request (action, 0);
          set_grant (fewer, less);
          small = is_allowed (action, request);
          set_grant (rights, site);
          large = is_allowed (action, request);
          allowed += large;
          if (small && !large)
            g_test_fail_printf ("%s: %x and site %x may, %x and site %x may not", request, fewer, less,
                                rights, site);
        }
    }
  g_assert_cmpuint (allowed, >, GRANTS); /* the requests do reach the handlers */
  world_end ();
}

/* ---- the audit trail
 * ----------------------------------------------------------------------------------------------------- */

/* Returns: (transfer full) (nullable): what a request of make_request (, 0) acts on */
static char *
object_of (const BowlineAction *action)
{
  for (guint i = 0; action->object != NULL && i < action->n_arguments; i++)
    {
      const BowlineArgument *argument = &action->arguments[i];

      if (!g_str_equal (argument->name, action->object) || argument->type != BOWLINE_ARGUMENT_ID)
        continue;
      if (g_str_equal (argument->detail, "node") || g_str_equal (argument->detail, "mesh"))
        return long_id (argument->detail, 0);
    }
  return NULL;
}

/* A change that was refused is in the trail, as refused: who tried it, and on what. */
static guint
check_refusal (BowlinePrincipal *who, const BowlineAction *action, const char *object)
{
  GPtrArray *records = bl_test_host_get_audit (world.test);
  GPtrArray *users = bl_test_host_get_audit_users (world.test);
  guint before = records->len;
  g_autofree char *request = make_request (action, 0);
  g_autoptr (GVariant) parsed = bl_json_parse_object (request, strlen (request), NULL, BL_JSON_DEFAULT, NULL);

  bowline_action_dispatch (world.host, who, NULL, parsed, NULL, collect,
                           g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref),
                           (GDestroyNotify)g_ptr_array_unref);
  bl_test_host_settle ();
  for (guint i = before; i < records->len; i++)
    {
      const char *name, *told;
      gboolean allowed;

      g_variant_get (records->pdata[i], "(&s&sbv)", &name, &told, &allowed, NULL);
      g_assert_cmpstr (name, ==, action->name);
      g_assert_cmpstr (users->pdata[i], ==, "user//u0");
      if (i == before && (allowed || !g_str_equal (told, object)))
        g_test_fail_printf ("%s: the trail says %s, %s", request, told, allowed ? "allowed" : "refused");
    }
  if (records->len == before)
    g_test_fail_printf ("%s: the trail says nothing", request);
  return records->len - before;
}

static void
test_refusals_are_told (void)
{
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (BowlinePrincipal) who = NULL;
  guint told = 0;

  world_begin ();
  set_grant (0, 0);
  who = world_principal (BOWLINE_PRINCIPAL_USER, "user//u0");
  rows = dup_rows ();
  for (guint r = 0; r < rows->len; r++)
    {
      const BowlineAction *action = &((BlActionRow *)rows->pdata[r])->action;
      g_autofree char *object = object_of (action);

      if (object != NULL && !is_left_out (action) && (action->flags & BOWLINE_ACTION_CHANGES) != 0)
        told += check_refusal (who, action, object);
    }
  g_assert_cmpuint (told, >, 20);
  world_end ();
}

/* ---- a principal for some objects only
 * ----------------------------------------------------------------------------------------------------------- */

static gboolean
names (const char *const *scope, const char *id)
{
  return id != NULL && g_strv_contains (scope, id);
}

static void
check_scope (guint u, const char *const *scope)
{
  g_autofree char *user_id = g_strdup_printf ("user//u%u", u);
  const BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                      .kind = BOWLINE_PRINCIPAL_KEY,
                                      .user_id = user_id,
                                      .rights_ceiling = G_MAXUINT32,
                                      .site_ceiling = G_MAXUINT32,
                                      .only_objects = scope };
  g_autoptr (BowlinePrincipal) whole = world_principal (BOWLINE_PRINCIPAL_USER, user_id);
  g_autoptr (BowlinePrincipal) part = bowline_principal_new (world.host, &info);

  for (guint d = 0; d < DEVICES; d++)
    {
      g_autofree char *id = long_id ("node", d);
      g_autofree char *mesh = long_id ("mesh", model.group_of[d]);
      gboolean inside = names (scope, id) || names (scope, mesh);
      const char *const targets[] = { id, NULL };
      g_autoptr (GVariant) event = g_variant_ref_sink (
          g_variant_new_parsed ("{'action': <'nodeconnect'>, 'etype': <'node'>, 'nodeid': <%s>}", id));

      g_assert_cmphex (bowline_rights (world.host, part, id), ==,
                       inside ? bowline_rights (world.host, whole, id) : 0);
      if (!inside)
        {
          g_assert_false (bowline_may_see (world.host, part, id));
          g_assert_false (bowline_may_receive (world.host, part, targets, event));
        }
    }
  for (guint g = 0; g < GROUPS; g++)
    {
      g_autofree char *id = long_id ("mesh", g);

      g_assert_cmphex (bowline_rights (world.host, part, id), ==,
                       names (scope, id) ? bowline_rights (world.host, whole, id) : 0);
    }
  for (guint other = 0; other < USERS; other++)
    {
      g_autofree char *id = g_strdup_printf ("user//u%u", other);

      g_assert_cmphex (bowline_rights (world.host, part, id) & ~bowline_rights (world.host, whole, id), ==, 0);
    }
}

/* Within its objects it may what the account may, and nothing beyond. */
static void
test_only_objects (void)
{
  world_begin ();
  for (guint round = 0; round < 60; round++)
    {
      g_autoptr (GPtrArray) scope = g_ptr_array_new_with_free_func (g_free);

      make_model ();
      put_all ();
      for (guint d = 0; d < DEVICES; d++)
        {
          if (g_test_rand_int_range (0, 3) == 0)
            g_ptr_array_add (scope, long_id ("node", d));
        }
      for (guint g = 0; g < GROUPS; g++)
        {
          if (g_test_rand_int_range (0, 3) == 0)
            g_ptr_array_add (scope, long_id ("mesh", g));
        }
      g_ptr_array_add (scope, NULL);
      for (guint u = 0; u < USERS; u++)
        check_scope (u, (const char *const *)scope->pdata);
    }
  world_end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control/property/nothing-unseen", test_nothing_unseen);
  g_test_add_func ("/control/property/smaller-grant", test_smaller_grant);
  g_test_add_func ("/control/property/refusals-are-told", test_refusals_are_told);
  g_test_add_func ("/control/property/only-objects", test_only_objects);
  return g_test_run ();
}
