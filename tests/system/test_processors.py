# SPDX-License-Identifier: MIT
"""Several processors, and what else a guest expects of a PC."""

import time

from guest import GuestTest, wait_for


class Processors(GuestTest):
    options = ["--memory=1G", "--cpus=4,sockets=1,cores=2,threads=2", "--net=none",
               "--uuid=00112233-4455-6677-8899-aabbccddeeff"]

    def test_all_are_online(self):
        self.assertEqual(self.guest.sh("nproc; cat /sys/devices/system/cpu/online"), "4\n0-3")

    def test_topology_is_as_asked(self):
        rows = self.guest.sh("lscpu -p=CPU,CORE,SOCKET | grep -v '#'").split()
        self.assertEqual(rows, ["0,0,0", "1,0,0", "2,1,0", "3,1,0"])

    def test_interrupts_reach_each(self):
        # Local timers, and interrupts of one disk queue for each processor.
        for cpu in range(4):
            before = self._interrupts(cpu)
            self.guest.sh(f"taskset -c {cpu} dd if=/dev/vda of=/dev/null bs=4k count=64 "
                          f"skip={cpu * 1000} iflag=direct 2>&1; sleep 0.1")
            timer, queue = (a - b for a, b in zip(self._interrupts(cpu), before))
            with self.subTest(cpu=cpu):
                self.assertGreater(timer, 0)
                self.assertGreaterEqual(queue, 1)

    def _interrupts(self, cpu):
        """Timer interrupts of this processor, and all of the disk queue that it uses."""
        table = self.guest.sh("cat /proc/interrupts").splitlines()
        timer = next(row.split() for row in table if row.split()[0] == "LOC:")
        queues = [row.split() for row in table if "virtio" in row and "req." in row]
        return int(timer[1 + cpu]), sum(int(row[1 + cpu]) for row in queues)

    def test_memory_is_as_asked(self):
        kib = int(self.guest.sh("sed -n 's/MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo"))
        self.assertGreater(kib, 960 << 10)  # the kernel keeps some
        self.assertLessEqual(kib, 1 << 20)

    def test_identity_is_as_asked(self):
        self.assertEqual(self.guest.sh("cat /sys/class/dmi/id/product_uuid"),
                         "00112233-4455-6677-8899-aabbccddeeff")

    def test_clock_is_the_hosts(self):
        self.assertLess(abs(int(self.guest.sh("date +%s")) - time.time()), 5)

    def test_random_numbers_come_from_the_host(self):
        self.assertIn("virtio_rng", self.guest.sh("cat /sys/class/misc/hw_random/rng_current"))
        self.assertEqual(self.guest.sh("head -c 4096 /dev/hwrng | gzip | wc -c > /run/n; "
                                       "[ $(cat /run/n) -gt 4000 ] && echo random"), "random")

    def test_pci_devices_are_named(self):
        devices = self.guest.sh("lspci")
        for name in "ICH9", "Virtio", "block", "RNG", "balloon":
            self.assertIn(name.lower(), devices.lower())

    def test_kernel_has_no_complaint(self):
        self.assertEqual(self.guest.run("dmesg | grep -E 'BUG|Oops|Call Trace|ACPI.*Error'").text,
                         "")

    def test_panic_is_reported(self):
        qmp = self.guest.qmp
        self.guest.sh("modprobe pvpanic-mmio || modprobe pvpanic-pci")
        self.guest.start("echo c >/proc/sysrq-trigger")
        qmp.wait_event("GUEST_PANICKED")
        self.assertEqual(self.guest.wait(), 11)
        self.assertIn("panic", self.guest.read("stderr"))


class LineInterrupts(GuestTest):
    """A kernel that uses no message-signalled interrupts: devices share the lines of PCI."""

    options = ["--memory=512M", "--net=user"]
    append = "pci=nomsi"

    def test_devices_work_on_them(self):
        self.guest.sh("dd if=/dev/vda of=/dev/null bs=64k count=64 iflag=direct 2>&1\n"
                      "head -c 64 /dev/hwrng >/dev/null")
        wait_for(lambda: "10.0.2.15/24" in self.guest.sh("ip -4 -o addr"), 60, "address by DHCP")
        rows = [row for row in self.guest.sh("cat /proc/interrupts").splitlines()
                if "virtio" in row]
        self.assertTrue(rows)
        for row in rows:
            self.assertIn("IO-APIC", row)

    def test_no_line_was_given_up(self):
        self.assertEqual(self.guest.run("dmesg | grep -i 'nobody cared'").text, "")
