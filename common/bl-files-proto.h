// SPDX-License-Identifier: Apache-2.0
/*
 * The files protocol, tunnel protocol 5 (relay-tunnel.md section 5): requests into a checked struct, answers,
 * upload blocks and download blocks. Names never hold a separator and are never `.` or `..` (K8); what a path
 * may reach is the caller's business. Pure; any thread.
 */
#pragma once

#include <glib.h>
#include "common/bl-limits.h"

G_BEGIN_DECLS

typedef enum
{
  BL_FILES_BLOCK,   /* upload data */
  BL_FILES_CONTROL, /* has ctrlChannel: give it to bl-tunnel */
  BL_FILES_LS,
  BL_FILES_MKDIR,
  BL_FILES_RM,
  BL_FILES_RENAME,
  BL_FILES_COPY,
  BL_FILES_MOVE,
  BL_FILES_FINDFILE,
  BL_FILES_CANCELFINDFILE,
  BL_FILES_ZIP,
  BL_FILES_UNZIP,
  BL_FILES_CANCEL,
  BL_FILES_OPEN,
  BL_FILES_MARKCOREDUMP,
  BL_FILES_UPLOAD,
  BL_FILES_UPLOADDONE,
  BL_FILES_UPLOADCANCEL,
  BL_FILES_UPLOADHASH,
  BL_FILES_DOWNLOAD_START,
  BL_FILES_DOWNLOAD_STARTACK,
  BL_FILES_DOWNLOAD_ACK,
  BL_FILES_DOWNLOAD_STOP,
} BlFilesOp;

/**
 * BlFilesRequest:
 * @path: ls, mkdir, rm, rename, findfile, zip, open, upload, uploadhash, download start; source directory
 * (`scpath`) of copy and move; archive (`input`) of unzip. Absolute: a missing leading '/' was added. An
 * empty path became "/".
 * @target: copy and move `dspath`, unzip `dest`
 * @name: upload, uploadhash, rename `oldname`, zip `output`
 * @new_name: rename
 * @names: rm, copy, move, zip; download start, then optional: these of @path as a zip archive, for viewers that know it.
 * NULL-terminated
 * @offset: download start: byte to begin with, 0 when not given, never negative. Ours; the answer repeats it when it is obeyed
 * @filter: findfile
 * @ask: download start with "ask" instead of a path, e.g. "coredump"
 * @size: upload; -1 when not given
 * @ack: download startack; 8 when not given
 * @block_size: download startack: data bytes of a full block; %BL_FILES_DOWNLOAD_BLOCK when not given, never less, at most
 * %BL_FILES_MAX_DOWNLOAD_BLOCK. Ours: the protocol knows one size, and a viewer that names none gets that.
 * @reqid: (nullable): as sent, to be repeated in answers; text or number
 * @id: (nullable): download id, as sent
 * @tag: (nullable): uploadhash, as sent
 * @message: (nullable): the whole object, for %BL_FILES_CONTROL
 * @block: %BL_FILES_BLOCK: data after unescaping, borrowed from the input
 */
typedef struct
{
  BlFilesOp op;
  char *path;
  char *target;
  char *name;
  char *new_name;
  char *filter;
  char *ask;
  char **names;
  gint64 size;
  gint64 offset;
  guint ack;
  guint block_size;
  gboolean append;
  gboolean recursive;
  GVariant *reqid;
  GVariant *id;
  GVariant *tag;
  GVariant *message;
  const guint8 *block;
  gsize block_len;
} BlFilesRequest;

/**
 * bl_files_request_parse:
 * @request: (out caller-allocated): clear it with bl_files_request_clear() when TRUE was returned
 *
 * Data whose first byte is '{' is JSON, everything else an upload block, whatever the frame's type.
 *
 * Returns: FALSE with %BL_ERROR_UNKNOWN for an unknown action; %BL_ERROR_INVALID, %BL_ERROR_TOO_LARGE
 * otherwise
 */
gboolean bl_files_request_parse (const guint8 *data, gsize len, BlFilesRequest *request, GError **error);
void bl_files_request_clear (BlFilesRequest *request);

/**
 * bl_files_name_is_valid: one path component: not empty, `.` or `..`, no '/' or NUL, at most 255 bytes of
 * UTF-8.
 */
gboolean bl_files_name_is_valid (const char *name);

/**
 * bl_files_block_escape: appends @data to @out as an upload block, with the leading 0x00 where it is
 * needed.
 */
void bl_files_block_escape (GByteArray *out, gconstpointer data, gsize len);

/**
 * bl_files_block_unescape: Returns: (transfer none): the data of a block; @out_len may be one less than
 * @len
 */
const guint8 *bl_files_block_unescape (const guint8 *data, gsize len, gsize *out_len);

#define BL_FILES_DOWNLOAD_HEADER 4

/** bl_files_download_header: writes the four bytes in front of a block's data. */
void bl_files_download_header (guint8 out[BL_FILES_DOWNLOAD_HEADER], gboolean last);

/** bl_files_download_parse: FALSE when @data is no download block. @block borrows from @data. */
gboolean bl_files_download_parse (
    const guint8 *data, gsize len, gboolean *last, const guint8 **block, gsize *block_len);

/* --- answers: (transfer full) JSON text --- */

typedef enum
{
  BL_FILES_ENTRY_DRIVE = 1,
  BL_FILES_ENTRY_DIRECTORY = 2,
  BL_FILES_ENTRY_FILE = 3,
} BlFilesEntryType;

/* A directory listing under construction; writes JSON as entries come. */
typedef struct _BlFilesListing BlFilesListing;
BlFilesListing *bl_files_listing_new (const char *path, GVariant *reqid);
/**
 * bl_files_listing_add: @name in any encoding (bad bytes become U+FFFD); @mtime seconds since 1970; @target (nullable): of a
 * symbolic link, for viewers that know it (`l`).
 */
void bl_files_listing_add (
    BlFilesListing *self, const char *name, BlFilesEntryType type, guint64 size, gint64 mtime, const char *target);
/** bl_files_listing_end: Returns: (transfer full): the answer; frees @self */
char *bl_files_listing_end (BlFilesListing *self);
void bl_files_listing_free (BlFilesListing *self);

/** bl_files_answer_unreadable: answer to `ls` with `dir` null. */
char *bl_files_answer_unreadable (const char *path, GVariant *reqid);
/** bl_files_answer: `{action, reqid}`, e.g. uploadstart, uploadack, uploaddone, uploaderror, uploadcancel. */
char *bl_files_answer (const char *action, GVariant *reqid);
/** bl_files_answer_found: one result of findfile, relative; @path NULL ends the search. */
char *bl_files_answer_found (const char *path, GVariant *reqid);
/** bl_files_answer_uploadhash: @hash 48 bytes, or NULL when there is no such file. */
char *bl_files_answer_uploadhash (const BlFilesRequest *request, const guint8 *hash);
/** bl_files_answer_download_start: @offset: where it begins. A text frame, unlike the other answers. */
char *bl_files_answer_download_start (GVariant *id, gint64 offset);
/** bl_files_answer_download: @sub is "cancel". A text frame too. */
char *bl_files_answer_download (const char *sub, GVariant *id);
/**
 * bl_files_answer_dialog: `dialogmessage`: @msg zipping, zippingFile, unzipping, unziperror or NULL; rest
 * nullable.
 */
char *bl_files_answer_dialog (const char *msg, const char *file, const char *problem);
/** bl_files_answer_refresh: `{"action":"refresh"}` */
char *bl_files_answer_refresh (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlFilesListing, bl_files_listing_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlFilesRequest, bl_files_request_clear)

G_END_DECLS
