/* SPDX-License-Identifier: MIT */
/* LINK: devices/block/engine_uring.c devices/block/engine_pool.c */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devices/block/engine.h"
#include "vmm/base/loop.h"

TestSuite(engine, .timeout = 20);

typedef int engine_create_fn(const struct engine_config *config, struct engine **out);

struct fixture {
	struct loop *loop;
	struct engine *engine;
	int fd;
	unsigned done;
	unsigned batches;
	int64_t results[8];	  /* in order of completion */
	struct engine_job *again; /* submitted by the next completion */
};

static void on_done(void *owner, struct engine_job *job, int64_t result)
{
	struct fixture *f = owner;
	struct engine_job *again = f->again;

	(void)job;
	f->results[f->done++ % ARRAY_SIZE(f->results)] = result;
	f->again = NULL;
	if (again) {
		f->engine->ops->submit(f->engine, again);
	}
}

static void on_batch(void *owner)
{
	struct fixture *f = owner;

	f->batches++;
}

/* Both engines are bound by the same contract; 0 is io_uring. */
static void setup(struct fixture *f, unsigned kind)
{
	engine_create_fn *create = kind == 0 ? engine_uring_create : engine_pool_create;
	char path[] = "./test_engine.XXXXXX";
	struct engine_config config = { .done = on_done, .batch_done = on_batch, .owner = f };
	int code;

	*f = (struct fixture){ .fd = mkstemp(path) };
	cr_assert(ge(int, f->fd, 0));
	(void)remove(path);
	cr_assert(eq(int, loop_create("test", &f->loop), 0));
	config.loop = f->loop;
	config.fd = f->fd;
	code = create(&config, &f->engine);
	if (code < 0) {
		loop_destroy(f->loop);
		cr_skip_test("no such engine on this host: %s", strerror(-code));
	}
}

static void finish(struct fixture *f)
{
	engine_destroy(f->engine);
	loop_destroy(f->loop);
	(void)close(f->fd);
}

static void submit_and_wait(struct fixture *f, struct engine_job *job)
{
	unsigned before = f->done;

	f->engine->ops->submit(f->engine, job);
	cr_assert(eq(uint, f->done, before));
	f->engine->ops->kick(f->engine);
	while (f->engine->in_flight > 0) {
		f->engine->ops->wait(f->engine);
	}
}

static unsigned kinds[] = { 0, 1 };

ParameterizedTestParameters(engine, reads_what_it_wrote)
{
	return cr_make_param_array(unsigned, kinds, ARRAY_SIZE(kinds));
}

ParameterizedTest(unsigned *kind, engine, reads_what_it_wrote)
{
	char out[] = "thunder";
	char in[sizeof(out)] = "";
	struct iovec write_iov = { out, sizeof(out) };
	struct iovec read_iov = { in, sizeof(in) };
	struct engine_job write_job = {
		.operation = ENGINE_WRITE, .iov = &write_iov, .iov_count = 1, .offset = 512
	};
	struct engine_job read_job = {
		.operation = ENGINE_READ, .iov = &read_iov, .iov_count = 1, .offset = 512
	};
	struct fixture f;

	setup(&f, *kind);
	f.again = &read_job;
	submit_and_wait(&f, &write_job);
	cr_assert(eq(uint, f.done, 2));
	cr_assert(eq(i64, f.results[0], sizeof(out)));
	cr_assert(eq(i64, f.results[1], sizeof(in)));
	cr_assert(eq(str, in, "thunder"));
	finish(&f);
}

ParameterizedTestParameters(engine, tells_errors)
{
	return cr_make_param_array(unsigned, kinds, ARRAY_SIZE(kinds));
}

/* Length 0 is invalid for fallocate. */
ParameterizedTest(unsigned *kind, engine, tells_errors)
{
	struct engine_job job = { .operation = ENGINE_ALLOCATE,
				  .mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE };
	struct fixture f;

	setup(&f, *kind);
	submit_and_wait(&f, &job);
	cr_assert(eq(i64, f.results[0], -EINVAL));
	cr_assert(eq(uint, f.batches, 1));
	finish(&f);
}

ParameterizedTestParameters(engine, completes_on_the_loop)
{
	return cr_make_param_array(unsigned, kinds, ARRAY_SIZE(kinds));
}

static void stop_loop(void *owner)
{
	loop_stop(((struct fixture *)owner)->loop);
}

ParameterizedTest(unsigned *kind, engine, completes_on_the_loop)
{
	struct engine_job job = { .operation = ENGINE_SYNC };
	struct fixture f;

	setup(&f, *kind);
	f.engine->config.batch_done = stop_loop;
	f.engine->ops->submit(f.engine, &job);
	f.engine->ops->kick(f.engine);
	loop_run(f.loop);
	cr_assert(eq(uint, f.done, 1));
	cr_assert(eq(i64, f.results[0], 0));
	finish(&f);
}

Test(engine, pool_refuses_discard_of_a_file)
{
	struct engine_job job = { .operation = ENGINE_DISCARD, .bytes = 512 };
	struct fixture f;

	setup(&f, 1);
	submit_and_wait(&f, &job);
	cr_assert(eq(i64, f.results[0], -ENOTTY));
	finish(&f);
}
