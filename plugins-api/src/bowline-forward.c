// SPDX-License-Identifier: Apache-2.0
/* What the forwarding sources share: noticing an absent slot, and failing in the caller's terms. */
#include "bowline-forward.h"

/** Returns: always %TRUE, for use in a condition. */
gboolean
bowline_forward_warn (const char *function)
{
  g_log ("bowline-plugin", G_LOG_LEVEL_WARNING, "%s: this program does not provide it", function);
  return TRUE;
}

/** Ends a value the callee would have taken. @value: (nullable) (transfer floating) */
void
bowline_forward_drop (GVariant *value)
{
  if (value != NULL)
    g_variant_unref (g_variant_ref_sink (value));
}

void
bowline_forward_set_error (const char *function, GError **error)
{
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "%s: this program does not provide it",
               function);
}

/** Completes an asynchronous call from the main context with %BOWLINE_ERROR_NOT_SUPPORTED. */
void
bowline_forward_absent_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, bowline_forward_absent_async);
  g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED,
                           "this program does not provide it");
}

/** Returns: always %NULL, with @error set. */
gpointer
bowline_forward_absent_finish (GAsyncResult *result, GError **error)
{
  if (g_async_result_is_tagged (result, bowline_forward_absent_async))
    return g_task_propagate_pointer (G_TASK (result), error);
  bowline_forward_set_error (G_STRFUNC, error);
  return NULL;
}

guint32
bowline_private_descriptor_size (const BowlinePluginDescriptor *descriptor)
{
  return descriptor->struct_size;
}
