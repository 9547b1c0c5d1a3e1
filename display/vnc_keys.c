/* SPDX-License-Identifier: MIT */
#include "display/vnc_keys.h"

#include <ctype.h>
#include <linux/input-event-codes.h>
#include <rfb/keysym.h>
#include <string.h>

#include "vmm/base/compiler.h"

/* --- characters --- */

/* Keys that lie side by side on a US board have consecutive codes. */
static const struct row {
	uint16_t first;
	const char *plain, *shifted;
} rows[] = {
	{ KEY_1, "1234567890-=", "!@#$%^&*()_+" },
	{ KEY_Q, "qwertyuiop[]", "QWERTYUIOP{}" },
	{ KEY_A, "asdfghjkl;'`", "ASDFGHJKL:\"~" },
	{ KEY_BACKSLASH, "\\zxcvbnm,./", "|ZXCVBNM<>?" },
	{ KEY_SPACE, " ", " " },
};

static bool find_character(int character, struct vnc_key *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *plain = strchr(rows[i].plain, character);
		const char *shifted = strchr(rows[i].shifted, character);

		if (plain || shifted) {
			ptrdiff_t place = plain ? plain - rows[i].plain : shifted - rows[i].shifted;

			*out = (struct vnc_key){ .code = (uint16_t)(rows[i].first + place),
						 .is_character = true,
						 .is_letter = isalpha(character) != 0,
						 .shift = !plain };
			return true;
		}
	}
	return false;
}

/* --- other keys --- */

/* What multimedia keys are called, which the library's header leaves out. */
#define XF86_LOWER_VOLUME 0x1008ff11u
#define XF86_MUTE	  0x1008ff12u
#define XF86_RAISE_VOLUME 0x1008ff13u
#define XF86_PLAY	  0x1008ff14u
#define XF86_STOP	  0x1008ff15u
#define XF86_PREVIOUS	  0x1008ff16u
#define XF86_NEXT	  0x1008ff17u
#define XF86_HOME_PAGE	  0x1008ff18u
#define XF86_MAIL	  0x1008ff19u
#define XF86_SEARCH	  0x1008ff1bu
#define XF86_CALCULATOR	  0x1008ff1du
#define XF86_BACK	  0x1008ff26u
#define XF86_FORWARD	  0x1008ff27u
#define XF86_POWER	  0x1008ff2au
#define XF86_SLEEP	  0x1008ff2fu

static const struct {
	uint32_t keysym;
	uint16_t code;
} other_keys[] = {
	{ XK_BackSpace, KEY_BACKSPACE },
	{ XK_Tab, KEY_TAB },
	{ XK_ISO_Left_Tab, KEY_TAB },
	{ XK_Return, KEY_ENTER },
	{ XK_Linefeed, KEY_ENTER },
	{ XK_Escape, KEY_ESC },
	{ XK_Delete, KEY_DELETE },
	{ XK_Insert, KEY_INSERT },
	{ XK_Home, KEY_HOME },
	{ XK_End, KEY_END },
	{ XK_Page_Up, KEY_PAGEUP },
	{ XK_Page_Down, KEY_PAGEDOWN },
	{ XK_Left, KEY_LEFT },
	{ XK_Right, KEY_RIGHT },
	{ XK_Up, KEY_UP },
	{ XK_Down, KEY_DOWN },
	{ XK_Shift_L, KEY_LEFTSHIFT },
	{ XK_Shift_R, KEY_RIGHTSHIFT },
	{ XK_Control_L, KEY_LEFTCTRL },
	{ XK_Control_R, KEY_RIGHTCTRL },
	{ XK_Alt_L, KEY_LEFTALT },
	{ XK_Alt_R, KEY_RIGHTALT },
	{ XK_ISO_Level3_Shift, KEY_RIGHTALT },
	{ XK_Mode_switch, KEY_RIGHTALT },
	{ XK_Meta_L, KEY_LEFTALT },
	{ XK_Meta_R, KEY_RIGHTALT },
	{ XK_Super_L, KEY_LEFTMETA },
	{ XK_Super_R, KEY_RIGHTMETA },
	{ XK_Hyper_L, KEY_LEFTMETA },
	{ XK_Hyper_R, KEY_RIGHTMETA },
	{ XK_Menu, KEY_COMPOSE },
	{ XK_Caps_Lock, KEY_CAPSLOCK },
	{ XK_Num_Lock, KEY_NUMLOCK },
	{ XK_Scroll_Lock, KEY_SCROLLLOCK },
	{ XK_Print, KEY_SYSRQ },
	{ XK_Sys_Req, KEY_SYSRQ },
	{ XK_Pause, KEY_PAUSE },
	{ XK_Break, KEY_PAUSE },
	{ XK_KP_Enter, KEY_KPENTER },
	{ XK_KP_Divide, KEY_KPSLASH },
	{ XK_KP_Multiply, KEY_KPASTERISK },
	{ XK_KP_Subtract, KEY_KPMINUS },
	{ XK_KP_Add, KEY_KPPLUS },
	{ XK_KP_Decimal, KEY_KPDOT },
	{ XK_KP_Separator, KEY_KPCOMMA },
	{ XK_KP_Equal, KEY_KPEQUAL },
	{ XK_KP_Delete, KEY_KPDOT },
	{ XK_KP_0, KEY_KP0 },
	{ XK_KP_Insert, KEY_KP0 },
	{ XK_KP_1, KEY_KP1 },
	{ XK_KP_End, KEY_KP1 },
	{ XK_KP_2, KEY_KP2 },
	{ XK_KP_Down, KEY_KP2 },
	{ XK_KP_3, KEY_KP3 },
	{ XK_KP_Page_Down, KEY_KP3 },
	{ XK_KP_4, KEY_KP4 },
	{ XK_KP_Left, KEY_KP4 },
	{ XK_KP_5, KEY_KP5 },
	{ XK_KP_Begin, KEY_KP5 },
	{ XK_KP_6, KEY_KP6 },
	{ XK_KP_Right, KEY_KP6 },
	{ XK_KP_7, KEY_KP7 },
	{ XK_KP_Home, KEY_KP7 },
	{ XK_KP_8, KEY_KP8 },
	{ XK_KP_Up, KEY_KP8 },
	{ XK_KP_9, KEY_KP9 },
	{ XK_KP_Page_Up, KEY_KP9 },
	{ XK_F11, KEY_F11 },
	{ XK_F12, KEY_F12 },
	{ XF86_LOWER_VOLUME, KEY_VOLUMEDOWN },
	{ XF86_MUTE, KEY_MUTE },
	{ XF86_RAISE_VOLUME, KEY_VOLUMEUP },
	{ XF86_PLAY, KEY_PLAYPAUSE },
	{ XF86_STOP, KEY_STOPCD },
	{ XF86_PREVIOUS, KEY_PREVIOUSSONG },
	{ XF86_NEXT, KEY_NEXTSONG },
	{ XF86_HOME_PAGE, KEY_HOMEPAGE },
	{ XF86_MAIL, KEY_MAIL },
	{ XF86_SEARCH, KEY_SEARCH },
	{ XF86_CALCULATOR, KEY_CALC },
	{ XF86_BACK, KEY_BACK },
	{ XF86_FORWARD, KEY_FORWARD },
	{ XF86_POWER, KEY_POWER },
	{ XF86_SLEEP, KEY_SLEEP },
};

bool vnc_key_from_keysym(uint32_t keysym, struct vnc_key *out)
{
	if (keysym >= XK_space && keysym <= XK_asciitilde) {
		return find_character((int)keysym, out);
	}
	if (keysym >= XK_F1 && keysym <= XK_F10) {
		*out = (struct vnc_key){ .code = (uint16_t)(KEY_F1 + (keysym - XK_F1)) };
		return true;
	}
	if (keysym >= XK_F13 && keysym <= XK_F24) {
		*out = (struct vnc_key){ .code = (uint16_t)(KEY_F13 + (keysym - XK_F13)) };
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(other_keys); i++) {
		if (other_keys[i].keysym == keysym) {
			*out = (struct vnc_key){ .code = other_keys[i].code };
			return true;
		}
	}
	return false;
}

/* --- scan codes --- */

/* Where they are not the KEY_ codes themselves, which Linux took from the board's first set. */
static const uint16_t scancodes[256] = {
	[0x54] = KEY_SYSRQ,	 [0x59] = KEY_KPEQUAL,	    [0x5d] = KEY_F13,
	[0x5e] = KEY_F14,	 [0x5f] = KEY_F15,	    [0x70] = KEY_KATAKANAHIRAGANA,
	[0x71] = KEY_HANJA,	 [0x72] = KEY_HANGEUL,	    [0x73] = KEY_RO,
	[0x79] = KEY_HENKAN,	 [0x7b] = KEY_MUHENKAN,	    [0x7d] = KEY_YEN,
	[0x7e] = KEY_KPCOMMA,	 [0x90] = KEY_PREVIOUSSONG, [0x99] = KEY_NEXTSONG,
	[0x9c] = KEY_KPENTER,	 [0x9d] = KEY_RIGHTCTRL,    [0xa0] = KEY_MUTE,
	[0xa1] = KEY_CALC,	 [0xa2] = KEY_PLAYPAUSE,    [0xa4] = KEY_STOPCD,
	[0xae] = KEY_VOLUMEDOWN, [0xb0] = KEY_VOLUMEUP,	    [0xb2] = KEY_HOMEPAGE,
	[0xb5] = KEY_KPSLASH,	 [0xb7] = KEY_SYSRQ,	    [0xb8] = KEY_RIGHTALT,
	[0xc6] = KEY_PAUSE,	 [0xc7] = KEY_HOME,	    [0xc8] = KEY_UP,
	[0xc9] = KEY_PAGEUP,	 [0xcb] = KEY_LEFT,	    [0xcd] = KEY_RIGHT,
	[0xcf] = KEY_END,	 [0xd0] = KEY_DOWN,	    [0xd1] = KEY_PAGEDOWN,
	[0xd2] = KEY_INSERT,	 [0xd3] = KEY_DELETE,	    [0xdb] = KEY_LEFTMETA,
	[0xdc] = KEY_RIGHTMETA,	 [0xdd] = KEY_COMPOSE,	    [0xde] = KEY_POWER,
	[0xdf] = KEY_SLEEP,	 [0xe3] = KEY_WAKEUP,	    [0xe5] = KEY_SEARCH,
	[0xe6] = KEY_BOOKMARKS,	 [0xe7] = KEY_REFRESH,	    [0xe8] = KEY_STOP,
	[0xe9] = KEY_FORWARD,	 [0xea] = KEY_BACK,	    [0xeb] = KEY_COMPUTER,
	[0xec] = KEY_MAIL,	 [0xed] = KEY_MEDIA,
};

uint16_t vnc_key_from_scancode(uint32_t scancode)
{
	if (scancode >= ARRAY_SIZE(scancodes)) {
		return 0;
	}
	if (scancodes[scancode]) {
		return scancodes[scancode];
	}
	if (scancode <= KEY_KPDOT || (scancode >= KEY_102ND && scancode <= KEY_F12)) {
		return (uint16_t)scancode;
	}
	return 0;
}
