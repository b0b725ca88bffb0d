// SPDX-License-Identifier: Apache-2.0
/** Arguments no handler expects: wrong types, huge, nested deeply, many, strange texts. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_TEST_HOSTILE_KINDS 12u

/** @kind: below BL_TEST_HOSTILE_KINDS. Returns: (transfer floating) */
GVariant *bl_test_hostile (guint kind);

G_END_DECLS
