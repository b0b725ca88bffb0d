// SPDX-License-Identifier: Apache-2.0
/* The error domain of everything internal. */
#include "common/bl-error.h"

G_DEFINE_QUARK (bl - error - quark, bl_error)
