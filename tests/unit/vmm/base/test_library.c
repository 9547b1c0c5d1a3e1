/* SPDX-License-Identifier: MIT */
#include "vmm/base/library.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

#include "vmm/base/compiler.h"

TestSuite(library, .timeout = 10);

/* The mathematics library is on every host. */
#define MATHS "libm.so.6"

static const char *const names[] = { "floor", "hypot" };

struct functions {
	double (*floor)(double);
	double (*hypot)(double, double);
};

Test(library, loads_what_is_named_once)
{
	struct functions maths = { 0 };
	const struct library library = { MATHS, "libc6", names, ARRAY_SIZE(names), &maths };
	struct error err;

	cr_assert(eq(int, library_load(&library, &err), 0));
	cr_assert(eq(dbl, maths.floor(3.7), 3));
	cr_assert(eq(dbl, maths.hypot(3, 4), 5));
	maths.hypot = NULL; /* a second call leaves the table alone */
	cr_assert(eq(int, library_load(&library, &err), 0));
	cr_assert(zero(ptr, (void *)maths.hypot));
}

Test(library, names_the_package_of_a_missing_file)
{
	struct functions maths = { 0 };
	const struct library library = { "libnothing.so.9", "libnothing9", names, ARRAY_SIZE(names),
					 &maths };
	struct error err;

	cr_assert(eq(int, library_load(&library, &err), -ENOENT));
	cr_assert(ne(ptr, strstr(err.text, "libnothing.so.9"), NULL));
	cr_assert(ne(ptr, strstr(err.text, "install the package libnothing9"), NULL));
}

Test(library, leaves_the_table_empty_without_one_function)
{
	static const char *const wrong[] = { "floor", "no_such_function" };
	struct functions maths = { 0 };
	const struct library library = { MATHS, "libc6", wrong, ARRAY_SIZE(wrong), &maths };
	struct error err;

	cr_assert(eq(int, library_load(&library, &err), -ENOENT));
	cr_assert(ne(ptr, strstr(err.text, "no_such_function"), NULL));
	cr_assert(zero(ptr, (void *)maths.floor));
}
