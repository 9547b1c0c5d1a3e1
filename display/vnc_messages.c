/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "display/vnc_client_state.h"
#include "display/vnc_library.h"
#include "vmm/base/bytes.h"
#include "vmm/base/clock.h"
#include "vmm/base/compiler.h"
#include "vmm/base/log.h"

#define TAG	     "vnc"
#define MESSAGES_MAX 64 /* before pixels get their turn */

/* A viewer's window that is pulled sends many sizes. */
#define RESIZE_SETTLES_NS UINT64_C(150000000)
#define RESIZE_MIN	  64

/* --- keys and pointer --- */

static void on_keysym(rfbBool down, rfbKeySym keysym, rfbClientPtr rfb)
{
	struct vnc_client *client = rfb->clientData;

	vnc_input_keysym(&client->input, (uint32_t)keysym, down);
}

static void on_pointer(int mask, int x, int y, rfbClientPtr rfb)
{
	struct vnc_client *client = rfb->clientData;

	client->pointed_ns = clock_now_ns();
	vnc_input_pointer(&client->input, (unsigned)mask, (uint32_t)MAX(x, 0), (uint32_t)MAX(y, 0),
			  client->picture.width, client->picture.height);
}

/* --- size --- */

/* The result, and whether it is to be told now. The guest's answer to a wish is a new picture. */
static int wish_size(struct vnc_client *client, uint32_t width, uint32_t height, bool *is_over)
{
	*is_over = true;
	if (width < RESIZE_MIN || height < RESIZE_MIN || width > VNC_SIDE_MAX ||
	    height > VNC_SIDE_MAX) {
		return rfbExtDesktopSize_InvalidScreenLayout;
	}
	*is_over = width == client->picture.width && height == client->picture.height;
	client->wished_width = width;
	client->wished_height = height;
	loop_timer_arm(client->loop, &client->resize_timer, clock_now_ns() + RESIZE_SETTLES_NS);
	return rfbExtDesktopSize_Success;
}

/* SetDesktopSize, where the library loses memory with each. */
static void take_desktop_size(struct vnc_client *client)
{
	rfbClientRec *rfb = client->rfb;
	uint8_t head[sz_rfbSetDesktopSizeMsg], screen[sz_rfbExtDesktopScreen];
	bool is_over;

	if (libvnc.ReadExact(rfb, (char *)head, sizeof(head)) <= 0) {
		libvnc.CloseClient(rfb);
		return;
	}
	for (unsigned i = 0; i < head[6]; i++) {
		if (libvnc.ReadExact(rfb, (char *)screen, sizeof(screen)) <= 0) {
			libvnc.CloseClient(rfb);
			return;
		}
	}
	rfb->requestedDesktopSizeChange = rfbExtDesktopSize_ClientRequestedChange;
	rfb->lastDesktopSizeChangeError =
		wish_size(client, __builtin_bswap16(load_le16(head + 2)),
			  __builtin_bswap16(load_le16(head + 4)), &is_over);
	if (is_over) {
		rfb->newFBSizePending = TRUE;
	}
}

/* --- extensions: keys by their place, lamps --- */

/* Of the pseudo-encodings that QEMU brought in; the rfbproto document has both. */
#define ENCODING_EXTENDED_KEY (-258)
#define ENCODING_LEDS	      (-261)
#define MESSAGE_QEMU	      255
#define QEMU_EXTENDED_KEY     0

/* An update of one rectangle that has no pixels, only `length` bytes. */
static rfbBool send_pseudo_rectangle(rfbClientPtr rfb, int32_t encoding, const void *bytes,
				     size_t length)
{
	char message[32] = { [0] = rfbFramebufferUpdate, [3] = 1, [9] = 1, [11] = 1 };

	store_le32(message + 12, __builtin_bswap32((uint32_t)encoding));
	memcpy(message + 16, bytes, length);
	if (libvnc.WriteExact(rfb, message, (int)(16 + length)) < 0) {
		libvnc.CloseClient(rfb);
		return FALSE;
	}
	return TRUE;
}

void vnc_messages_send_leds(struct vnc_client *client)
{
	unsigned leds = atomic_load(&client->input.leds);
	/* Scroll, num, caps from bit 0 on. */
	uint8_t byte = (uint8_t)((leds >> LED_SCROLLL & 1) | (leds >> LED_NUML & 1) << 1 |
				 (leds >> LED_CAPSL & 1) << 2);

	if (client->shows_leds) {
		(void)send_pseudo_rectangle(client->rfb, ENCODING_LEDS, &byte, sizeof(byte));
	}
}

static rfbBool on_encoding(rfbClientPtr rfb, void **data UNUSED, int encoding)
{
	struct vnc_client *client = rfb->clientData;

	switch (encoding) {
	case ENCODING_EXTENDED_KEY:
		return send_pseudo_rectangle(rfb, encoding, "", 0);
	case ENCODING_LEDS:
		client->shows_leds = true;
		vnc_messages_send_leds(client);
		return TRUE;
	default:
		return FALSE;
	}
}

static rfbBool on_message(rfbClientPtr rfb, void *data UNUSED, const rfbClientToServerMsg *message)
{
	struct vnc_client *client = rfb->clientData;
	uint8_t rest[11]; /* sub-type, down, keysym, scan code */

	if (message->type != MESSAGE_QEMU) {
		return FALSE;
	}
	if (libvnc.ReadExact(rfb, (char *)rest, sizeof(rest)) <= 0 ||
	    rest[0] != QEMU_EXTENDED_KEY) {
		libvnc.CloseClient(rfb);
		return TRUE;
	}
	if (load_le32(rest + 7) != 0) {
		vnc_input_scancode(&client->input, __builtin_bswap32(load_le32(rest + 7)),
				   rest[1] != 0 || rest[2] != 0);
	} else {
		vnc_input_keysym(&client->input, __builtin_bswap32(load_le32(rest + 3)),
				 rest[1] != 0 || rest[2] != 0);
	}
	return TRUE;
}

/* From the beginning for each viewer: enabled later, it would be asked with a lock of the whole
 * process held. */
static rfbBool on_client(rfbClientPtr rfb UNUSED, void **data UNUSED)
{
	return TRUE;
}

static rfbProtocolExtension extension = {
	.newClient = on_client,
	.enablePseudoEncoding = on_encoding,
	.handleMessage = on_message,
};

void vnc_messages_finish(rfbClientRec *rfb)
{
	while (rfb->extensions) {
		rfbExtensionData *data = rfb->extensions;

		rfb->extensions = data->next;
		free(data);
	}
}

/* --- the library's log --- */

static PRINTF_LIKE(1, 2) void on_log(const char *format, ...)
{
	char text[256];
	va_list arguments;

	if (!log_enabled(LOG_LEVEL_DEBUG)) {
		return;
	}
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text[strcspn(text, "\n")] = '\0';
	log_debug(TAG, "%s", text);
}

void vnc_messages_register(void)
{
	*libvnc.Log = on_log;
	*libvnc.Err = on_log;
	libvnc.RegisterProtocolExtension(&extension); /* a second time changes nothing */
}

void vnc_messages_set_hooks(rfbScreenInfo *screen)
{
	screen->kbdAddEvent = on_keysym;
	screen->ptrAddEvent = on_pointer;
}

/* --- taking --- */

/* What viewers need. The library would take more: files, chats, scaled pictures. */
static bool is_wanted(uint8_t type)
{
	switch (type) {
	case rfbSetPixelFormat:
	case rfbSetEncodings:
	case rfbFramebufferUpdateRequest:
	case rfbKeyEvent:
	case rfbPointerEvent:
	case rfbClientCutText:
	case rfbSetDesktopSize:
	case MESSAGE_QEMU:
		return true;
	default:
		return false;
	}
}

/* False: there is no more. */
static bool take_one(struct vnc_client *client)
{
	rfbClientRec *rfb = client->rfb;
	uint8_t type;
	ssize_t count = recv(client->fd, &type, sizeof(type), MSG_PEEK | MSG_DONTWAIT);

	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		return false;
	}
	if (count <= 0) {
		libvnc.CloseClient(rfb);
	} else if (client->skip > 0) {
		vnc_copy_take(client);
	} else if (rfb->state != RFB_NORMAL) {
		libvnc.ProcessClientMessage(rfb); /* ClientInit */
	} else if (!is_wanted(type)) {
		log_debug(TAG, "viewer sent message %u, which is not served", type);
		libvnc.CloseClient(rfb);
	} else if (type == rfbClientCutText) {
		vnc_copy_take(client);
	} else if (type == rfbSetDesktopSize) {
		take_desktop_size(client);
	} else {
		libvnc.ProcessClientMessage(rfb);
	}
	return rfb->sock >= 0;
}

void vnc_messages_take(struct vnc_client *client)
{
	unsigned count = 0;

	while (count < MESSAGES_MAX && take_one(client)) {
		count++;
	}
}
