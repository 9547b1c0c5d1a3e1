/* SPDX-License-Identifier: MIT */
#include "display/vnc.h"

#include <errno.h>
#include <rfb/rfb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "display/display.h"
#include "display/keymap.h"
#include "display/vnc_library.h"
#include "display/vnc_server.h"
#include "vmm/base/compiler.h"

#define CLIENTS_DEFAULT "8"
#define LINE_MAX_BYTES	256

struct vnc_options {
	char *listen;
	char *password, *password_file;
	bool tls;
	char *cert, *key, *client_ca;
	char *layout;
	uint64_t scanout, clients;
};

#define STRING(field) .kind = OPTION_STRING, .offset = offsetof(struct vnc_options, field)

static const struct option vnc_options[] = {
	{ .name = "listen",
	  STRING(listen),
	  .value_name = "unix:PATH|HOST:PORT|:DISPLAY",
	  .help = "where viewers connect (default: NAME.vnc beside the control socket)" },
	{ .name = "password",
	  STRING(password),
	  .value_name = "TEXT",
	  .help = "1 to 8 characters; others on this host can see it in the list of processes" },
	{ .name = "password-file",
	  STRING(password_file),
	  .value_name = "FILE",
	  .help = "has the password as its first line" },
	{ .name = "tls",
	  .kind = OPTION_BOOL,
	  .offset = offsetof(struct vnc_options, tls),
	  .help = "encrypt all (VeNCrypt with X.509)" },
	{ .name = "cert", STRING(cert), .value_name = "FILE", .help = "the server's certificate" },
	{ .name = "key", STRING(key), .value_name = "FILE", .help = "and its private key" },
	{ .name = "client-ca",
	  STRING(client_ca),
	  .value_name = "FILE",
	  .help = "let in only viewers with a certificate that this one signed" },
	{ .name = "layout",
	  STRING(layout),
	  .value_name = "LAYOUT",
	  .default_text = "us",
	  .help = "the guest's keyboard, for viewers that send characters: us, de, fr, …" },
	{ .name = "scanout",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct vnc_options, scanout),
	  .default_text = "0",
	  .max = DISPLAY_SCANOUTS_MAX - 1,
	  .help = "the monitor to show" },
	{ .name = "clients",
	  .kind = OPTION_INT,
	  .offset = offsetof(struct vnc_options, clients),
	  .default_text = CLIENTS_DEFAULT,
	  .min = 1,
	  .max = VNC_CLIENTS_MAX,
	  .help = "viewers at a time" },
};

struct vnc {
	struct display_backend backend;
	struct vnc_listen listener;
	struct keymap *keymap;
	struct vnc_server *server;
	char password[VNC_PASSWORD_MAX + 1]; /* "": none */
	bool has_tls;
};

/* --- secrets --- */

static int take_password(struct vnc *vnc, const char *text, const char *from, struct error *err)
{
	size_t length = strcspn(text, "\r\n");

	if (length == 0 || length > VNC_PASSWORD_MAX) {
		return error_set(
			err, -EINVAL,
			"VNC: %s: a password has 1 to %u characters; the protocol looks at "
			"no more",
			from, VNC_PASSWORD_MAX);
	}
	memcpy(vnc->password, text, length);
	vnc->password[length] = '\0';
	return 0;
}

static int read_password(struct vnc *vnc, const char *path, struct error *err)
{
	char line[LINE_MAX_BYTES] = "";
	FILE *file = fopen(path, "re");

	if (!file) {
		return error_set_errno(err, -errno, "VNC: password-file=%s", path);
	}
	if (!fgets(line, sizeof(line), file)) {
		line[0] = '\0';
	}
	(void)fclose(file);
	return take_password(vnc, line, path, err);
}

static int check_tls(const struct vnc_options *o, struct error *err)
{
	if (!o->tls) {
		return o->cert || o->key || o->client_ca
			       ? error_set(err, -EINVAL,
					   "VNC: cert, key and client-ca belong to tls=on")
			       : 0;
	}
	if (!HAVE_GNUTLS) {
		return error_set(err, -ENOSYS,
				 "VNC: tls=on: not built in; install libgnutls28-dev and configure "
				 "again");
	}
	if (!o->cert || !o->key) {
		return error_set(err, -EINVAL, "VNC: tls=on needs cert=FILE and key=FILE");
	}
	return 0;
}

static int take_secrets(struct vnc *vnc, const struct vnc_options *o, struct error *err)
{
	int code = check_tls(o, err);

	if (code < 0) {
		return code;
	}
	vnc->has_tls = o->tls;
	if (o->password && o->password_file) {
		return error_set(err, -EINVAL, "VNC: give password or password-file, not both");
	}
	if (o->password) {
		return take_password(vnc, o->password, "password", err);
	}
	return o->password_file ? read_password(vnc, o->password_file, err) : 0;
}

/* TLS alone hides what is sent, but lets in everybody. */
static int check_door(const struct vnc *vnc, const struct vnc_options *o, struct error *err)
{
	if (!vnc->listener.is_public || vnc->password[0] || o->client_ca) {
		return 0;
	}
	return error_set(err, -EPERM,
			 "VNC: listen=%s: others than this host's users reach it, so it needs "
			 "password-file=FILE, or tls=on with client-ca=FILE; or listen on a Unix "
			 "socket or the loopback",
			 o->listen);
}

/* --- the back end --- */

static void encrypt(uint8_t challenge[VNC_CHALLENGE_SIZE], const char *password)
{
	char copy[VNC_PASSWORD_MAX + 1]; /* the library is not const-correct */

	(void)snprintf(copy, sizeof(copy), "%s", password);
	libvnc.EncryptBytes(challenge, copy);
}

static int open_listener(struct vnc *vnc, const struct display_backend_env *env,
			 const struct vnc_options *o, struct error *err)
{
	AUTO_FREE char *address = NULL;
	int code;

	if (o->listen) {
		code = vnc_listen_init(&vnc->listener, o->listen, err);
		return code ?: check_door(vnc, o, err);
	}
	if (!env->runtime_folder) {
		return error_set(err, -ENOENT, "VNC: no folder for its socket; give listen=");
	}
	if (asprintf(&address, "unix:%s/%s.vnc", env->runtime_folder, env->machine_name) < 0) {
		address = NULL;
		return error_set_errno(err, -ENOMEM, "VNC");
	}
	return vnc_listen_init(&vnc->listener, address, err);
}

static int check_scanout(const struct display_backend_env *env, const struct vnc_options *o,
			 struct error *err)
{
	unsigned count = display_scanout_count(env->display);

	return o->scanout < count
		       ? 0
		       : error_set(err, -EINVAL, "VNC: scanout=%u: the machine has %u (0 to %u)",
				   (unsigned)o->scanout, count, count - 1);
}

static int make_keymap(struct vnc *vnc, const struct vnc_options *o, struct error *err)
{
	int code = keymap_create(o->layout, &vnc->keymap, err);

	if (code < 0) {
		error_prefix(err, "VNC");
	}
	return code;
}

static void destroy(struct display_backend *backend)
{
	struct vnc *vnc = container_of(backend, struct vnc, backend);

	vnc_server_destroy(vnc->server);
	keymap_destroy(vnc->keymap);
	vnc_listen_finish(&vnc->listener);
	explicit_bzero(vnc->password, sizeof(vnc->password));
	free(vnc);
}

static int start(struct vnc *vnc, const struct display_backend_env *env,
		 const struct vnc_options *o, struct error *err)
{
	const struct vnc_server_config config = {
		.env = *env,
		.keymap = vnc->keymap,
		.scanout = (unsigned)o->scanout,
		.clients_max = (unsigned)o->clients,
		.policy = { .password = vnc->password[0] ? vnc->password : NULL,
			    .wants_tls = vnc->has_tls,
			    .encrypt = encrypt },
		.tls = { .cert = o->cert, .key = o->key, .client_ca = o->client_ca },
		.listener = &vnc->listener,
	};

	return vnc_server_create(&config, &vnc->server, err);
}

static int create(const struct display_backend_env *env, const void *options,
		  struct display_backend **out, struct error *err)
{
	const struct vnc_options *o = options;
	int code = vnc_library_load(err);
	struct vnc *vnc;

	if (code < 0) {
		error_prefix(err, "VNC");
		return code;
	}
	vnc = calloc(1, sizeof(*vnc));
	if (!vnc) {
		return error_set_errno(err, -ENOMEM, "VNC");
	}
	vnc->backend.type = &display_vnc_type;
	code = check_scanout(env, o, err);
	code = code ?: take_secrets(vnc, o, err);
	code = code ?: make_keymap(vnc, o, err);
	code = code ?: open_listener(vnc, env, o, err);
	code = code ?: start(vnc, env, o, err);
	if (code < 0) {
		destroy(&vnc->backend);
		return code;
	}
	*out = &vnc->backend;
	return 0;
}

static void describe(const struct display_backend *backend, char *text, size_t size)
{
	const struct vnc *vnc = (const struct vnc *)backend;

	(void)snprintf(text, size, "VNC on %s%s%s", vnc->listener.text,
		       vnc->password[0] ? ", with a password" : "", vnc->has_tls ? ", TLS" : "");
}

const struct display_backend_type display_vnc_type = {
	.name = "vnc",
	.help = "a server for VNC viewers, on a Unix socket if nothing else is said",
	.options = { vnc_options, ARRAY_SIZE(vnc_options), "listen" },
	.options_size = sizeof(struct vnc_options),
	.create = create,
	.describe = describe,
	.destroy = destroy,
};
