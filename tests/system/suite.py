# SPDX-License-Identifier: MIT
"""Runs the tests of this folder: suite.py RESULTS [WORD]... prints a line for each test, then the sum.

Words choose tests by parts of their names. RESULTS gets a line `CLASS PASSED FAILED SKIPPED` for each
class of tests. `suite.py --themes [WORD]...` prints the files that have such tests.

What a test's machines last said is printed when it fails, and their files are kept.
"""

import os
import sys
import time
import traceback
import unittest

import guest


class Loader(unittest.TestLoader):
    """Keeps the order in which tests are written."""

    def getTestCaseNames(self, testCaseClass):
        return [name for name in vars(testCaseClass) if name.startswith("test_")]


class Result(unittest.TestResult):
    """A line for each test as it ends; `counts` has passed, failed and skipped of each class."""

    def __init__(self):
        super().__init__()
        self.counts = {}
        self._start = time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self._start = time.monotonic()

    def _tell(self, verdict, test, text=""):
        print(f"{verdict:<5} {title(test)} ({time.monotonic() - self._start:.1f} s){text}",
              flush=True)
        counts = self.counts.setdefault(class_of(test), {"ok": 0, "FAIL": 0, "skip": 0})
        counts[verdict] += 1

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
        sys.stdout.flush()


def title(test):
    """disk.Disk.fio_verifies, from test_disk.Disk.test_fio_verifies; a class that failed as a whole
    has its own form."""
    return str(test.id()).replace("test_", "").replace("setUpClass ", "start of ")


def class_of(test):
    """test_disk.Disk, of a test, of a subtest, or of a class that failed to start."""
    text = str(test.id())
    if "(test_" in text:
        return text.split("(")[1].rstrip(")")
    return ".".join(text.split(".")[:2])


def flatten(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


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
    with open(results, "a", encoding="ascii") as file:
        for name, counts in result.counts.items():
            file.write(f"{name} {counts['ok']} {counts['FAIL']} {counts['skip']}\n")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
