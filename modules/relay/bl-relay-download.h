// SPDX-License-Identifier: Apache-2.0
// One file of a device as the answer to an HTTP request (relay-tunnel section 6): the server itself is the viewer. Main context.
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

#define BL_RELAY_DOWNLOAD_MAX_PATH 4096u          // bytes
#define BL_RELAY_DOWNLOAD_MAX_MESSAGE (1u << 20)  // bytes in one frame of the device
#define BL_RELAY_DOWNLOAD_WAIT_SECONDS 30         // for the device to come
#define BL_RELAY_DOWNLOAD_ANSWER_SECONDS 180      // for its answer: the person there may be asked first

typedef struct _BlRelayDownload BlRelayDownload;

/** @request: referenced until the answer is complete; @path: valid UTF-8; @gone: the client left: free the download. */
BlRelayDownload *
bl_relay_download_new (BowlineHttpRequest *request, const char *path, void (*gone) (gpointer user_data), gpointer user_data);
/** Ends the answer: 404 when there is none yet, a broken connection when it is not complete. */
void bl_relay_download_free (BlRelayDownload *download);
/** The device is there: asks it for the file. */
void bl_relay_download_join (BlRelayDownload *download, BowlineWebSocket *device);
/** A frame of the device. Returns: %FALSE when the download is over, complete or not. */
gboolean bl_relay_download_message (BlRelayDownload *download, guint32 type, GBytes *message);
/** Returns: %TRUE when the device was told to begin at @joined_us (monotonic) and has not answered in time. */
gboolean bl_relay_download_is_late (const BlRelayDownload *download, gint64 joined_us, gint64 now_us);

/** Returns: %TRUE for the path of a file: 1..BL_RELAY_DOWNLOAD_MAX_PATH bytes of UTF-8 without control characters. */
gboolean bl_relay_download_path_is_valid (const char *path);
/** Returns: (transfer full): the value of Content-Disposition for the last part of @path, slashes of either kind (RFC 6266) */
char *bl_relay_download_disposition (const char *path);
/** Returns: %TRUE and the @size of the file when the device's text @message says that it follows */
gboolean bl_relay_download_read_answer (GBytes *message, gint64 *size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlRelayDownload, bl_relay_download_free)

G_END_DECLS
