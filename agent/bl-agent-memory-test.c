// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-memory.h"

#include <gio/gio.h>
#include <stdlib.h>

static guint written = 7;

static void
test_rest (void)
{
  g_autofree char *text = g_strdup_printf ("%d", 42);
  for (int i = 0; i < 3; i++)
    {
      bl_agent_memory_rest ();
      written++;
      // Relocated tables, written data and code of libraries are still there.
      g_autoptr (GCancellable) object = g_cancellable_new ();
      g_assert_true (G_IS_CANCELLABLE (object));
      g_assert_cmpint (atoi (text), ==, 42);
    }
  g_assert_cmpuint (written, ==, 10);
}

static void
test_later (void)
{
  bl_agent_memory_rest_later ();
  bl_agent_memory_rest_later ();
  bl_agent_memory_stop ();
  bl_agent_memory_stop ();
  g_assert_false (g_main_context_pending (NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-memory/rest", test_rest);
  g_test_add_func ("/agent-memory/later", test_later);
  return g_test_run ();
}
