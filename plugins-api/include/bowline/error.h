/* SPDX-License-Identifier: Apache-2.0 */
/** Error domain shared by the host and its plugins. */
#ifndef BOWLINE_ERROR_H
#define BOWLINE_ERROR_H

#include <bowline/abi.h>

G_BEGIN_DECLS

#define BOWLINE_ERROR (bowline_error_quark ())

/* Codes of %BOWLINE_ERROR. Treat a value that is not listed as %BOWLINE_ERROR_FAILED. */
#define BOWLINE_ERROR_FAILED 0
#define BOWLINE_ERROR_INVALID 1       /* the input breaks a rule; the message names it */
#define BOWLINE_ERROR_DENIED 2        /* the principal may not do this */
#define BOWLINE_ERROR_NOT_FOUND 3
#define BOWLINE_ERROR_EXISTS 4
#define BOWLINE_ERROR_LIMIT 5         /* a stated limit is reached */
#define BOWLINE_ERROR_NOT_SUPPORTED 6 /* also: the extension point is not provided by any module */
#define BOWLINE_ERROR_STORAGE 7       /* the store could not keep the change (disk full, I/O error) */
#define BOWLINE_ERROR_TIMEOUT 8
#define BOWLINE_ERROR_OFFLINE 9       /* the device is not connected */
#define BOWLINE_ERROR_CREDENTIALS 10  /* unknown account, wrong password or second factor */
#define BOWLINE_ERROR_SECOND_FACTOR 11 /* the password is right, a second factor is needed */
#define BOWLINE_ERROR_THROTTLED 12    /* too many failed attempts; try later */

/** Returns: the quark of %BOWLINE_ERROR. Any thread. */
BOWLINE_AVAILABLE_IN_1_0 GQuark bowline_error_quark (void);

G_END_DECLS
#endif
