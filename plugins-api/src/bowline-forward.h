// SPDX-License-Identifier: Apache-2.0
/* What the forwarding sources share: noticing an absent slot, and failing in the caller's terms. */
#pragma once

#include "bowline-private.h"

/* TRUE, with a warning, when the program has not installed @slot. */
#define BOWLINE_ABSENT(ops, slot)                                                                            \
  (G_UNLIKELY ((ops) == NULL || (ops)->slot == NULL) && bowline_forward_warn (G_STRFUNC))

gboolean bowline_forward_warn (const char *function);
void bowline_forward_drop (GVariant *value);
void bowline_forward_set_error (const char *function, GError **error);
void
bowline_forward_absent_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gpointer bowline_forward_absent_finish (GAsyncResult *result, GError **error);
