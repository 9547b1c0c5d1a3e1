/* SPDX-License-Identifier: MIT */
#include "display/vnc_tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "vmm/base/compiler.h"
#include "vmm/base/library.h"
#include "vmm/base/list.h"
#include "vmm/base/log.h"
#include "vmm/base/loop.h"

/* clang-format off */
#define FUNCTIONS(use) \
	use(bye) use(certificate_allocate_credentials) use(certificate_free_credentials) \
	use(certificate_server_set_request) use(certificate_set_x509_key_file) \
	use(certificate_set_x509_trust_file) use(credentials_set) use(deinit) \
	use(error_is_fatal) use(handshake) use(init) use(priority_deinit) use(priority_init) \
	use(priority_set) use(record_get_direction) use(record_recv) use(record_send) \
	use(session_set_verify_cert) use(strerror) use(transport_set_int2)
/* clang-format on */
/* NOLINTNEXTLINE(bugprone-macro-parentheses) a member's name */
#define MEMBER(name) __typeof__(&gnutls_##name) name;
#define NAME(name)   "gnutls_" #name,

/* GnuTLS, called as libgnutls.init and so on. */
static struct {
	FUNCTIONS(MEMBER)
} libgnutls;
static const char *const names[] = { FUNCTIONS(NAME) };
static const struct library library = { "libgnutls.so.30", "libgnutls30", names, ARRAY_SIZE(names),
					&libgnutls };

#define TAG	   "vnc"
#define BUFFER_MAX 16384u /* a TLS record */
#define TURNS_MAX  16	  /* before other connections get theirs */
#define PRIORITY   "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct vnc_tls {
	struct loop *loop; /* borrowed */
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	bool asks_certificate;
	struct list pumps;
};

/* Bytes that were read on one side and wait to be written on the other. */
struct buffer {
	char bytes[BUFFER_MAX];
	size_t start, end;
};

/* One connection. */
struct pump {
	struct vnc_tls *tls;
	struct list node;
	int secure_fd, plain_fd;
	struct loop_watch secure_watch, plain_watch;
	gnutls_session_t session;
	bool is_open; /* the handshake is over */
	struct buffer in, out;
};

static bool is_empty(const struct buffer *buffer)
{
	return buffer->start == buffer->end;
}

static bool is_transient(ssize_t code)
{
	return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED;
}

/* --- end --- */

static void destroy_pump(struct pump *pump)
{
	list_remove(&pump->node);
	loop_watch_remove(&pump->secure_watch);
	loop_watch_remove(&pump->plain_watch);
	if (pump->is_open) {
		(void)libgnutls.bye(pump->session, GNUTLS_SHUT_WR);
	}
	if (pump->session) {
		libgnutls.deinit(pump->session);
	}
	(void)close(pump->secure_fd);
	if (pump->plain_fd >= 0) {
		(void)close(pump->plain_fd);
	}
	free(pump);
}

/* --- work --- */

/* What the steps below return. */
enum progress {
	PROGRESS_NONE,
	PROGRESS_SOME,
	PROGRESS_END,
};

static enum progress shake_hands(struct pump *pump)
{
	int code = libgnutls.handshake(pump->session);

	if (code == 0) {
		pump->is_open = true;
		return PROGRESS_SOME;
	}
	if (libgnutls.error_is_fatal(code)) {
		log_info(TAG, "TLS with a viewer failed: %s", libgnutls.strerror(code));
		return PROGRESS_END;
	}
	return PROGRESS_NONE;
}

static enum progress receive(struct pump *pump)
{
	struct buffer *in = &pump->in;
	ssize_t count;

	if (!is_empty(in)) {
		return PROGRESS_NONE;
	}
	count = libgnutls.record_recv(pump->session, in->bytes, sizeof(in->bytes));
	if (count > 0) {
		in->start = 0;
		in->end = (size_t)count;
		return PROGRESS_SOME;
	}
	return is_transient(count) ? PROGRESS_NONE : PROGRESS_END;
}

static enum progress deliver(struct pump *pump)
{
	struct buffer *in = &pump->in;
	ssize_t count;

	if (is_empty(in)) {
		return PROGRESS_NONE;
	}
	count = send(pump->plain_fd, in->bytes + in->start, in->end - in->start,
		     MSG_NOSIGNAL | MSG_DONTWAIT);
	if (count < 0) {
		return errno == EAGAIN || errno == EINTR ? PROGRESS_NONE : PROGRESS_END;
	}
	in->start += (size_t)count;
	return PROGRESS_SOME;
}

static enum progress collect(struct pump *pump)
{
	struct buffer *out = &pump->out;
	ssize_t count;

	if (!is_empty(out)) {
		return PROGRESS_NONE;
	}
	count = recv(pump->plain_fd, out->bytes, sizeof(out->bytes), MSG_DONTWAIT);
	if (count > 0) {
		out->start = 0;
		out->end = (size_t)count;
		return PROGRESS_SOME;
	}
	return count < 0 && (errno == EAGAIN || errno == EINTR) ? PROGRESS_NONE : PROGRESS_END;
}

/* After a short write GnuTLS wants to be asked with the same bytes again. */
static enum progress transmit(struct pump *pump)
{
	struct buffer *out = &pump->out;
	ssize_t count;

	if (is_empty(out)) {
		return PROGRESS_NONE;
	}
	count = libgnutls.record_send(pump->session, out->bytes + out->start,
				      out->end - out->start);
	if (count < 0) {
		return is_transient(count) ? PROGRESS_NONE : PROGRESS_END;
	}
	out->start += (size_t)count;
	return PROGRESS_SOME;
}

/* One turn of all that can be done now. What one side sent before it ended is still delivered. */
static enum progress turn(struct pump *pump)
{
	static enum progress (*const steps[])(struct pump *) = { receive, deliver, collect,
								 transmit };
	bool has_moved = false;

	if (!pump->is_open) {
		return shake_hands(pump);
	}
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		enum progress progress = steps[i](pump);

		if (progress == PROGRESS_END) {
			(void)deliver(pump);
			(void)transmit(pump);
			return PROGRESS_END;
		}
		has_moved |= progress == PROGRESS_SOME;
	}
	return has_moved ? PROGRESS_SOME : PROGRESS_NONE;
}

/* Each side is waited for in the direction in which it has to move. */
static void watch(struct pump *pump)
{
	uint32_t secure = 0, plain = 0;

	if (!pump->is_open) {
		secure = libgnutls.record_get_direction(pump->session) ? EPOLLOUT : EPOLLIN;
	} else {
		secure |= is_empty(&pump->in) ? EPOLLIN : 0;
		secure |= is_empty(&pump->out) ? 0 : EPOLLOUT;
		plain |= is_empty(&pump->in) ? 0 : EPOLLOUT;
		plain |= is_empty(&pump->out) ? EPOLLIN : 0;
	}
	(void)loop_watch_modify(&pump->secure_watch, secure);
	(void)loop_watch_modify(&pump->plain_watch, plain);
}

static void on_event(void *arg, uint32_t events)
{
	struct pump *pump = arg;
	enum progress progress = PROGRESS_SOME;

	for (int i = 0; i < TURNS_MAX && progress == PROGRESS_SOME; i++) {
		progress = turn(pump);
	}
	/* One side is gone and the other takes nothing: what is on its way is for nobody. */
	if (progress == PROGRESS_NONE && events & (EPOLLHUP | EPOLLERR)) {
		progress = PROGRESS_END;
	}
	if (progress == PROGRESS_END) {
		destroy_pump(pump);
		return;
	}
	watch(pump);
}

/* --- creation --- */

static int start_session(struct pump *pump)
{
	const struct vnc_tls *tls = pump->tls;

	if (libgnutls.init(&pump->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) <
	    0) {
		pump->session = NULL;
		return -ENOMEM;
	}
	if (libgnutls.priority_set(pump->session, tls->priority) < 0 ||
	    libgnutls.credentials_set(pump->session, GNUTLS_CRD_CERTIFICATE, tls->credentials) <
		    0) {
		return -EPROTO;
	}
	if (tls->asks_certificate) {
		libgnutls.certificate_server_set_request(pump->session, GNUTLS_CERT_REQUIRE);
		libgnutls.session_set_verify_cert(pump->session, NULL, 0);
	}
	libgnutls.transport_set_int2(pump->session, pump->secure_fd, pump->secure_fd);
	return 0;
}

static int start_pump(struct pump *pump)
{
	int code = start_session(pump);

	code = code
		       ?: loop_watch_add(pump->tls->loop, &pump->secure_watch, pump->secure_fd,
					 EPOLLIN, on_event, pump);
	return code
		       ?: loop_watch_add(pump->tls->loop, &pump->plain_watch, pump->plain_fd, 0,
					 on_event, pump);
}

int vnc_tls_wrap(struct vnc_tls *tls, int fd)
{
	struct pump *pump = calloc(1, sizeof(*pump));
	int pair[2], code;

	if (!pump) {
		(void)close(fd);
		return -ENOMEM;
	}
	pump->tls = tls;
	pump->secure_fd = fd;
	pump->plain_fd = -1;
	list_append(&tls->pumps, &pump->node);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		code = -errno;
		destroy_pump(pump);
		return code;
	}
	pump->plain_fd = pair[0];
	code = start_pump(pump);
	if (code < 0) {
		(void)close(pair[1]);
		destroy_pump(pump);
		return code;
	}
	return pair[1];
}

static int load(struct vnc_tls *tls, const struct vnc_tls_files *files, struct error *err)
{
	int code = libgnutls.certificate_set_x509_key_file(tls->credentials, files->cert,
							   files->key, GNUTLS_X509_FMT_PEM);

	if (code < 0) {
		return error_set(err, -EINVAL, "VNC: cert=%s, key=%s: %s", files->cert, files->key,
				 libgnutls.strerror(code));
	}
	if (!files->client_ca) {
		return 0;
	}
	tls->asks_certificate = true;
	code = libgnutls.certificate_set_x509_trust_file(tls->credentials, files->client_ca,
							 GNUTLS_X509_FMT_PEM);
	if (code <= 0) {
		return error_set(err, -EINVAL, "VNC: client-ca=%s: %s", files->client_ca,
				 code < 0 ? libgnutls.strerror(code) : "has no certificate");
	}
	return 0;
}

int vnc_tls_create(const struct vnc_tls_files *files, struct loop *loop, struct vnc_tls **out,
		   struct error *err)
{
	struct vnc_tls *tls;
	int code;

	*out = NULL;
	code = library_load(&library, err);
	if (code < 0) {
		return code;
	}
	tls = calloc(1, sizeof(*tls));
	if (!tls) {
		return error_set_errno(err, -ENOMEM, "VNC: TLS");
	}
	tls->loop = loop;
	list_init(&tls->pumps);
	if (libgnutls.certificate_allocate_credentials(&tls->credentials) < 0 ||
	    libgnutls.priority_init(&tls->priority, PRIORITY, NULL) < 0) {
		vnc_tls_destroy(tls);
		return error_set_errno(err, -ENOMEM, "VNC: TLS");
	}
	code = load(tls, files, err);
	if (code < 0) {
		vnc_tls_destroy(tls);
		return code;
	}
	*out = tls;
	return 0;
}

void vnc_tls_destroy(struct vnc_tls *tls)
{
	struct pump *pump;

	if (!tls) {
		return;
	}
	list_for_each (pump, &tls->pumps, struct pump, node) {
		destroy_pump(pump);
	}
	if (tls->priority) {
		libgnutls.priority_deinit(tls->priority);
	}
	if (tls->credentials) {
		libgnutls.certificate_free_credentials(tls->credentials);
	}
	free(tls);
}
