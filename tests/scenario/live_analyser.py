"""What ends the tunnels: the kernel's vxlan devices, and Open vSwitch's userspace datapath for ERSPAN."""

import ctypes
import os
import signal
import socket

import live_card
import live_network
from live_network import Capture, Program, call

IPV4, IPV6 = live_network.ADDRESSES["analyser"]
PROGRAMS = {"erspan": ("ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-ofctl", "ovs-appctl")}
PIDFD_GETFD, SO_RCVBUFFORCE = 438, 33  # numbers of Linux that Python does not name
OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def vxlan(network, vni, local):
    """A capture of what the kernel takes out of the tunnel."""
    link = ("link", "add", "tunnel", "type", "vxlan", "id", str(vni), "local", local, "dstport", "4789", "nolearning")
    network.ip("analyser", *link)
    network.ip("analyser", "link", "set", "tunnel", "mtu", str(network.mtu))
    network.plain("analyser", "tunnel")
    network.ip("analyser", "link", "set", "tunnel", "up")
    return "tunnel"


def widen(pid):
    """Gives the switch's packet sockets room for all that may come while it is not scheduled; by default 90 frames."""
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    for number in map(int, os.listdir(f"/proc/{pid}/fd")):
        if not os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:"):
            continue
        descriptor = libc.syscall(PIDFD_GETFD, process, number, 0)
        if descriptor < 0:
            raise live_network.Failed(f"can't reach the switch's sockets: {os.strerror(ctypes.get_errno())}")
        with socket.socket(fileno=descriptor) as one:
            if one.family == socket.AF_PACKET:
                one.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    os.close(process)


def erspan(network):
    """Open vSwitch of this test's own: its folder, its database, its processes."""
    folder = network.folder
    database = f"unix:{folder}/ovs.sock"
    call("ovsdb-tool", "create", f"{folder}/ovs.db", OVS_SCHEMA)
    server = ["ovsdb-server", f"--remote=p{database}", f"--unixctl={folder}/ovsdb.ctl", f"{folder}/ovs.db"]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    environment.update({name: folder for name in ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR")})
    network.start(Program(network.within("analyser", *server), f"{folder}/ovsdb.log", env=environment))
    switch = ["ovs-vswitchd", database, f"--unixctl={folder}/switch.ctl"]
    control = network.within("analyser", "ovs-vsctl", f"--db={database}", "--timeout=60")
    call(*control, "--retry", "--no-wait", "init", env=environment)
    switch = network.start(Program(network.within("analyser", *switch), f"{folder}/switch.log", env=environment))
    mac = live_network.MACS["analyser"]
    own_stack = ["datapath_type=netdev", "fail_mode=standalone"]
    call(
        *(*control, "add-br", "outer", "--", "set", "bridge", "outer", *own_stack, f'other-config:hwaddr="{mac}"'),
        *("--", "add-port", "outer", "eth0", "--", "add-br", "inner", "--", "set", "bridge", "inner", *own_stack),
        *("--", "add-port", "inner", "tunnel", "--", "set", "interface", "tunnel", "type=erspan"),
        *("options:erspan_ver=1", f"options:key={live_card.SESSION_ID}"),
        *(f"options:remote_ip={live_card.CARD_ADDRESSES[0]}", f"options:local_ip={IPV4}"),
        env=environment,
    )
    network.switch = switch.process.pid
    # The tunnel's address moves from the interface to the switch.
    network.ip("analyser", "address", "flush", "dev", "eth0")
    network.ip("analyser", "address", "add", f"{IPV4}/24", "dev", "outer")
    for bridge in ("outer", "inner"):
        network.ip("analyser", "link", "set", bridge, "up")
    ofctl = network.within("analyser", "ovs-ofctl", "add-flow", f"unix:{folder}/inner.mgmt")
    call(*ofctl, "priority=65535,in_port=tunnel,actions=LOCAL", env=environment)
    return "inner"


def prepare(network):
    """Right before frames come: the switch learns of its address late, and opens sockets anew when an interface changes."""
    if network.switch is None:
        return
    ends = ("ovs-appctl", "-t", f"{network.folder}/switch.ctl", "tnl/ports/show", "-v")
    live_network.until(lambda: f"ipv4(dst={IPV4},proto=47" in call(*ends), "the switch does not end the tunnel")
    widen(network.switch)


def open_tunnel(network, tunnel):
    """Ends the tunnel in the analyser's namespace; a capture of what comes out of it."""
    network.wake("analyser")
    if tunnel == "erspan":
        interface = erspan(network)
    else:
        interface = vxlan(network, *((live_card.VNI, IPV4) if tunnel == "vxlan" else (live_card.VNI6, IPV6)))
    capture = Capture(network, "analyser", interface, "-Q", "in")
    network.closing.callback(capture.stop, signal.SIGINT)
    return capture
