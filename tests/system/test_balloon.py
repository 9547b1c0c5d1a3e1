# SPDX-License-Identifier: MIT
"""The balloon: memory that the guest does not need goes back to the host."""

from guest import GuestTest, wait_for

MIB = 1 << 20


class Balloon(GuestTest):
    options = ["--memory=768M", "--cpus=2", "--net=none"]

    def test_free_pages_are_reported(self):
        self._touch_memory()
        full = self.guest.memory()
        self.assertGreater(full, 300 * MIB)
        self.guest.sh("rm /run/big/file")
        # The guest's kernel reports free pages with a delay of some seconds.
        wait_for(lambda: self.guest.memory() < full - 200 * MIB, 60, "memory given back")

    def test_inflating_gives_memory_back(self):
        self._touch_memory()
        full = self.guest.memory()
        self.guest.sh("rm /run/big/file")
        self.guest.qmp.command("balloon", value=384 * MIB)
        wait_for(lambda: self._actual() == 384 * MIB, 60, "balloon inflated")
        self.assertLess(self.guest.memory(), full - 200 * MIB)
        self.assertGreater(self.guest.qmp.count("BALLOON_CHANGE"), 0)

    def test_deflating_lets_the_guest_use_it(self):
        self.guest.qmp.command("balloon", value=768 * MIB)
        wait_for(lambda: self._actual() == 768 * MIB, 60, "balloon deflated")
        self._touch_memory()

    def _touch_memory(self):
        self.guest.sh("""mkdir -p /run/big
            mountpoint -q /run/big || mount -t tmpfs -o size=90% big /run/big
            dd if=/dev/zero of=/run/big/file bs=1M count=300 2>&1""", 120)

    def _actual(self):
        return self.guest.qmp.command("query-balloon")["actual"]
