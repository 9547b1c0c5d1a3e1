# SPDX-License-Identifier: MIT
"""Runs the tests of this folder: suite.py [--on-host] RESULTS [WORD]... prints a line for each test.

Words choose tests by parts of their names. RESULTS gets a line `CLASS PASSED FAILED SKIPPED` when a class
of tests starts, then as failed, and again when it has ended: the last one counts. Classes that have a line
are left out, so that a suite that was broken off can be continued; `suite.py --pending RESULTS [WORD]...`
prints the others. With --on-host only those run that start no guest: they say ON_HOST, and are quicker there than in
a lab. In the lab (PLACE=lab) a failure ends the suite: such a lab is not trusted any more.

No class starts after the second CHECK_UNTIL since 1970, if the environment has one. A test, or the start of a
class, that takes TEST_SECONDS fails, and ends its class.

What a test's machines last said is printed when it fails, and their files are kept.
"""

import faulthandler
import os
import signal
import sys
import time
import traceback
import unittest

import guest

TEST_SECONDS = 300  # seen: up to 60; a busy host is no fault
AGAIN_SECONDS = 60  # for what comes after: last words and cleaning up


class Loader(unittest.TestLoader):
    """Keeps the order in which tests are written."""

    def getTestCaseNames(self, testCaseClass):
        return [name for name in vars(testCaseClass) if name.startswith("test_")]


class Result(unittest.TestResult):
    """A line for each test as it ends; `counts` tells how many had which verdict."""

    def __init__(self):
        super().__init__()
        self.counts = {"ok": 0, "FAIL": 0, "skip": 0}
        self._start = time.monotonic()
        limit_time()

    def startTest(self, test):
        super().startTest(test)
        self._start = time.monotonic()
        limit_time()

    def stopTest(self, test):
        super().stopTest(test)
        limit_time()

    def _tell(self, verdict, test, text=""):
        print(f"{verdict:<5} {title(test)} ({time.monotonic() - self._start:.1f} s){text}",
              flush=True)
        self.counts[verdict] += 1

    def addSuccess(self, test):
        super().addSuccess(test)
        self._tell("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._tell("skip", test, ": " + reason)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._tell_failure(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._tell_failure(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self._tell_failure(subtest, err)

    def _tell_failure(self, test, err):
        self._tell("FAIL", test, ": " + "".join(traceback.format_exception_only(*err[:2])).strip())
        place = [f for f in traceback.extract_tb(err[2]) if f.filename.startswith(sys.path[0])]
        for frame in place:
            print(f"      {os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}")
        for machine in guest.Machine.living:
            for line in machine.last_words():
                print("      | " + line)
            machine.keep(title(test))
        if isinstance(err[1], guest.GuestLost):
            self.stop()  # what its other tests look for is gone
        sys.stdout.flush()


def limit_time():
    """From now on, for the next step of a class: what waits for ever is interrupted, and what even then does not
    end is the end of the suite."""
    signal.signal(signal.SIGALRM, end_of_time)
    signal.setitimer(signal.ITIMER_REAL, TEST_SECONDS, AGAIN_SECONDS)
    faulthandler.dump_traceback_later(TEST_SECONDS + 3 * AGAIN_SECONDS, exit=True)


def end_of_time(_signal, _frame):
    raise guest.GuestLost(f"no end after {TEST_SECONDS} s")


def title(test):
    """disk.Disk.fio_verifies, from test_disk.Disk.test_fio_verifies; a class that failed as a whole
    has its own form."""
    return str(test.id()).replace("test_", "").replace("setUpClass ", "start of ")


def class_of(test):
    """test_disk.Disk"""
    return test.id().rsplit(".", 1)[0]


def flatten(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def pending(results, words):
    """The chosen tests of each class that has no line in the file yet."""
    with open(results, encoding="ascii") as file:
        done = {line.split()[0] for line in file}
    here = os.path.dirname(os.path.abspath(__file__))
    classes = {}
    for test in flatten(Loader().discover(here, "test_*.py", here)):
        if all(word in test.id() for word in words) and class_of(test) not in done:
            classes.setdefault(class_of(test), []).append(test)
    return classes


def run_class(name, tests, results):
    """Returns whether all passed."""
    with open(results, "a", encoding="ascii") as file:
        file.write(f"{name} 0 1 0\n")
    start = time.monotonic()
    result = Result()
    unittest.TestSuite(tests).run(result)
    signal.setitimer(signal.ITIMER_REAL, 0)
    faulthandler.cancel_dump_traceback_later()
    with open(results, "a", encoding="ascii") as file:
        file.write(f"{name} {result.counts['ok']} {result.counts['FAIL']} {result.counts['skip']}\n")
    print(f"==    {name}: {time.monotonic() - start:.0f} s", flush=True)
    return result.wasSuccessful()


def main(*arguments):
    option = arguments[0] if arguments[0].startswith("--") else ""
    results, *words = arguments[1:] if option else arguments
    classes = pending(results, words)
    if option == "--pending":
        print("\n".join(classes))
        return 0
    code = 0
    until = float(os.environ.get("CHECK_UNTIL") or "inf")
    for name, tests in classes.items():
        if option == "--on-host" and not getattr(tests[0], "ON_HOST", False):
            continue
        if time.time() > until:
            break
        if not run_class(name, tests, results):
            code = 1
            if os.environ.get("PLACE") == "lab":
                break
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
