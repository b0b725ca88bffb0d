// SPDX-License-Identifier: Apache-2.0
/* The error domain of the host and its plugins. */
#include <bowline/error.h>

G_DEFINE_QUARK (bowline - error - quark, bowline_error)
