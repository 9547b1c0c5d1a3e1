/* SPDX-License-Identifier: MIT */
#include "display/sdl_clipboard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "display/sdl_library.h"
#include "display/x11_clipboard.h"
#include "vmm/base/log.h"

#define LOG_TAG "display:sdl"

/* Many Wayland compositors hand nothing to X11 programs while none of their windows has the focus:
 * only with a window on X11. */
static bool is_on_x11(void)
{
	const char *driver = sdl.GetCurrentVideoDriver();

	return driver && strcmp(driver, "x11") == 0;
}

static struct x11_clipboard *open_x11(struct clipboard *clipboard)
{
	struct x11_clipboard *x11 = NULL;
	struct error why = { "" };

	if (HAVE_XCB && is_on_x11() && x11_clipboard_create(clipboard, &x11, &why) < 0) {
		log_info(LOG_TAG, "the clipboard shares text only: %s", why.text);
	}
	return x11;
}

void sdl_clipboard_open(struct sdl_clipboard *c, struct clipboard *clipboard,
			void (*wake)(void *arg), void *arg)
{
	*c = (struct sdl_clipboard){ .x11 = clipboard ? open_x11(clipboard) : NULL };
	if (c->x11) {
		return;
	}
	c->clipboard = clipboard;
	c->peer = (struct clipboard_peer){ .side = CLIPBOARD_HOST, .wake = wake, .arg = arg };
	if (clipboard) {
		clipboard_add_peer(clipboard, &c->peer);
	}
}

void sdl_clipboard_close(struct sdl_clipboard *c)
{
	if (HAVE_XCB) {
		x11_clipboard_destroy(c->x11);
	}
	if (c->clipboard) {
		clipboard_remove_peer(c->clipboard, &c->peer);
	}
	free(c->text);
	memset(c, 0, sizeof(*c));
}

/* Remembers what both have, so that a text does not come back to where it came from. */
static bool is_news(struct sdl_clipboard *c, const char *text, size_t length)
{
	if (c->text && strlen(c->text) == length && memcmp(c->text, text, length) == 0) {
		return false;
	}
	free(c->text);
	c->text = strndup(text, length);
	return c->text;
}

void sdl_clipboard_take(struct sdl_clipboard *c)
{
	struct clipboard_content *content;

	content = c->clipboard ? clipboard_get(c->clipboard, CLIPBOARD_HOST) : NULL;
	if (content && content->format == CLIPBOARD_TEXT &&
	    is_news(c, (const char *)content->bytes, content->length)) {
		(void)sdl.SetClipboardText(c->text);
	}
	clipboard_content_put(content);
}

void sdl_clipboard_give(struct sdl_clipboard *c)
{
	char *text = c->clipboard ? sdl.GetClipboardText() : NULL;
	int code = 0;

	if (text && *text && is_news(c, text, strlen(text))) {
		code = clipboard_put(c->clipboard, &c->peer, CLIPBOARD_TEXT, text, strlen(text));
	}
	if (code == -E2BIG) {
		log_info(LOG_TAG, "a text of %zu bytes is too long for the guest's clipboard",
			 strlen(text));
	}
	sdl.free(text);
}

void sdl_clipboard_focus(struct sdl_clipboard *c, bool has_focus)
{
	if (HAVE_XCB && c->x11) {
		x11_clipboard_set_focus(c->x11, has_focus);
	} else if (has_focus) {
		sdl_clipboard_give(c);
	}
}
