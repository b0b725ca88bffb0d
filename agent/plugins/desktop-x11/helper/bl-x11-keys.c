// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-keys.h"

#include <xkbcommon/xkbcommon-keysyms.h>

typedef struct
{
  guint8 vk;
  guint32 symbol;
  guint32 extended; /* when it differs */
} Key;

static const Key keys[] = {
  { 0x08, XKB_KEY_BackSpace, 0 },
  { 0x09, XKB_KEY_Tab, 0 },
  { 0x0C, XKB_KEY_Clear, 0 },
  { 0x0D, XKB_KEY_Return, XKB_KEY_KP_Enter },
  { 0x10, XKB_KEY_Shift_L, XKB_KEY_Shift_R },
  { 0x11, XKB_KEY_Control_L, XKB_KEY_Control_R },
  { 0x12, XKB_KEY_Alt_L, XKB_KEY_ISO_Level3_Shift },
  { 0x13, XKB_KEY_Pause, 0 },
  { 0x14, XKB_KEY_Caps_Lock, 0 },
  { 0x1B, XKB_KEY_Escape, 0 },
  { 0x20, XKB_KEY_space, 0 },
  { 0x21, XKB_KEY_Prior, 0 },
  { 0x22, XKB_KEY_Next, 0 },
  { 0x23, XKB_KEY_End, 0 },
  { 0x24, XKB_KEY_Home, 0 },
  { 0x25, XKB_KEY_Left, 0 },
  { 0x26, XKB_KEY_Up, 0 },
  { 0x27, XKB_KEY_Right, 0 },
  { 0x28, XKB_KEY_Down, 0 },
  { 0x2C, XKB_KEY_Print, 0 },
  { 0x2D, XKB_KEY_Insert, 0 },
  { 0x2E, XKB_KEY_Delete, 0 },
  { 0x5B, XKB_KEY_Super_L, 0 },
  { 0x5C, XKB_KEY_Super_R, 0 },
  { 0x5D, XKB_KEY_Menu, 0 },
  { 0x6A, XKB_KEY_KP_Multiply, 0 },
  { 0x6B, XKB_KEY_KP_Add, 0 },
  { 0x6C, XKB_KEY_KP_Separator, 0 },
  { 0x6D, XKB_KEY_KP_Subtract, 0 },
  { 0x6E, XKB_KEY_KP_Decimal, 0 },
  { 0x6F, XKB_KEY_KP_Divide, 0 },
  { 0x90, XKB_KEY_Num_Lock, 0 },
  { 0x91, XKB_KEY_Scroll_Lock, 0 },
  { 0xA0, XKB_KEY_Shift_L, 0 },
  { 0xA1, XKB_KEY_Shift_R, 0 },
  { 0xA2, XKB_KEY_Control_L, 0 },
  { 0xA3, XKB_KEY_Control_R, 0 },
  { 0xA4, XKB_KEY_Alt_L, 0 },
  { 0xA5, XKB_KEY_ISO_Level3_Shift, 0 },
  { 0xAD, XKB_KEY_XF86AudioMute, 0 },
  { 0xAE, XKB_KEY_XF86AudioLowerVolume, 0 },
  { 0xAF, XKB_KEY_XF86AudioRaiseVolume, 0 },
  { 0xBA, XKB_KEY_semicolon, 0 },
  { 0xBB, XKB_KEY_equal, 0 },
  { 0xBC, XKB_KEY_comma, 0 },
  { 0xBD, XKB_KEY_minus, 0 },
  { 0xBE, XKB_KEY_period, 0 },
  { 0xBF, XKB_KEY_slash, 0 },
  { 0xC0, XKB_KEY_grave, 0 },
  { 0xDB, XKB_KEY_bracketleft, 0 },
  { 0xDC, XKB_KEY_backslash, 0 },
  { 0xDD, XKB_KEY_bracketright, 0 },
  { 0xDE, XKB_KEY_apostrophe, 0 },
  { 0xE2, XKB_KEY_less, 0 },
};

guint32
bl_x11_key_symbol (guint8 vk, gboolean extended)
{
  if (vk >= '0' && vk <= '9')
    return XKB_KEY_0 + (vk - (guint32)'0');
  if (vk >= 'A' && vk <= 'Z')
    return XKB_KEY_a + (vk - (guint32)'A');
  if (vk >= 0x60 && vk <= 0x69)
    return XKB_KEY_KP_0 + (vk - 0x60u);
  if (vk >= 0x70 && vk <= 0x87)
    return XKB_KEY_F1 + (vk - 0x70u);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (keys[i].vk == vk)
        return extended && keys[i].extended != 0 ? keys[i].extended : keys[i].symbol;
    }
  return 0;
}

gboolean
bl_x11_key_is_text (guint8 vk)
{
  return vk == 0x08 || vk == 0x09 || vk == 0x0D || vk == 0x10 || vk == 0x20 || (vk >= 0x21 && vk <= 0x28)
         || vk == 0x2E || (vk >= '0' && vk <= '9') || (vk >= 'A' && vk <= 'Z') || (vk >= 0x60 && vk <= 0x6F)
         || vk == 0xA0 || vk == 0xA1 || (vk >= 0xBA && vk <= 0xC0) || (vk >= 0xDB && vk <= 0xDE)
         || vk == 0xE2;
}
