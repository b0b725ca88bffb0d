// SPDX-License-Identifier: Apache-2.0
/* The one function of a fuzz target. */
#pragma once

#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);
