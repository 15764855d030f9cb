"""The card of the board linux on a live network: started, counted, stopped."""

import json
import os
import signal

import live_network
from live_network import Failed, call, until

CARD_ADDRESSES = ("10.9.0.1", "fd00:9::1")
VNI, VNI6, SESSION_ID = 4242, 4243, 7

# The copies go out as the kernel's own vxlan device or Open vSwitch expects them; the neighbour is static.
CONFIGURATION = """
apiVersion: heliostat/v1
kind: Underlay
metadata: {{name: analyser}}
spec:
  addresses: ["{card4}/24", "{card6}/64"]
  neighbours:
    - {{address: "{analyser4}", mac: "{mac}"}}
    - {{address: "{analyser6}", mac: "{mac}"}}
---
apiVersion: heliostat/v1
kind: Target
metadata: {{name: analyser}}
spec: {target}
---
apiVersion: heliostat/v1
kind: Filter
metadata: {{name: everything}}
spec:
  inbound: [{{number: 1, action: accept}}]
  outbound: [{{number: 1, action: accept}}]
---
apiVersion: heliostat/v1
kind: Session
metadata: {{name: everything}}
spec: {{number: 1, sources: [guest0], filter: everything, target: analyser, direction: all, {identifier}}}
"""


def configuration(tunnel):
    """The YAML that mirrors all of guest0 in `tunnel`: vxlan, vxlan6 or erspan."""
    analyser4, analyser6 = live_network.ADDRESSES["analyser"]
    target, identifier = {
        "vxlan": (f'{{encapsulation: vxlan, remote: "{analyser4}"}}', f"vni: {VNI}"),
        "vxlan6": (f'{{encapsulation: vxlan, remote: "{analyser6}", udpChecksum: true}}', f"vni: {VNI6}"),
        "erspan": (f'{{encapsulation: erspan2, remote: "{analyser4}"}}', f"sessionId: {SESSION_ID}"),
    }[tunnel]
    card4, card6 = CARD_ADDRESSES
    mac = live_network.MACS["analyser"]
    return CONFIGURATION.format(**locals())


class LiveCard:
    def __init__(self, network, firmware, helioctl, tunnel):
        self.network, self.helioctl = network, helioctl
        self.yaml, self.config = f"{network.folder}/mirror.yaml", f"{network.folder}/config.bin"
        self.readings = f"{network.folder}/readings.bin"
        with open(self.yaml, "w", encoding="utf-8") as file:
            file.write(configuration(tunnel))
        call(helioctl, "compile", "-f", self.yaml, "-o", self.config)
        ends = [word for name in ("guest0", "wire0", "analyser") for word in ("--set", f"{name.upper()}={name}")]
        self.command = [firmware, "--config", self.config, *ends, "--readings", self.readings]
        program = live_network.Program(network.within("card", *self.command), f"{network.folder}/card.log")
        self.program = network.start(program)
        self.program.wait_for("runs with")

    def counters(self, form="json"):
        """As of now. A reading is written whole, so a new file is a new reading."""
        before = self.stamp()
        if self.program.process.poll() is None:
            self.program.process.send_signal(signal.SIGUSR1)
            until(lambda: self.stamp() != before, "the card writes no counters")
        words = call(self.helioctl, "counters", self.readings, "-o", form)
        return json.loads(words) if form == "json" else words

    def stamp(self):
        return os.stat(self.readings).st_ino if os.path.exists(self.readings) else None

    def stop(self):
        """The final words of a card that was told to end."""
        status = self.program.stop(signal.SIGTERM)
        words = self.program.words()
        if status != 0 or "stopped; the ledger balances" not in words:
            raise Failed(f"told to end, the card gave exit status {status} and said: {words.strip()}")
        return words
