// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-virtual.h"

#include "bl-inventory-text.h"

#include <string.h>

typedef struct
{
  const char *start; // of what the firmware or the kernel says
  const char *name;
} Name;

static const char *
find_name (const Name *names, guint n, const char *text)
{
  for (guint i = 0; text != NULL && i < n; i++)
    if (g_str_has_prefix (text, names[i].start))
      return names[i].name;
  return NULL;
}

// What runs the container says so in a file of its own; older ones in the environment of its first process.
static char *
find_container (const char *root)
{
  static const Name names[] = {
    { "docker", "Docker" }, { "podman", "Podman" },         { "lxc-libvirt", "LXC (libvirt)" }, { "lxc", "LXC" },
    { "rkt", "rkt" },       { "systemd-nspawn", "systemd-nspawn" }, { "wsl", "WSL" },           { "oci", "OCI" },
  };
  g_autofree char *docker = g_strconcat (root, "/.dockerenv", NULL);
  g_autofree char *podman = g_strconcat (root, "/run/.containerenv", NULL);
  g_autofree char *said = bl_inventory_read_text (root, "/run/systemd/container");
  g_autofree char *release = bl_inventory_read_text (root, "/proc/sys/kernel/osrelease");
  g_autofree char *full = g_strconcat (root, "/proc/1/environ", NULL);
  g_autofree char *environment = NULL;
  gsize length = 0;
  if (said == NULL && g_file_get_contents (full, &environment, &length, NULL))
    for (gsize at = 0; at < length; at += strlen (environment + at) + 1)
      if (g_str_has_prefix (environment + at, "container="))
        {
          said = g_utf8_make_valid (environment + at + strlen ("container="), -1);
          break;
        }
  if (said != NULL && said[0] != '\0')
    {
      const char *known = find_name (names, G_N_ELEMENTS (names), said);
      return g_strdup (known != NULL ? known : said);
    }
  if (g_file_test (podman, G_FILE_TEST_EXISTS))
    return g_strdup ("Podman");
  if (g_file_test (docker, G_FILE_TEST_EXISTS))
    return g_strdup ("Docker");
  if (release != NULL && (strstr (release, "microsoft") != NULL || strstr (release, "Microsoft") != NULL))
    return g_strdup ("WSL");
  return NULL;
}

static const char *
find_firmware (const char *root)
{
  static const char *const files[] = { "product_name", "sys_vendor", "board_vendor", "bios_vendor" };
  static const Name names[] = {
    { "KVM", "KVM" },
    { "OpenStack", "KVM" },
    { "KubeVirt", "KVM" },
    { "Amazon EC2", "Amazon EC2" },
    { "Google Compute Engine", "Google Compute Engine" },
    { "QEMU", "QEMU" },
    { "VMware", "VMware" },
    { "VMW", "VMware" },
    { "VirtualBox", "VirtualBox" },
    { "innotek GmbH", "VirtualBox" },
    { "Xen", "Xen" },
    { "Bochs", "Bochs" },
    { "Parallels", "Parallels" },
    { "BHYVE", "bhyve" },
    { "Hyper-V", "Hyper-V" },
    { "Apple Virtualization", "Apple Virtualization" },
  };
  // Microsoft makes computers as well; only this product is none.
  g_autofree char *vendor = bl_inventory_read_text (root, "/sys/class/dmi/id/sys_vendor");
  g_autofree char *product = bl_inventory_read_text (root, "/sys/class/dmi/id/product_name");
  if (g_strcmp0 (vendor, "Microsoft Corporation") == 0 && g_strcmp0 (product, "Virtual Machine") == 0)
    return "Hyper-V";
  // Amazon's machines without a hypervisor have the same vendor.
  if (product != NULL && strstr (product, ".metal") != NULL)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_strconcat ("/sys/class/dmi/id/", files[i], NULL);
      g_autofree char *text = bl_inventory_read_text (root, path);
      const char *name = find_name (names, G_N_ELEMENTS (names), text);
      if (name != NULL)
        return name;
    }
  return NULL;
}

static gboolean
has_word (const char *line, const char *word)
{
  g_auto (GStrv) words = line != NULL ? g_strsplit (line, " ", 1024) : NULL;
  return words != NULL && g_strv_contains ((const char *const *)words, word);
}

static const char *
find_machine (const char *root)
{
  static const Name kinds[] = { { "linux,kvm", "KVM" }, { "xen", "Xen" }, { "vmware", "VMware" } };
  static const Name makers[] = { { "KVM", "KVM" }, { "IBM", "PR/SM" } };
  g_autofree char *xen = bl_inventory_read_text (root, "/proc/xen/capabilities");
  if (xen != NULL && strstr (xen, "control_d") != NULL)
    return NULL; // it is the one that runs the others
  const char *name = find_firmware (root);
  if (name != NULL)
    return name;
  g_autofree char *type = bl_inventory_read_text (root, "/sys/hypervisor/type");
  if (g_strcmp0 (type, "xen") == 0)
    return "Xen";
  g_autofree char *tree = bl_inventory_read_text (root, "/proc/device-tree/hypervisor/compatible");
  if (tree != NULL)
    return (name = find_name (kinds, G_N_ELEMENTS (kinds), tree)) != NULL ? name : "?";
  g_autofree char *cpuinfo = bl_inventory_read_text (root, "/proc/cpuinfo");
  g_autofree char *flags = bl_inventory_find_line (cpuinfo, "flags");
  g_autofree char *sysinfo = bl_inventory_read_text (root, "/proc/sysinfo");
  g_autofree char *control = bl_inventory_find_line (sysinfo, "VM00 Control Program");
  if (control != NULL)
    return (name = find_name (makers, G_N_ELEMENTS (makers), control)) != NULL ? name : "z/VM";
  return has_word (flags, "hypervisor") ? "?" : NULL;
}

GVariant *
bl_inventory_virtual (const char *root)
{
  g_autofree char *container = find_container (root);
  const char *machine = container == NULL ? find_machine (root) : NULL;
  GVariantBuilder builder;
  if (container == NULL && machine == NULL)
    return NULL;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  bl_inventory_add_text (&builder, "Type", container != NULL ? "container" : "vm");
  if (container != NULL || !g_str_equal (machine, "?"))
    bl_inventory_add_text (&builder, "Name", container != NULL ? container : machine);
  return g_variant_builder_end (&builder);
}
