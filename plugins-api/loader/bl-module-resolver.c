// SPDX-License-Identifier: Apache-2.0
/* Whether a module can start now, given the states of all others. */
#include "bl-module-resolver.h"

#include <string.h>

const char *
bl_module_state_to_string (BlModuleState state)
{
  static const char *const names[] = {
    [BL_MODULE_FOUND] = "found",       [BL_MODULE_DISABLED] = "disabled", [BL_MODULE_REFUSED] = "refused",
    [BL_MODULE_STARTING] = "starting", [BL_MODULE_ACTIVE] = "active",     [BL_MODULE_FAILED] = "failed",
    [BL_MODULE_STOPPED] = "stopped",
  };

  return (guint)state < G_N_ELEMENTS (names) ? names[state] : "unknown";
}

static gboolean
provides (const BlModule *module, const char *name)
{
  if (strcmp (module->id, name) == 0)
    return TRUE;
  return module->manifest != NULL && g_strv_contains ((const char *const *)module->manifest->provides, name);
}

static gboolean
is_pending (const BlModule *module)
{
  return module->state == BL_MODULE_FOUND || module->state == BL_MODULE_STARTING;
}

/* Of two enabled modules in conflict the one first by id stays, whether it starts or not: that is for the
 * administrator to decide, not for chance. */
static const BlModule *
find_conflict (GPtrArray *modules, const BlModule *module)
{
  for (guint i = 0; i < modules->len; i++)
    {
      const BlModule *other = modules->pdata[i];

      if (other == module)
        break;
      if (other->manifest == NULL || other->state == BL_MODULE_DISABLED)
        continue;
      for (char **name = module->manifest->conflicts; *name != NULL; name++)
        if (provides (other, *name))
          return other;
      for (char **name = other->manifest->conflicts; *name != NULL; name++)
        if (provides (module, *name))
          return other;
    }
  return NULL;
}

static char *
describe_missing (GPtrArray *modules, const BlModule *module, const char *name)
{
  for (guint i = 0; i < modules->len; i++)
    {
      const BlModule *other = modules->pdata[i];

      if (other != module && provides (other, name))
        return g_strdup_printf ("%s: [Module] Requires: expected \"%s\" to be active, found module \"%s\" %s",
                                module->path, name, other->id, bl_module_state_to_string (other->state));
    }
  return g_strdup_printf ("%s: [Module] Requires: expected a module that provides \"%s\", found none",
                          module->path, name);
}

/* Whether any, or no longer any, provider of @name is still to be settled. */
static gboolean
any_in_state (GPtrArray *modules,
              const BlModule *module,
              const char *name,
              gboolean (*test) (const BlModule *))
{
  for (guint i = 0; i < modules->len; i++)
    {
      const BlModule *other = modules->pdata[i];

      if (other != module && provides (other, name) && test (other))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_active (const BlModule *module)
{
  return module->state == BL_MODULE_ACTIVE;
}

BlModuleResolverAnswer
bl_module_resolver_examine (GPtrArray *modules, const BlModule *module, char **reason)
{
  const BlModuleManifest *manifest = module->manifest;
  const BlModule *conflict = find_conflict (modules, module);
  gboolean wait = FALSE;

  if (conflict != NULL)
    {
      *reason = g_strdup_printf (
          "%s: [Module] Conflicts: expected only one of \"%s\" and \"%s\" to be enabled, found both",
          module->path, module->id, conflict->id);
      return BL_MODULE_RESOLVER_IMPOSSIBLE;
    }
  for (char **name = manifest->requires; *name != NULL; name++)
    {
      if (any_in_state (modules, module, *name, is_pending))
        wait = TRUE;
      else if (!any_in_state (modules, module, *name, is_active))
        {
          *reason = describe_missing (modules, module, *name);
          return BL_MODULE_RESOLVER_IMPOSSIBLE;
        }
    }
  for (char **name = manifest->after; *name != NULL; name++)
    if (any_in_state (modules, module, *name, is_pending))
      wait = TRUE;
  return wait ? BL_MODULE_RESOLVER_WAIT : BL_MODULE_RESOLVER_READY;
}

char *
bl_module_resolver_describe_cycle (GPtrArray *modules)
{
  g_autoptr (GString) text = g_string_new ("dependencies: expected an order, found a circle among");

  for (guint i = 0; i < modules->len; i++)
    {
      const BlModule *module = modules->pdata[i];

      if (module->state == BL_MODULE_FOUND)
        g_string_append_printf (text, " \"%s\"", module->id);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
