#!/usr/bin/python3
"""tls_test.py against the card's own program, which must still be there behind it: tls_card_test.py FIRMWARE TLS_END."""

import os
import subprocess
import sys
import tempfile

from controlled_card import ControlledCard


class Certificates:
    """Of tests/support/tls_end, in the place of an Authority."""

    def __init__(self, tls_end, folder):
        self.folder = folder
        subprocess.run([tls_end, "certificates", folder], check=True, stdout=subprocess.DEVNULL)

    def card(self):
        return f"{self.folder}/cards/card-1"


def main():
    firmware, tls_end = (os.path.abspath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="heliostat-tls-") as folder:
        certificates = Certificates(tls_end, f"{folder}/certificates")
        card = ControlledCard(firmware, certificates, folder).start()
        try:
            test = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tls_test.py")
            command = [sys.executable, test, tls_end, "--at", "{}:{}".format(*card.address), certificates.folder]
            status = subprocess.run([*command, *sys.argv[3:]], check=False).returncode
            card.stop()
        finally:
            card.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
