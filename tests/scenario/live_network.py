"""Network namespaces joined by the card, real kernels at every end, and what runs in them.

    guest [eth0] -- veth -- [guest0] card [wire0] -- veth -- [eth0] outside
                                card [analyser] -- veth -- [eth0] analyser

Every name carries this process's id. Leaving the `with` block ends what was started, by its pid, and removes the
namespaces, on SIGINT and SIGTERM too.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

import pcap

HOSTS = ("guest", "outside")
PLACES = (*HOSTS, "card", "analyser")
MACS = {"guest": "02:00:00:00:07:01", "outside": "02:00:00:00:07:02", "analyser": "02:00:00:00:09:02"}
ADDRESSES = {
    "guest": ("10.7.0.1", "fd00:7::1"),
    "outside": ("10.7.0.2", "fd00:7::2"),
    "analyser": ("10.9.0.2", "fd00:9::2"),
}
CARD_ENDS = {"guest": "guest0", "outside": "wire0", "analyser": "analyser"}
ANALYSER_ROOM = 500  # above the MTU of the hosts: outer headers round a whole frame
PROCESSOR = min(os.sched_getaffinity(0))  # that of all frames and of the hosts' programs
SECONDS = 120  # the longest wait for a state; the machine may be busy with other things


class Failed(Exception):
    """What did not come true, in words for a person."""


class Impossible(Exception):
    """What this machine lacks for a live run."""


def until(condition, what, seconds=SECONDS):
    """Waits for the state; its value, when that is true. `what` may be a function that says how things stand."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Failed(f"after {seconds} s still: {what() if callable(what) else what}")
        time.sleep(0.02)
    return value


def call(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS, **more)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise Failed(f"`{' '.join(command)}` ended with {done.returncode}: {said}")
    return done.stdout


def need(programs):
    """Raises Impossible unless a live run can be made here."""
    if os.geteuid() != 0:
        raise Impossible("needs root, for network namespaces and packet sockets")
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        raise Impossible(f"needs {', '.join(missing)} (Debian: iproute2, ethtool, tcpdump, openvswitch-switch)")
    probe = f"heliostat-{os.getpid()}-probe"
    try:
        call("ip", "netns", "add", probe)
    except Failed as error:
        raise Impossible(f"can't make network namespaces: {error}") from error
    try:
        call("ip", "-n", probe, "link", "add", "one", "type", "veth", "peer", "name", "two")
        call("ip", "-n", probe, "link", "add", "tunnel", "type", "vxlan", "id", "1", "dstport", "4789")
    except Failed as error:
        raise Impossible(f"this kernel has no veth or vxlan devices: {error}") from error
    finally:
        call("ip", "netns", "del", probe)


class Program:
    """A program in the background, its words in a file."""

    def __init__(self, command, log, **more):
        self.command, self.log = command, log
        with open(log, "wb") as words:
            self.process = subprocess.Popen(command, stdout=words, stderr=subprocess.STDOUT, **more)

    def words(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, text):
        def said():
            if self.process.poll() is not None and text not in self.words():
                raise Failed(f"{self.command} ended with {self.process.returncode}: {self.words().strip()}")
            return text in self.words()

        until(said, lambda: f"{self.command} has not said {text!r}: {self.words().strip()}")

    def stop(self, how=signal.SIGTERM, seconds=SECONDS):
        """Its exit status. What does not end in time is killed."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Capture(Program):
    """tcpdump on an interface, into a file that can be read while it grows."""

    def __init__(self, network, place, interface, *options):
        self.path = f"{network.folder}/{place}-{interface}.pcap"
        command = network.within(place, "tcpdump", "-i", interface, "-w", self.path, "-U", "--immediate-mode")
        super().__init__(command + ["-B", "32768", "-s", "262144", "-Z", "root", *options], f"{self.path}.log")
        self.wait_for("listening on")

    def frames(self):
        """None while a frame is being written."""
        try:
            return pcap.read(self.path)
        except ValueError:
            return None

    def finish(self):
        self.stop(signal.SIGINT)
        if "\n0 packets dropped by kernel" not in self.words():
            raise Failed(f"tcpdump on {self.path} has lost frames: {self.words().strip()}")
        return pcap.read(self.path)


class Network:
    """The namespaces of one run. `mtu` is that of the hosts."""

    def __init__(self, mtu=1500):
        self.mtu, self.folder = mtu, None
        self.closing = contextlib.ExitStack()
        self.switch = None  # the process of a switch in user space, where there is one

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            previous = signal.signal(number, self.interrupted)
            self.closing.callback(signal.signal, number, previous)
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            self.folder = tempfile.mkdtemp(prefix="heliostat-live-")
            self.closing.callback(shutil.rmtree, self.folder, ignore_errors=True)
            for place in PLACES:
                self.closing.callback(self.remove, place)
                call("ip", "netns", "add", self.name(place))
                # Nothing speaks before it is told to.
                self.write(place, "ipv6/conf/default/disable_ipv6", 1)
                self.write(place, "ipv6/conf/all/disable_ipv6", 1)
            for place, end in CARD_ENDS.items():
                self.join(place, end)
            undo.pop_all()
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        # A second signal must not leave half of it behind.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        self.closing.close()

    @staticmethod
    def interrupted(number, _):
        raise SystemExit(128 + number)

    def name(self, place):
        return f"heliostat-{os.getpid()}-{place}"

    def within(self, place, *command):
        return ["ip", "netns", "exec", self.name(place), *command]

    def ip(self, place, *words):
        return call("ip", "-n", self.name(place), *words)

    def remove(self, place):
        if os.path.exists(f"/run/netns/{self.name(place)}"):
            call("ip", "netns", "del", self.name(place))

    def write(self, place, key, value):
        call(*self.within(place, "sh", "-c", f"echo {value} > /proc/sys/net/{key}"))

    def start(self, program):
        """Hands a program over: it ends with the network."""
        self.closing.callback(program.stop)
        return program

    def join(self, place, end):
        name = self.name(place)
        mtu = str(self.mtu + (ANALYSER_ROOM if place == "analyser" else 0))
        call(
            *("ip", "link", "add", "eth0", "netns", name, "address", MACS[place], "mtu", mtu, "type", "veth"),
            *("peer", "name", end, "netns", self.name("card"), "mtu", mtu),
        )
        # A veth gives a frame to the processor that sends it: two of them would race, and with them the frames. With
        # one, and the hosts' programs on it too, captures at both ends show one order.
        steering = "queues/rx-0/rps_cpus"
        for somewhere, interface in ((place, "eth0"), ("card", end)):
            path = f"/sys/class/net/{interface}/{steering}"
            call(*self.within(somewhere, "sh", "-c", f"echo {1 << PROCESSOR:x} > {path}"))
        # The card can't reach this end of the veth: without this the kernel leaves checksums to be filled in by a NIC
        # that is not there, and frames far above the MTU to be cut by it.
        self.plain(place, "eth0")
        self.ip(place, "link", "set", "lo", "up")
        self.ip(place, "link", "set", "eth0", "up")

    def plain(self, place, interface):
        """No offloads: what the interface sends and receives are frames as on a wire."""
        off = [word for offload in ("tx", "rx", "tso", "gso", "gro") for word in (offload, "off")]
        call(*self.within(place, "ethtool", "-K", interface, *off))

    def wake(self, place):
        """The host gets its addresses, and waits until duplicate address detection is done."""
        ipv4, ipv6 = ADDRESSES[place]
        self.ip(place, "address", "add", f"{ipv4}/24", "dev", "eth0")
        self.write(place, "ipv6/conf/eth0/disable_ipv6", 0)
        self.ip(place, "address", "add", f"{ipv6}/64", "dev", "eth0")

    def wait_awake(self, place):
        tentative = ("-6", "address", "show", "dev", "eth0", "tentative")
        until(lambda: not self.ip(place, *tentative).strip(), f"{place} has tentative addresses")

    def silence(self, place):
        """Ends every reason to send: no address, no neighbour to look after."""
        self.ip(place, "address", "flush", "dev", "eth0")
        self.write(place, "ipv6/conf/eth0/disable_ipv6", 1)
