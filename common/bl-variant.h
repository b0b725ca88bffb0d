// SPDX-License-Identifier: Apache-2.0
/*
 * Reading and changing documents: GVariants of type a{sv}, as bl-json makes them and the store keeps them.
 * Look-ups walk the serialised form and allocate nothing. Documents are immutable; bl_doc_* make new ones and
 * keep key order. Pure; any thread.
 */
#pragma once

#include "common/bl-gv.h"

G_BEGIN_DECLS

/**
 * bl_variant_get_string:
 * @doc: (nullable): a document; NULL counts as empty, as in all functions here
 *
 * Returns: (transfer none) (nullable): the text, valid as long as @doc; NULL when absent or of another type
 */
const char *bl_variant_get_string (GVariant *doc, const char *key);

/** bl_variant_get_int: takes any integer type, and doubles without fraction; otherwise @fallback. */
gint64 bl_variant_get_int (GVariant *doc, const char *key, gint64 fallback);

/** bl_variant_get_bool: booleans only; JavaScript's 0 and 1 are not booleans. */
gboolean bl_variant_get_bool (GVariant *doc, const char *key, gboolean fallback);

/** bl_variant_get_double: takes every number type. */
double bl_variant_get_double (GVariant *doc, const char *key, double fallback);

/**
 * bl_variant_get_child: Returns: (transfer full) (nullable): the value without its variant box; null counts
 * as a value
 */
GVariant *bl_variant_get_child (GVariant *doc, const char *key);

/** bl_variant_get_object: Returns: (transfer full) (nullable): the value when it is an object (a{sv}) */
GVariant *bl_variant_get_object (GVariant *doc, const char *key);

/** bl_variant_get_array: Returns: (transfer full) (nullable): the value when it is an array (av) */
GVariant *bl_variant_get_array (GVariant *doc, const char *key);

/**
 * bl_variant_get_strv: Returns: (transfer full) (nullable): the strings of an array (av or as); NULL if
 * anything else is in it
 */
char **bl_variant_get_strv (GVariant *doc, const char *key);

/** bl_variant_has: TRUE when @key exists, whatever its value. */
gboolean bl_variant_has (GVariant *doc, const char *key);

/** bl_variant_is_null: TRUE for JSON's null (`mv` nothing). */
gboolean bl_variant_is_null (GVariant *value);

/** bl_variant_new_null: Returns: (transfer floating): JSON's null */
GVariant *bl_variant_new_null (void);

/*
 * BlDocBuilder: a document member by member, in its serialised form at once, which costs a fraction of GVariantDict.
 * Every key at most once. Initialise, add, end; nothing else may be left out.
 */
typedef struct
{
  /*< private >*/
  BlGvBuffer out;
  GArray *entries;
} BlDocBuilder;

/** bl_doc_builder_init: @reserve: bytes expected, a hint */
void bl_doc_builder_init (BlDocBuilder *self, gsize reserve);

/** bl_doc_builder_add: @value: (nullable): sunk when floating; NULL is null. Not boxed. */
void bl_doc_builder_add (BlDocBuilder *self, const char *key, GVariant *value);

/** bl_doc_builder_add_string: a NULL @text is null. */
void bl_doc_builder_add_string (BlDocBuilder *self, const char *key, const char *text);
void bl_doc_builder_add_int (BlDocBuilder *self, const char *key, gint64 value);

/** bl_doc_builder_end: Returns: (transfer full): the document, not floating; @self is empty afterwards */
GVariant *bl_doc_builder_end (BlDocBuilder *self);

/** bl_doc_new: Returns: (transfer full): an empty document */
GVariant *bl_doc_new (void);

/**
 * bl_doc_set:
 * @doc: (nullable)
 * @value: (nullable): sunk when floating; NULL stores null. Not boxed.
 *
 * Returns: (transfer full): @doc with @key at its old place, or at the end when new
 */
GVariant *bl_doc_set (GVariant *doc, const char *key, GVariant *value);

/** bl_doc_set_string: as bl_doc_set(); a NULL @text stores null. */
GVariant *bl_doc_set_string (GVariant *doc, const char *key, const char *text);
GVariant *bl_doc_set_int (GVariant *doc, const char *key, gint64 value);
GVariant *bl_doc_set_bool (GVariant *doc, const char *key, gboolean value);

/**
 * bl_doc_remove: Returns: (transfer full): @doc without @key; a new reference to @doc when it was not there
 */
GVariant *bl_doc_remove (GVariant *doc, const char *key);

/**
 * bl_doc_merge: Returns: (transfer full): @doc with every key of @patch set; a null in @patch removes the
 * key
 */
GVariant *bl_doc_merge (GVariant *doc, GVariant *patch);

G_END_DECLS
