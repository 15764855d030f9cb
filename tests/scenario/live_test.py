#!/usr/bin/python3
"""Real hosts talk through the card while a real receiver unpacks the copies.

    live_test.py FIRMWARE HELIOCTL TUNNEL...     TUNNEL: vxlan, vxlan6, erspan, each with :MTU where it is
                                                 not 1500. Needs root, else skips (77)
"""

import sys

import live_analyser
import live_network
import live_run

SKIPPED = 77
ATTEMPTS = 3  # a switch in user space may lose frames on a busy machine, whatever the card does


def run(firmware, helioctl, tunnel):
    tunnel, _, mtu = tunnel.partition(":")
    with live_network.Network(int(mtu or 1500)) as network:
        live = live_run.LiveRun(network, firmware, helioctl, tunnel)
        live.set_up()
        tally = live.exchange()
        live.silence()
        seen = live.compare()
        live.account(seen)
        live.card.stop()
        live.account(seen)
    print(f"{tunnel}: {seen}; exchanged over IPv4 and again over IPv6: {tally}")


def main():
    firmware, helioctl, *tunnels = sys.argv[1:]
    needed = [*live_run.PROGRAMS, *(p for tunnel in tunnels for p in live_analyser.PROGRAMS.get(tunnel, ()))]
    try:
        live_network.need(needed)
    except live_network.Impossible as why:
        print(f"skipped: {why}")
        return SKIPPED
    for tunnel in tunnels:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                run(firmware, helioctl, tunnel)
                break
            except live_network.Failed as error:
                print(f"{tunnel}, attempt {attempt}: {error}", file=sys.stderr)
                if not isinstance(error, live_run.ReceiverLost) or attempt == ATTEMPTS:
                    return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
