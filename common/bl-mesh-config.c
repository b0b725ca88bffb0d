// SPDX-License-Identifier: Apache-2.0
/* Follows migration.md section 7 and tactical.md section 3 */
#include "common/bl-mesh-config.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-mesh-config-keys.h"
#include "common/bl-variant.h"

#define MAX_VALUE 2048
#define MAX_ITEMS 64

typedef struct
{
  BlMeshConfig *config;
  const char *place; /* "settings", "domains[\"\"]" */
  const char *name;  /* the key as the file spells it */
} Context;

/* ---- the result
 * --------------------------------------------------------------------------------------------------- */

static void
setting_free (gpointer data)
{
  BlMeshSetting *setting = data;

  g_free (setting->section);
  g_free (setting->key);
  g_free (setting->value);
  g_free (setting);
}

void
bl_mesh_config_free (BlMeshConfig *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->settings);
  g_ptr_array_unref (self->warnings);
  g_ptr_array_unref (self->unknown);
  g_free (self);
}

static BlMeshSetting *
find (const BlMeshConfig *self, const char *section, const char *key)
{
  for (guint i = 0; i < self->settings->len; i++)
    {
      BlMeshSetting *setting = self->settings->pdata[i];

      if (g_str_equal (setting->section, section) && g_str_equal (setting->key, key))
        return setting;
    }
  return NULL;
}

const char *
bl_mesh_config_get (const BlMeshConfig *self, const char *section, const char *key)
{
  const BlMeshSetting *setting = find (self, section, key);

  return setting != NULL ? setting->value : NULL;
}

static BlMeshSetting *
put (BlMeshConfig *self, const char *section, const char *key, const char *value)
{
  BlMeshSetting *setting = find (self, section, key);

  if (setting == NULL)
    {
      setting = g_new0 (BlMeshSetting, 1);
      setting->section = g_strdup (section);
      setting->key = g_strdup (key);
      g_ptr_array_add (self->settings, setting);
    }
  g_free (setting->value);
  setting->value = g_strdup (value);
  return setting;
}

static void
put_int (BlMeshConfig *self, const char *section, const char *key, gint64 value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);

  put (self, section, key, text);
}

/* Adds to a list what is not in it yet. */
static void
put_item (BlMeshConfig *self, const char *section, const char *key, const char *item)
{
  const char *before = bl_mesh_config_get (self, section, key);
  g_autofree char *both = NULL;

  if (before != NULL)
    {
      g_auto (GStrv) items = g_strsplit (before, ", ", -1);

      if (g_strv_contains ((const char *const *)items, item) || g_strv_length (items) >= MAX_ITEMS)
        return;
      both = g_strjoin (", ", before, item, NULL);
    }
  put (self, section, key, both != NULL ? both : item);
}

static void G_GNUC_PRINTF (2, 3) warn (const Context *context, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (context->config->warnings,
                   g_strdup_printf ("%s.%s: %s", context->place, context->name, text));
}

/* ---- values
 * ------------------------------------------------------------------------------------------------------- */

/* Numbers come as such or as text ("5432"). */
static gboolean
read_int (GVariant *value, gint64 *number)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    {
      *number = g_variant_get_int64 (value);
      return TRUE;
    }
  return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
         && g_ascii_string_to_signed (g_variant_get_string (value, NULL), 10, G_MININT64, G_MAXINT64, number,
                                      NULL);
}

/* As the original sees it: 0, false, null and the empty text are false. */
static gboolean
is_true (GVariant *value)
{
  gint64 number;

  if (bl_variant_is_null (value))
    return FALSE;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_variant_get_boolean (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return *g_variant_get_string (value, NULL) != '\0';
  return !read_int (value, &number) || number != 0;
}

/* One line without anything that a settings file would read differently. */
static const char *
read_text (GVariant *value)
{
  const char *text;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return NULL;
  text = g_variant_get_string (value, NULL);
  if (*text == '\0' || strlen (text) > MAX_VALUE)
    return NULL;
  for (const char *p = text; *p != '\0'; p++)
    {
      if ((guchar)*p <= ' ' || *p == '\\' || *p == 0x7f)
        return NULL;
    }
  return text;
}

/* A list: array of texts, or one text with commas. Returns: (transfer full) */
static char **
read_list (GVariant *value)
{
  g_autoptr (GStrvBuilder) items = g_strv_builder_new ();
  g_auto (GStrv) pieces = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    pieces = g_strsplit_set (g_variant_get_string (value, NULL), ", ", MAX_ITEMS * 2);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
    {
      for (gsize i = 0; i < MIN (g_variant_n_children (value), MAX_ITEMS); i++)
        {
          g_autoptr (GVariant) box = g_variant_get_child_value (value, i);
          g_autoptr (GVariant) item = g_variant_get_variant (box);
          const char *text = read_text (item);

          if (text != NULL && strpbrk (text, ",;") == NULL)
            g_strv_builder_add (items, text);
        }
    }
  for (guint i = 0; pieces != NULL && pieces[i] != NULL; i++)
    {
      g_autoptr (GVariant) boxed = g_variant_ref_sink (g_variant_new_string (pieces[i]));

      if (read_text (boxed) != NULL && strchr (pieces[i], ';') == NULL)
        g_strv_builder_add (items, pieces[i]);
    }
  return g_strv_builder_end (items);
}

static void
bad_value (const Context *context, const char *expected)
{
  warn (context, "expected %s; left out", expected);
}

/* ---- single keys
 * -------------------------------------------------------------------------------------------------- */

static void
take_int (const Context *context, const BlMeshKey *key, GVariant *value)
{
  gint64 number, scaled;

  if (!read_int (value, &number) || __builtin_mul_overflow (number, MAX (key->factor, 1), &scaled)
      || scaled < key->minimum || scaled > key->maximum)
    {
      g_autofree char *expected
          = g_strdup_printf ("a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                             key->minimum / MAX (key->factor, 1), key->maximum / MAX (key->factor, 1));

      bad_value (context, expected);
      return;
    }
  put_int (context->config, key->section, key->setting, scaled);
}

static void
take_text (const Context *context, const BlMeshKey *key, GVariant *value)
{
  const char *text = read_text (value);

  if (text != NULL && strlen (text) <= (gsize)key->maximum)
    put (context->config, key->section, key->setting, text);
  else
    bad_value (context, "text without blanks");
}

static void
take_list (const Context *context, const BlMeshKey *key, GVariant *value)
{
  g_auto (GStrv) items = read_list (value);

  if (items[0] == NULL)
    bad_value (context, "a list");
  for (guint i = 0; items[i] != NULL; i++)
    put_item (context->config, key->section, key->setting, items[i]);
}

static void
take_secrets (const Context *context, const BlMeshKey *key, GVariant *value)
{
  BlMeshSetting *setting;

  take_list (context, key, value);
  setting = find (context->config, key->section, key->setting);
  if (setting != NULL)
    setting->secret = TRUE;
}

static void
take_bool (const Context *context, const BlMeshKey *key, GVariant *value)
{
  if (is_true (value))
    put (context->config, key->section, key->setting, "true");
}

/* True is everybody; MeshCentral also takes a list of accounts. */
static void
take_people (const Context *context, const BlMeshKey *key, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
    {
      if (g_variant_n_children (value) > 0)
        warn (context, "not for some accounts only; inter-user-messages of module control lets all");
    }
  else if (is_true (value))
    put (context->config, "module control", "inter-user-messages", "true");
}

/* A text that a settings file gives back as it was. Returns: (nullable) */
static const char *
read_line (GVariant *value)
{
  const char *text = g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_get_string (value, NULL) : "";
  gsize length = strlen (text);

  if (length == 0 || length > MAX_VALUE || text[0] == ' ' || text[length - 1] == ' ')
    return NULL;
  for (const char *p = text; *p != '\0'; p++)
    {
      if ((guchar)*p < ' ' || *p == '\\' || *p == 0x7f)
        return NULL;
    }
  return text;
}

/* "#a0b1c2" is "160,177,194" in the settings of agents. Returns: (transfer full) */
static char *
color_of (const char *text)
{
  guint8 parts[3];

  if (text[0] == '#' && strlen (text) == 7 && bl_hex_decode (text + 1, 6, parts, sizeof parts))
    return g_strdup_printf ("%u,%u,%u", parts[0], parts[1], parts[2]);
  return g_strdup (text);
}

static void
take_customization (const Context *context, const BlMeshKey *key, GVariant *value)
{
  static const char *const names[][2]
      = { { "displayname", "agent-display-name" },   { "description", "agent-description" },
          { "companyname", "agent-company-name" },   { "servicename", "agent-service-name" },
          { "filename", "agent-file-name" },         { "foregroundcolor", "agent-foreground" },
          { "backgroundcolor", "agent-background" }, { "image", NULL },
          { "installtext", NULL } };
  GVariantIter iter;
  const char *name;
  GVariant *member;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    {
      bad_value (context, "an object");
      return;
    }
  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &member))
    {
      g_autoptr (GVariant) owned = member;
      const char *text = read_line (member);
      guint i = 0;

      while (i < G_N_ELEMENTS (names) && g_ascii_strcasecmp (names[i][0], name) != 0)
        i++;
      if (i < G_N_ELEMENTS (names) && names[i][1] != NULL && text != NULL)
        {
          g_autofree char *plain = color_of (text);

          put (context->config, "module agents", names[i][1], plain);
        }
      else if (*name != '_')
        warn (context, "\"%.60s\" is left out", name);
    }
}

/* An address or network that trusted-proxies takes; names would have to be resolved, which this does not do.
 */
static gboolean
is_address (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", 2);
  guint64 bits;

  return g_hostname_is_ip_address (parts[0])
         && (parts[1] == NULL
             || g_ascii_string_to_unsigned (parts[1], 10, 0, strchr (text, ':') != NULL ? 128 : 32, &bits,
                                            NULL));
}

static void
take_proxies (const Context *context, GVariant *value)
{
  g_auto (GStrv) items = read_list (value);

  for (guint i = 0; items[i] != NULL; i++)
    {
      if (g_str_equal (items[i], "localhost"))
        put_item (context->config, "server", "trusted-proxies", "127.0.0.1");
      else if (is_address (items[i]))
        put_item (context->config, "server", "trusted-proxies", items[i]);
      else
        warn (context, "\"%.60s\" is no address or network; set trusted-proxies by hand", items[i]);
    }
}

static void
take_offload (const Context *context, const BlMeshKey *key, GVariant *value)
{
  if (!is_true (value))
    return;
  put (context->config, "server", "tls-offload", "true");
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    {
      take_proxies (context, value);
      return;
    }
  put_item (context->config, "server", "trusted-proxies", "127.0.0.1");
  put_item (context->config, "server", "trusted-proxies", "::1");
  warn (context,
        "true would believe forwarding headers of everybody; only a proxy on this machine is trusted");
}

static void
take_trusted (const Context *context, const BlMeshKey *key, GVariant *value)
{
  if (is_true (value))
    take_proxies (context, value);
}

/* What framing means depends on "cert", so it is finished at the end. */
static void
take_framing (const Context *context, const BlMeshKey *key, GVariant *value)
{
  g_auto (GStrv) items = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) || !is_true (value))
    return;
  items = read_list (value);
  for (guint i = 0; items[i] != NULL; i++)
    {
      const char *host = g_str_has_prefix (items[i], "https://") ? items[i] + strlen ("https://") : "/";

      if (*host != '\0' && strpbrk (host, "/?#@*'\"") == NULL)
        put_item (context->config, "server", "allow-framing", items[i]);
      else
        warn (context, "\"%.60s\" is no origin such as https://rmm.example.com; left out", items[i]);
    }
}

static void
finish_framing (const Context *context, GVariant *value)
{
  const char *name = bl_mesh_config_get (context->config, "server", "name");
  const char *dot = name != NULL ? strchr (name, '.') : NULL;
  g_autofree char *origin = NULL;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) || !g_variant_get_boolean (value))
    return;
  if (dot == NULL || strchr (dot + 1, '.') == NULL || g_hostname_is_ip_address (name)
      || strpbrk (name, "/?#@*'\":") != NULL)
    {
      warn (context, "true would let every page frame this one; name the pages in allow-framing");
      return;
    }
  origin = g_strconcat ("https://rmm", dot, NULL);
  put (context->config, "server", "allow-framing", origin);
  warn (context, "true would let every page frame this one; only %s may, until allow-framing says otherwise",
        origin);
}

static void
take_cert_url (const Context *context, const BlMeshKey *key, GVariant *value)
{
  const char *text = read_text (value);

  if (text != NULL && g_str_has_prefix (text, "https://"))
    put (context->config, "server", "cert-url", text);
  else if (text != NULL && g_str_has_prefix (text, "file://"))
    warn (context, "a certificate in a file is not read; list its hash in accepted-web-hashes");
  else
    bad_value (context, "an address such as https://mesh.example.com:443/");
}

static void
take_invalid_login (const Context *context, const BlMeshKey *key, GVariant *value)
{
  static const struct
  {
    const char *name;
    const char *setting;
    gint64 factor, maximum;
  } parts[] = {
    { "count", "address-failures", 1, 1000 },
    { "time", "address-window", 60, 86400 },
    { "coolofftime", "address-max-wait", 60, 86400 },
  };

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    {
      if (!is_true (value))
        warn (context, "failed logins are always limited");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      gint64 number = bl_variant_get_int (value, parts[i].name, 0);

      if (number > 0 && number <= parts[i].maximum / parts[i].factor)
        put_int (context->config, "module auth", parts[i].setting, number * parts[i].factor);
      else if (bl_variant_has (value, parts[i].name))
        warn (context, "%s is out of range; left out", parts[i].name);
    }
  if (bl_variant_has (value, "exclude"))
    warn (context, "exclude is not offered; addresses of this machine are never held up");
}

static void
take_ip_check (const Context *context, const BlMeshKey *key, GVariant *value)
{
  const char *text = read_text (value);

  if (text == NULL)
    text = is_true (value) ? "lax" : "none";
  if (g_str_equal (text, "none") || g_str_equal (text, "lax") || g_str_equal (text, "strict"))
    put (context->config, "module auth", "cookie-ip-check", text);
  else
    bad_value (context, "none, lax or strict");
}

static void
take_cookie_key (const Context *context, const BlMeshKey *key, GVariant *value)
{
  const char *text = read_text (value);

  if (text != NULL && strlen (text) == 160 && strspn (text, "0123456789abcdefABCDEF") == 160)
    put (context->config, "module auth", "login-cookie-key", text)->secret = TRUE;
  else
    bad_value (context, "160 hex digits");
}

static void
take_expire (const Context *context, const BlMeshKey *key, GVariant *value)
{
  gint64 seconds;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return;
  seconds = bl_variant_get_int (value, "events", 0);
  if (seconds > 0 && seconds / 86400 <= 36500)
    put_int (context->config, "module db-sqlite", "event-days", MAX (1, (seconds + 86399) / 86400));
  if (bl_variant_has (value, "powerevents") || bl_variant_has (value, "statsevents"))
    warn (context, "only the age of events can be set");
}

/* ---- sections
 * ----------------------------------------------------------------------------------------------------- */

static void
take (const Context *context, const BlMeshKey *key, GVariant *value)
{
  static void (*const functions[]) (const Context *, const BlMeshKey *, GVariant *) = {
    [BL_MESH_KEY_INT] = take_int,           [BL_MESH_KEY_TEXT] = take_text,
    [BL_MESH_KEY_LIST] = take_list,         [BL_MESH_KEY_OFFLOAD] = take_offload,
    [BL_MESH_KEY_TRUSTED] = take_trusted,   [BL_MESH_KEY_FRAMING] = take_framing,
    [BL_MESH_KEY_CERT_URL] = take_cert_url, [BL_MESH_KEY_INVALID_LOGIN] = take_invalid_login,
    [BL_MESH_KEY_IP_CHECK] = take_ip_check, [BL_MESH_KEY_COOKIE_KEY] = take_cookie_key,
    [BL_MESH_KEY_EXPIRE] = take_expire,     [BL_MESH_KEY_SECRETS] = take_secrets,
    [BL_MESH_KEY_BOOL] = take_bool,         [BL_MESH_KEY_PEOPLE] = take_people,
    [BL_MESH_KEY_CUSTOMIZATION] = take_customization,
  };

  if (key->rule < G_N_ELEMENTS (functions) && functions[key->rule] != NULL)
    functions[key->rule](context, key, value);
  else if (key->rule == BL_MESH_KEY_WARN_SET || (key->rule == BL_MESH_KEY_WARN_TRUE && is_true (value))
           || (key->rule == BL_MESH_KEY_WARN_FALSE && !is_true (value)))
    warn (context, "%s", key->note);
}

static void
walk (BlMeshConfig *config, const char *place, GVariant *section, const BlMeshKey *keys)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;
  guint n = 0;

  g_variant_iter_init (&iter, section);
  while (n++ < BL_MESH_CONFIG_MAX_KEYS && g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned = value;
      const Context context = { config, place, name };
      const BlMeshKey *key = keys;

      if (*name == '_')
        continue;
      while (key->name != NULL && g_ascii_strcasecmp (key->name, name) != 0)
        key++;
      if (key->name != NULL)
        take (&context, key, value);
      else
        g_ptr_array_add (config->unknown, g_strdup_printf ("%s.%s", place, name));
    }
}

/* Returns: (transfer full) (nullable): the value of @name, spelt in any case */
static GVariant *
get_any_case (GVariant *object, const char *name, const char **spelt)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, object);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      if (g_ascii_strcasecmp (key, name) == 0)
        {
          if (spelt != NULL)
            *spelt = key;
          return value;
        }
      g_variant_unref (value);
    }
  return NULL;
}

static void
walk_domains (BlMeshConfig *config, GVariant *domains)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;
  guint n = 0;

  g_variant_iter_init (&iter, domains);
  while (n++ < BL_MESH_CONFIG_MAX_KEYS && g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned = value;
      const Context context = { config, "domains", name };

      if (*name == '_')
        continue;
      if (*name != '\0')
        warn (&context, "only the default domain \"\" is offered");
      else if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
        walk (config, "domains[\"\"]", value, bl_mesh_config_domain_keys);
    }
}

static void
walk_top (BlMeshConfig *config, GVariant *root)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;
  guint n = 0;

  g_variant_iter_init (&iter, root);
  while (n++ < BL_MESH_CONFIG_MAX_KEYS && g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned = value;
      const gboolean object = g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT);

      if (*name == '_' || *name == '$')
        continue;
      if (g_ascii_strcasecmp (name, "settings") == 0 && object)
        walk (config, "settings", value, bl_mesh_config_settings_keys);
      else if (g_ascii_strcasecmp (name, "domains") == 0 && object)
        walk_domains (config, value);
      else if (bl_mesh_config_top_is_known (name))
        g_ptr_array_add (config->warnings, g_strdup_printf ("%s: not taken over; see bowline.conf(5)", name));
      else
        g_ptr_array_add (config->unknown, g_strdup (name));
    }
}

static void
finish (BlMeshConfig *config, GVariant *root)
{
  g_autoptr (GVariant) settings = get_any_case (root, "settings", NULL);
  g_autoptr (GVariant) framing = NULL;
  const char *name = NULL;

  if (settings == NULL || !g_variant_is_of_type (settings, G_VARIANT_TYPE_VARDICT))
    return;
  framing = get_any_case (settings, "allowFraming", &name);
  if (framing != NULL)
    finish_framing (&(Context){ config, "settings", name }, framing);
}

BlMeshConfig *
bl_mesh_config_translate (const char *text, gsize len, GError **error)
{
  static const BlJsonLimits limits = { .max_bytes = BL_MESH_CONFIG_MAX };
  const gboolean marked = len >= 3 && memcmp (text, "\xEF\xBB\xBF", 3) == 0;
  g_autoptr (GVariant) root = bl_json_parse_object (text + (marked ? 3 : 0), len - (marked ? 3 : 0), &limits,
                                                    BL_JSON_DEFAULT, error);
  g_autoptr (BlMeshConfig) self = NULL;

  if (root == NULL)
    return NULL;
  self = g_new0 (BlMeshConfig, 1);
  self->settings = g_ptr_array_new_with_free_func (setting_free);
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  self->unknown = g_ptr_array_new_with_free_func (g_free);
  walk_top (self, root);
  finish (self, root);
  return g_steal_pointer (&self);
}

char *
bl_mesh_config_to_conf (const BlMeshConfig *self)
{
  GString *out = g_string_new (NULL);
  g_autoptr (GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->settings->len; i++)
    {
      const BlMeshSetting *first = self->settings->pdata[i];

      if (!g_hash_table_add (done, first->section))
        continue;
      g_string_append_printf (out, "%s[%s]\n", out->len > 0 ? "\n" : "", first->section);
      for (guint j = i; j < self->settings->len; j++)
        {
          const BlMeshSetting *setting = self->settings->pdata[j];

          if (g_str_equal (setting->section, first->section))
            g_string_append_printf (out, "%s=%s\n", setting->key, setting->value);
        }
    }
  return g_string_free (out, FALSE);
}
