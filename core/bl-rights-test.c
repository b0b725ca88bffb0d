// SPDX-License-Identifier: Apache-2.0
/* Masks out of documents, and the property that a smaller grant never allows more. */
#include "bl-rights.h"

#define ME "user//me"
#define MESH "mesh//m"
#define NODE "node//n"
#define UGRP "ugrp//g"

static GVariant *
link_of (gint64 rights)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "rights", "x", rights);
  return g_variant_dict_end (&dict);
}

typedef struct
{
  gint64 mesh, node, via_mesh, via_node, removed, site; /* -2: no such link */
  gboolean member;
} World;

static const World nothing = { -2, -2, -2, -2, 0, 0, FALSE };

static void
put_link (GVariantDict *links, const char *id, gint64 rights)
{
  if (rights != -2)
    g_variant_dict_insert_value (links, id, link_of (rights));
}

static GVariant *
lookup (const char *id, gpointer data)
{
  const World *world = data;
  GVariantDict links, document;

  g_variant_dict_init (&links, NULL);
  g_variant_dict_init (&document, NULL);
  if (g_str_equal (id, ME))
    {
      put_link (&links, MESH, world->mesh);
      put_link (&links, NODE, world->node);
      if (world->member)
        put_link (&links, UGRP, 1);
      g_variant_dict_insert (&document, "siteadmin", "x", world->site);
      g_variant_dict_insert (&document, "removeRights", "x", world->removed);
    }
  else if (g_str_equal (id, UGRP))
    {
      put_link (&links, MESH, world->via_mesh);
      put_link (&links, NODE, world->via_node);
      put_link (&links, ME, 1);
    }
  else
    {
      g_variant_dict_clear (&links);
      g_variant_dict_clear (&document);
      return NULL;
    }
  g_variant_dict_insert_value (&document, "links", g_variant_dict_end (&links));
  return g_variant_ref_sink (g_variant_dict_end (&document));
}

static guint32
device (const World *world)
{
  g_autoptr (BlRights) rights = bl_rights_resolve (ME, lookup, (gpointer)world);

  return bl_rights_on_device (rights, NODE, MESH);
}

static void
test_sources (void)
{
  World world = nothing;
  g_autoptr (BlRights) rights = NULL;

  g_assert_cmphex (device (&world), ==, 0);
  world.mesh = 0x18;
  g_assert_cmphex (device (&world), ==, 0x18);
  world.node = 0x4007; /* a direct link gives no rights on the group */
  g_assert_cmphex (device (&world), ==, 0x4018);
  world.via_node = 0x40000;
  world.via_mesh = 0x80;
  g_assert_cmphex (device (&world), ==, 0x4018);
  world.member = TRUE;
  g_assert_cmphex (device (&world), ==, 0x44098);
  world.via_mesh = 4294967295;
  g_assert_cmphex (device (&world), ==, BL_RIGHT_ALL);
  world.via_mesh = -1;
  g_assert_cmphex (device (&world), ==, BL_RIGHT_ALL);

  rights = bl_rights_resolve (ME, lookup, &world);
  g_assert_true (bl_rights_is_member (rights, UGRP));
  g_assert_cmphex (bl_rights_on_group (rights, MESH), ==, BL_RIGHT_ALL);
  g_assert_cmphex (bl_rights_on_group (rights, "mesh//other"), ==, 0);
  g_assert_cmphex (bl_rights_on_device (rights, "node//other", NULL), ==, 0);
}

static void
test_site (void)
{
  static const struct
  {
    gint64 stored;
    guint32 rights;
    gboolean usable;
  } cases[] = {
    { 4294967295, BL_SITE_FULL, TRUE },
    { -1, BL_SITE_FULL, TRUE },
    { 0x22, 0, FALSE },
    { 0x20, 0, FALSE },
    { 0x142, 0x142, TRUE },
    { G_MAXINT64, 0, TRUE },
    { 0, 0, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      World world = nothing;
      g_autoptr (BlRights) rights = NULL;

      world.site = cases[i].stored;
      world.mesh = 8;
      rights = bl_rights_resolve (ME, lookup, &world);
      g_assert_cmphex (bl_rights_get_site (rights), ==, cases[i].rights);
      g_assert_cmpint (bl_rights_is_usable (rights), ==, cases[i].usable);
      g_assert_cmphex (bl_rights_on_group (rights, MESH), ==, cases[i].usable ? 8 : 0);
    }
}

static void
test_missing_account (void)
{
  World world = nothing;
  g_autoptr (BlRights) rights = bl_rights_resolve ("user//ghost", lookup, &world);

  g_assert_false (bl_rights_is_usable (rights));
  g_assert_cmphex (bl_rights_on_device (rights, NODE, MESH), ==, 0);
}

static void
test_removed_rights (void)
{
  World world = nothing;

  world.mesh = 4294967295;
  world.removed = 8;
  g_assert_cmphex (device (&world), ==, BL_RIGHT_ALL_EXPANDED & ~8u);
  world.removed = 0x200;
  g_assert_cmphex (device (&world), ==, BL_RIGHT_ALL_EXPANDED | 0x200);
  world.mesh = 0x4000;
  world.removed = 0x100; /* nobody who could not watch starts to watch */
  g_assert_cmphex (device (&world), ==, 0x4000);
  world.mesh = 8;
  world.removed = 0x108;
  g_assert_cmphex (device (&world), ==, 0x100);
}

static void
test_limit (void)
{
  g_assert_cmphex (bl_rights_limit (BL_RIGHT_ALL, BL_RIGHT_ALL, 0), ==, BL_RIGHT_ALL);
  g_assert_cmphex (bl_rights_limit (BL_RIGHT_ALL, 8, 0x200), ==, 0x208);
  g_assert_cmphex (bl_rights_limit (BL_RIGHT_ALL, 8, 0x100), ==, 0x108);
  g_assert_cmphex (bl_rights_limit (BL_RIGHT_ALL, 0x100, 0), ==, 0x100);
  g_assert_cmphex (bl_rights_limit (0x100, 0x4008, 0), ==, 0x100);
  g_assert_cmphex (bl_rights_limit (0x100, 0x4000, 0), ==, 0);
  g_assert_cmphex (bl_rights_limit (0x4000, BL_RIGHT_ALL, 0x100), ==, 0x4000);
  g_assert_cmphex (bl_rights_limit (0x208, 8, 0), ==, 0x208);
  g_assert_cmphex (bl_rights_limit (8, 0, 0x600), ==, 0);
  g_assert_cmphex (bl_rights_limit_site (BL_SITE_FULL, BL_SITE_FULL), ==, BL_SITE_FULL);
  g_assert_cmphex (bl_rights_limit_site (BL_SITE_FULL, 2), ==, 2);
  g_assert_cmphex (bl_rights_limit_site (0x42, 0), ==, 0x40);
}

/* What a mask lets one do: the grants, watching, and the four kinds of session that restrictions take away.
 */
static guint32
abilities (guint32 rights)
{
  guint32 can = rights == BL_RIGHT_ALL ? BL_RIGHTS_GRANTS : rights & BL_RIGHTS_GRANTS;
  guint32 limits = rights == BL_RIGHT_ALL ? 0 : rights;
  gboolean control = (can & BL_RIGHT_REMOTE_CONTROL) != 0;
  gboolean watch = control || (limits & BL_RIGHT_VIEW_ONLY) != 0;

  can &= ~BL_RIGHT_REMOTE_CONTROL;
  if (watch && (limits & BL_RIGHT_NO_DESKTOP) == 0)
    can |= 1u << 28;
  if (control && (limits & BL_RIGHT_NO_TERMINAL) == 0)
    can |= 1u << 29;
  if (control && (limits & BL_RIGHT_NO_FILES) == 0)
    can |= 1u << 30;
  if (control && (limits & (BL_RIGHT_NO_DESKTOP | BL_RIGHT_VIEW_ONLY)) == 0)
    can |= 1u << 31;
  return can;
}

static gint64
random_mask (void)
{
  switch (g_test_rand_int_range (0, 6))
    {
    case 0:
      return -2;
    case 1:
      return BL_RIGHT_ALL;
    case 2:
      return 1 << g_test_rand_int_range (0, 22);
    default:
      return (guint32)g_test_rand_int () & 0x3FFFFF & (guint32)g_test_rand_int ();
    }
}

static void
test_smaller_never_allows_more (void)
{
  for (guint i = 0; i < 20000; i++)
    {
      World world = { random_mask (), random_mask (), random_mask (), random_mask (), 0, 0, TRUE };
      World less = world;
      guint32 rights = device (&world), ceiling, added, limited, tighter;

      /* fewer grants in a link, or rights taken away from the account */
      less.removed = random_mask ();
      if (less.removed == -2)
        less.removed = 0;
      g_assert_cmphex (abilities (device (&less)) & ~abilities (rights), ==, 0);
      less = world;
      if (world.mesh > 0 && world.mesh != BL_RIGHT_ALL)
        less.mesh = world.mesh & ~(g_test_rand_int () & (gint64)BL_RIGHTS_GRANTS);
      g_assert_cmphex (abilities (device (&less)) & ~abilities (rights), ==, 0);

      /* a ceiling, a lower one, an added restriction */
      ceiling = (guint32)g_test_rand_int ();
      added = (guint32)g_test_rand_int () & BL_RIGHT_RESTRICTIONS;
      limited = bl_rights_limit (rights, ceiling, 0);
      g_assert_cmphex (abilities (limited) & ~abilities (rights), ==, 0);
      tighter = bl_rights_limit (rights, ceiling & (guint32)g_test_rand_int (), 0);
      g_assert_cmphex (abilities (tighter) & ~abilities (limited), ==, 0);
      tighter = bl_rights_limit (rights, ceiling, added);
      g_assert_cmphex (abilities (tighter) & ~abilities (limited), ==, 0);
    }
}

static void
test_cover (void)
{
  g_assert_true (bl_rights_cover (BL_RIGHT_ALL, BL_RIGHT_ALL));
  g_assert_true (bl_rights_cover (BL_RIGHT_ALL, 0x18));
  g_assert_true (bl_rights_cover (0x18, 8));
  g_assert_false (bl_rights_cover (0x10, 0x18));
  g_assert_false (bl_rights_cover (BL_RIGHTS_GRANTS, BL_RIGHT_ALL));
  g_assert_false (bl_rights_cover (0, 0));
  g_assert_true (bl_rights_cover (8, 0x208));
}

static GVariant *
give (const char *id, gpointer document)
{
  return g_variant_ref (document);
}

static void
test_hostile_documents (void)
{
  static const char *const documents[] = {
    "{'links': <@mv nothing>}",
    "{'links': <'text'>}",
    "{'links': <[<1>]>}",
    "{'links': <{'mesh//m': <@mv nothing>}>}",
    "{'links': <{'mesh//m': <{'rights': <'8'>}>}>}",
    "{'links': <{'mesh//m': <{'rights': <1e300>}>}>}",
    "{'links': <{'mesh//m': <{'rights': <-1e300>}>}>}",
    "{'links': <{'ugrp//g': <{'rights': <1>}>}>, 'siteadmin': <'all'>, 'groups': <7>}",
    "@a{sv} {}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      g_autoptr (GVariant) document = g_variant_parse (NULL, documents[i], NULL, NULL, NULL);
      g_autoptr (BlRights) rights = NULL;

      g_assert_nonnull (document);
      rights = bl_rights_resolve (ME, give, document);
      g_assert_cmphex (bl_rights_on_group (rights, MESH), ==, 0);
      g_assert_cmphex (bl_rights_get_site (rights), ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rights/sources", test_sources);
  g_test_add_func ("/rights/site", test_site);
  g_test_add_func ("/rights/missing-account", test_missing_account);
  g_test_add_func ("/rights/removed", test_removed_rights);
  g_test_add_func ("/rights/limit", test_limit);
  g_test_add_func ("/rights/smaller-never-allows-more", test_smaller_never_allows_more);
  g_test_add_func ("/rights/cover", test_cover);
  g_test_add_func ("/rights/hostile-documents", test_hostile_documents);
  return g_test_run ();
}
