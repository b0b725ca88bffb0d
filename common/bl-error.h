// SPDX-License-Identifier: Apache-2.0
/*
 * The error domain of everything internal (the promised one is BOWLINE_ERROR in plugins-api). Codes say what
 * a caller can do about it; the message says what was wrong, where, what was expected and what was found.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_ERROR (bl_error_quark ())

/**
 * BlError:
 * @BL_ERROR_FAILED: anything a caller cannot tell apart
 * @BL_ERROR_INVALID: malformed input
 * @BL_ERROR_TOO_LARGE: a limit of bl-limits.h or of the configuration was passed
 * @BL_ERROR_UNSUPPORTED: well formed, but not something we do
 * @BL_ERROR_UNKNOWN: an unknown action, command or key
 * @BL_ERROR_AUTH: a signature, tag, purpose or audience does not fit
 * @BL_ERROR_EXPIRED: authentic, but outside its time
 * @BL_ERROR_NOT_FOUND: what was named does not exist
 */
typedef enum
{
  BL_ERROR_FAILED,
  BL_ERROR_INVALID,
  BL_ERROR_TOO_LARGE,
  BL_ERROR_UNSUPPORTED,
  BL_ERROR_UNKNOWN,
  BL_ERROR_AUTH,
  BL_ERROR_EXPIRED,
  BL_ERROR_NOT_FOUND,
} BlError;

GQuark bl_error_quark (void);

G_END_DECLS
