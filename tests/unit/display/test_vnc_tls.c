/* SPDX-License-Identifier: MIT */
/* LINK: display/vnc.c display/vnc_library.c display/vnc_server.c display/vnc_listen.c
 * display/vnc_handshake.c display/vnc_tls.c display/vnc_client.c display/vnc_messages.c
 * display/vnc_copy.c display/vnc_text.c display/vnc_input.c display/vnc_keys.c
 * display/vnc_picture.c display/display.c display/display_viewer.c display/display_stats.c
 * display/cursor.c display/display_capture.c display/cursor_draw.c display/image.c display/pixels.c
 *       display/surface.c
 *       display/damage.c display/rect.c display/input.c display/input_sinks.c display/clipboard.c
 *       display/keymap.c display/keymap_us.c display/keymap_xkb.c
 *       tests/unit/display/vnc_viewer.c tests/unit/display/vnc_machine.c */
/* LIBS: libvncserver zlib gnutls */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <rfb/rfb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/display/vnc_machine.h"
#include "vmm/base/bytes.h"
#include "vmm/base/compiler.h"

/* Viewers through TLS, with certificates made here. */
static struct vnc_machine machine;
static char cert_path[64], key_path[64], options[256];

/* --- certificates --- */

static void write_file(const char *path, const gnutls_datum_t *data)
{
	FILE *file = fopen(path, "we");

	cr_assert(eq(sz, fwrite(data->data, 1, data->size, file), data->size));
	(void)fclose(file);
}

static gnutls_x509_crt_t sign(gnutls_x509_privkey_t key)
{
	gnutls_x509_crt_t cert;
	time_t now = time(NULL);

	cr_assert(eq(int, gnutls_x509_crt_init(&cert), 0));
	(void)gnutls_x509_crt_set_version(cert, 3);
	(void)gnutls_x509_crt_set_serial(cert, "\1", 1);
	(void)gnutls_x509_crt_set_activation_time(cert, now - 3600);
	(void)gnutls_x509_crt_set_expiration_time(cert, now + 3600);
	(void)gnutls_x509_crt_set_dn(cert, "CN=vm", NULL);
	(void)gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, "vm", 2,
						   GNUTLS_FSAN_SET);
	(void)gnutls_x509_crt_set_ca_status(cert, 1);
	(void)gnutls_x509_crt_set_key(cert, key);
	cr_assert(eq(int, gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0), 0));
	return cert;
}

/* One that signs itself serves the server, as its own authority, and viewers. */
static void make_certificate(void)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t cert;
	gnutls_datum_t text;

	cr_assert(eq(int, gnutls_x509_privkey_init(&key), 0));
	cr_assert(eq(int,
		     gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
						  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
						  0),
		     0));
	cert = sign(key);
	cr_assert(eq(int, gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &text), 0));
	write_file(cert_path, &text);
	gnutls_free(text.data);
	cr_assert(eq(int, gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text), 0));
	write_file(key_path, &text);
	gnutls_free(text.data);
	gnutls_x509_crt_deinit(cert);
	gnutls_x509_privkey_deinit(key);
}

static void set_up(void)
{
	vnc_machine_init(&machine);
	(void)snprintf(cert_path, sizeof(cert_path), "%s/cert.pem", machine.folder);
	(void)snprintf(key_path, sizeof(key_path), "%s/key.pem", machine.folder);
	(void)snprintf(options, sizeof(options), "tls=on,cert=%s,key=%s", cert_path, key_path);
	make_certificate();
}

static void tear_down(void)
{
	vnc_machine_stop(&machine);
	(void)unlink(cert_path);
	(void)unlink(key_path);
	vnc_machine_finish(&machine);
}

TestSuite(vnc_tls, .init = set_up, .fini = tear_down, .timeout = 30);

/* --- a viewer inside TLS --- */

struct tunnel {
	struct vnc_viewer *viewer;
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
};

static void start_machine(const char *more)
{
	char all[512];

	(void)snprintf(all, sizeof(all), "%s%s", options, more);
	cr_assert(eq(int, vnc_machine_start(&machine, all), 0), "%s", machine.err.text);
}

/* VeNCrypt's part in plain: version 0.2, the one sub-type. */
static uint32_t agree(struct vnc_viewer *viewer)
{
	uint8_t bytes[8];
	uint32_t type;

	cr_assert(eq(uint, vnc_viewer_meet(viewer), 19));
	cr_assert(vnc_viewer_read(viewer, bytes, 2));
	cr_assert(eq(uint, bytes[1], 2));
	vnc_viewer_send(viewer, bytes, 2);
	cr_assert(vnc_viewer_read(viewer, bytes, 6));
	cr_assert(eq(uint, bytes[0], 0)); /* version accepted */
	cr_assert(eq(uint, bytes[1], 1));
	type = __builtin_bswap32(load_le32(bytes + 2));
	vnc_viewer_send(viewer, bytes + 2, 4);
	cr_assert(vnc_viewer_read(viewer, bytes, 1));
	cr_assert(eq(uint, bytes[0], 1));
	return type;
}

static void enter_tls(struct tunnel *tunnel, bool shows_certificate)
{
	(void)gnutls_certificate_allocate_credentials(&tunnel->credentials);
	if (shows_certificate) {
		cr_assert(eq(int,
			     gnutls_certificate_set_x509_key_file(tunnel->credentials, cert_path,
								  key_path, GNUTLS_X509_FMT_PEM),
			     0));
	}
	(void)gnutls_init(&tunnel->session, GNUTLS_CLIENT);
	(void)gnutls_set_default_priority(tunnel->session);
	(void)gnutls_credentials_set(tunnel->session, GNUTLS_CRD_CERTIFICATE, tunnel->credentials);
	gnutls_transport_set_int(tunnel->session, tunnel->viewer->fd);
	cr_assert(eq(int, gnutls_handshake(tunnel->session), 0));
}

static void leave(struct tunnel *tunnel)
{
	gnutls_deinit(tunnel->session);
	gnutls_certificate_free_credentials(tunnel->credentials);
	vnc_viewer_free(tunnel->viewer);
}

static bool read_inside(struct tunnel *tunnel, void *bytes, size_t length)
{
	char *at = bytes;

	while (length > 0) {
		ssize_t count = gnutls_record_recv(tunnel->session, at, length);

		if (count <= 0) {
			return false;
		}
		at += count;
		length -= (size_t)count;
	}
	return true;
}

static void send_inside(struct tunnel *tunnel, const void *bytes, size_t length)
{
	cr_assert(eq(long, (long)gnutls_record_send(tunnel->session, bytes, length), (long)length));
}

/* The whole picture in one raw rectangle: more than a record of TLS holds. */
static void expect_picture(struct tunnel *tunnel, uint16_t width, uint16_t height)
{
	uint8_t init[24], name[64], head[16];
	uint8_t request[10] = { 3,
				0,
				0,
				0,
				0,
				0,
				(uint8_t)(width >> 8),
				(uint8_t)width,
				(uint8_t)(height >> 8),
				(uint8_t)height };
	size_t size = (size_t)width * height * 4;
	AUTO_FREE uint8_t *pixels = malloc(size);

	send_inside(tunnel, "\x01", 1);
	cr_assert(read_inside(tunnel, init, sizeof(init)));
	cr_assert(read_inside(tunnel, name, init[23]));
	send_inside(tunnel, request, sizeof(request));
	cr_assert(read_inside(tunnel, head, sizeof(head)));
	cr_assert(read_inside(tunnel, pixels, size));
	cr_assert(eq(int, memcmp(pixels, machine.pixels, size), 0));
}

static bool is_accepted(struct tunnel *tunnel)
{
	uint8_t result[4];

	return read_inside(tunnel, result, sizeof(result)) && load_le32(result) == 0;
}

Test(vnc_tls, picture_comes_through)
{
	struct tunnel tunnel;

	vnc_machine_show(&machine, 640, 480);
	start_machine("");
	tunnel.viewer = vnc_machine_connect(&machine);
	cr_assert(eq(u32, agree(tunnel.viewer), 260));
	enter_tls(&tunnel, false);
	cr_assert(is_accepted(&tunnel));
	expect_picture(&tunnel, 640, 480);
	leave(&tunnel);
}

Test(vnc_tls, password_is_asked_for_inside)
{
	char password[9] = "geheim";
	uint8_t challenge[16];
	struct tunnel tunnel;

	start_machine(",password=geheim");
	tunnel.viewer = vnc_machine_connect(&machine);
	cr_assert(eq(u32, agree(tunnel.viewer), 261));
	enter_tls(&tunnel, false);
	cr_assert(read_inside(&tunnel, challenge, sizeof(challenge)));
	rfbEncryptBytes(challenge, password);
	send_inside(&tunnel, challenge, sizeof(challenge));
	cr_assert(is_accepted(&tunnel));
	expect_picture(&tunnel, 96, 64);
	leave(&tunnel);
}

static void start_with_authority(void)
{
	char more[128];

	(void)snprintf(more, sizeof(more), ",listen=0.0.0.0:0,client-ca=%s", cert_path);
	start_machine(more);
}

Test(vnc_tls, certificate_opens)
{
	struct tunnel tunnel;

	start_with_authority();
	tunnel.viewer = vnc_viewer_tcp(vnc_machine_port(&machine));
	(void)agree(tunnel.viewer);
	enter_tls(&tunnel, true);
	cr_assert(is_accepted(&tunnel));
	expect_picture(&tunnel, 96, 64);
	leave(&tunnel);
}

Test(vnc_tls, viewer_without_a_certificate_stays_outside)
{
	struct tunnel tunnel;

	start_with_authority();
	tunnel.viewer = vnc_viewer_tcp(vnc_machine_port(&machine));
	(void)agree(tunnel.viewer);
	enter_tls(&tunnel, false); /* TLS 1.3 learns of it only afterwards */
	cr_assert(not(is_accepted(&tunnel)));
	leave(&tunnel);
}

Test(vnc_tls, plain_talk_is_dropped)
{
	struct vnc_viewer *viewer;
	char byte;

	start_machine("");
	viewer = vnc_machine_connect(&machine);
	(void)agree(viewer);
	vnc_viewer_send(viewer, "this is no TLS, just plain text", 31);
	while (vnc_viewer_read(viewer, &byte, 1)) {
	}
	cr_assert(ne(int, errno, EAGAIN));
	vnc_viewer_free(viewer);
}

/* --- options --- */

static void expect_refused(const char *text, int code, const char *why)
{
	cr_assert(eq(int, vnc_machine_start(&machine, text), code), "%s", machine.err.text);
	cr_assert(ne(ptr, strstr(machine.err.text, why), NULL), "%s", machine.err.text);
}

Test(vnc_tls, encryption_alone_opens_no_public_door)
{
	char all[512];

	(void)snprintf(all, sizeof(all), "%s,listen=0.0.0.0:0", options);
	expect_refused(all, -EPERM, "client-ca");
}

Test(vnc_tls, bad_files_are_refused)
{
	char all[512];

	expect_refused("tls=on", -EINVAL, "cert=FILE");
	expect_refused("tls=on,cert=/no,key=/no", -EINVAL, "cert=/no");
	(void)snprintf(all, sizeof(all), "%s,client-ca=/dev/null", options);
	expect_refused(all, -EINVAL, "client-ca=/dev/null");
}
