# SPDX-License-Identifier: MIT
"""Runs the tests of this folder: suite.py RESULTS [WORD]...; a line for each test, then the sum.

Words choose tests by parts of their names. RESULTS gets the line `system PASSED FAILED SKIPPED`.
`suite.py --themes [WORD]...` prints the files that have such tests.

The lab's emulated processor misbehaves now and then under load, which looks like a fault of ours. So
in the lab (PLACE=lab) a class with a failure runs once more, and how often that helped is told; more
than LAB_SECOND_TRIES_MAX such failures are not the lab's any more.
"""

import os
import sys
import time
import traceback
import unittest


LAB_SECOND_TRIES_MAX = 4


class Loader(unittest.TestLoader):
    """Keeps the order in which tests are written."""

    def getTestCaseNames(self, testCaseClass):
        return [name for name in vars(testCaseClass) if name.startswith("test_")]


class Result(unittest.TestResult):
    """A line for each test as it ends."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self._start = time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self._start = time.monotonic()

    def _tell(self, verdict, test, text=""):
        print(f"{verdict:<5} {title(test)} ({time.monotonic() - self._start:.1f} s){text}",
              flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
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

    def _tell_failure(self, test, err):
        type(test).has_failed = True
        self._tell("FAIL", test, ": " + "".join(traceback.format_exception_only(*err[:2])).strip())
        place = [f for f in traceback.extract_tb(err[2]) if f.filename.startswith(sys.path[0])]
        for frame in place:
            print(f"      {os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self._tell_failure(subtest, err)


def title(test):
    """disk.fio_verifies, from test_disk.Disk.test_fio_verifies; a class that failed as a whole
    has its own form."""
    return str(test.id()).replace("test_", "").replace("setUpClass ", "start of ")


def flatten(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def failures(result):
    return [test for test, _ in result.failures + result.errors]


def run_again(tests, result):
    """Runs the classes of failed tests once more; a new result with both runs in it, told apart."""
    again = {name(test) for test in failures(result)}
    second = Result()
    print(f"lab: {len(failures(result))} failed; once more: {', '.join(sorted(again))}", flush=True)
    chosen = [test for test in tests if name(test) in again]
    for test in chosen:
        type(test).has_failed = False
    unittest.TestSuite(chosen).run(second)
    helped = len(failures(result)) - len(failures(second))
    print(f"lab: {helped} passed at the second try")
    second.passed = len(tests) - len(failures(second)) - len(result.skipped)
    second.skipped = result.skipped
    return second


def name(test):
    """The class of a test, or of the class that failed to start."""
    text = str(test.id())
    return text.split("(")[1].rstrip(")") if "(" in text else text.rsplit(".", 1)[0]


def choose(words):
    here = os.path.dirname(os.path.abspath(__file__))
    suite = Loader().discover(here, "test_*.py", here)
    return [test for test in flatten(suite) if all(word in test.id() for word in words)]


def main(results, *words):
    chosen = choose(words)
    if results == "--themes":
        print("\n".join(sorted({test.id().split(".")[0] for test in chosen})))
        return 0
    result = Result()
    unittest.TestSuite(chosen).run(result)
    if os.environ.get("PLACE") == "lab" and 0 < len(failures(result)) <= LAB_SECOND_TRIES_MAX:
        result = run_again(chosen, result)
    failed = len(failures(result))
    with open(results, "a", encoding="ascii") as file:
        file.write(f"system {result.passed} {failed} {len(result.skipped)}\n")
    print(f"{result.passed} passed, {failed} failed", end="")
    print(f", {len(result.skipped)} skipped" if result.skipped else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
