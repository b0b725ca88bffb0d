// SPDX-License-Identifier: Apache-2.0
/* The first line of a script: an absolute path without blanks, or nothing. */
#include "fuzz.h"

#include "agent/plugins/automation/bl-automation-group.h"
#include "agent/plugins/automation/bl-automation-plan.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  if (data == NULL)
    return 0;
  // Any bytes may stand in the environment of a process.
  g_assert_false (bl_automation_mark_is_in (BL_AUTOMATION_MARK "=", (const char *)data, MIN (size, strlen (BL_AUTOMATION_MARK))));
  (void)bl_automation_mark_is_in (BL_AUTOMATION_MARK "=1", (const char *)data, size); // it only has to come back
  g_auto (GStrv) words = bl_automation_interpreter ((const char *)data, size, &error);
  if (words == NULL)
    return 0;
  g_assert_no_error (error);
  g_assert_true (words[0][0] == '/' && strpbrk (words[0], " \t\n") == NULL);
  g_assert_cmpuint (g_strv_length (words), <=, 2);
  g_assert_cmpuint (strlen (words[0]), <=, BL_AUTOMATION_LINE_MAX);
  return 0;
}
