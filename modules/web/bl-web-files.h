// SPDX-License-Identifier: Apache-2.0
// The page's files: what the build's manifest.json lists, mapped into memory once, and which form of a file answers a
// request. Nothing outside the manifest is ever served, so a path of a request never reaches the file system.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  BL_WEB_IDENTITY,
  BL_WEB_GZIP,
  BL_WEB_BROTLI,
  BL_WEB_N_ENCODINGS,
} BlWebEncoding;

typedef struct
{
  char *path; // "/assets/app-x.js"
  char *type;
  char *etag;
  gboolean immutable;
  GBytes *content[BL_WEB_N_ENCODINGS]; // NULL where there is no such form
} BlWebFile;

typedef struct _BlWebFiles BlWebFiles;

/** Reads @directory/manifest.json and maps every file it lists. Returns: (transfer full), or %NULL with @error naming the file. */
BlWebFiles *bl_web_files_load (const char *directory, GError **error);
void bl_web_files_free (BlWebFiles *files);

/**
 * bl_web_files_find: @path: decoded request path.
 * Returns: (transfer none) (nullable): the file; for a path of the application (no dot in its last part) the index page.
 */
const BlWebFile *bl_web_files_find (const BlWebFiles *files, const char *path);
/** Returns: the smallest form that the Accept-Encoding value @accept (nullable) allows (RFC 9110 section 12.5.3). */
BlWebEncoding bl_web_file_choose (const BlWebFile *file, const char *accept);
/** Returns: the content coding's name for the answer, or %NULL for identity. */
const char *bl_web_encoding_name (BlWebEncoding encoding);
/** Returns: %TRUE when the If-None-Match value @header (nullable) names @etag (RFC 9110 section 13.1.2, weak comparison). */
gboolean bl_web_etag_matches (const char *header, const char *etag);

/**
 * bl_web_with_page_data: the index page with what the server tells this one page, as web/README.md says.
 * @json: the data, one JSON object
 * Returns: (transfer full) (nullable): %NULL when @html has no <head>
 */
GBytes *bl_web_with_page_data (GBytes *html, const char *json);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlWebFiles, bl_web_files_free)

G_END_DECLS
