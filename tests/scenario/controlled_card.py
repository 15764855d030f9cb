"""A card on the emulated board that is configured over its control connection.

    authority = Authority(helioctl, folder)                    # helioctl pki init: certificates for a card and an admin
    card = ControlledCard(firmware, authority, folder)
    card.start()                                               # returns when it listens
    card.helioctl("get", "sessions")                           # as the admin; card.helioctl_as("alice", ...)
    with card.rpc() as rpc: ...                                # frames, see card_rpc.py
    card.kill(); card.start(); card.stop()
"""

import os
import re
import signal
import subprocess
import tempfile
import time

import card_case
import card_rpc
import pcap

SECONDS = 60  # far more than any start or stop takes: who hits it hangs
LISTENS = re.compile(r"heliostat: control on (.+):(\d+)\n")


class Authority:
    """`folder`/pki, made by `helioctl pki init`: cards/card0, users/admin, and whoever is issued later."""

    def __init__(self, helioctl, folder):
        self.helioctl, self.folder = helioctl, f"{folder}/pki"
        self.run("init", "--dir", self.folder, "--no-context")

    def run(self, *arguments):
        done = subprocess.run([self.helioctl, "pki", *arguments], capture_output=True, text=True, check=False, timeout=SECONDS)
        if done.returncode != 0:
            raise AssertionError(f"pki {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    def issue(self, role, user, *options):
        self.run("issue", role, user, "--dir", self.folder, *options)
        return user

    def card(self, name="card0"):
        return f"{self.folder}/cards/{name}"

    def user(self, name):
        return f"{self.folder}/users/{name}"

    def credentials(self, user="admin", server_name="card0"):
        folder = self.user(user)
        return card_rpc.Credentials(
            f"{self.folder}/ca.pem", f"{folder}/certificate.pem", f"{folder}/private_key.pem", server_name
        )


def board_without_frames(helioctl, folder, more=""):
    """guest0, wire0 and analyser as rings, for who only talks to the card; `more` is text of the board."""
    kinds = {"guest0": "VM", "wire0": "EDGE", "analyser": "EDGE"}
    ports = [card_case.Port(name, kind, device=f"net_ring_{name}") for name, kind in kinds.items()]
    with open(f"{folder}/board.textproto", "w", encoding="utf-8") as file:
        file.write(card_case.Board(ports=ports, more=more).text())
    subprocess.run([helioctl, "board", f"{folder}/board.textproto", "-o", f"{folder}/board.bin"], check=True)
    return f"{folder}/board.bin"


class ControlledCard:
    def __init__(self, firmware, authority, folder, board=None, arguments=()):
        self.firmware, self.authority, self.folder = firmware, authority, folder
        self.state = f"{folder}/state.flash"
        self.board, self.arguments = board, list(arguments)
        self.process, self.address, self.starts = None, None, 0
        os.makedirs(f"{folder}/in", exist_ok=True)
        os.makedirs(f"{folder}/out", exist_ok=True)

    def command(self):
        command = [self.firmware, "--state", self.state, "--trust", self.authority.card(), "--listen", "127.0.0.1:0"]
        command += ["--set", f"IN={self.folder}/in", "--set", f"OUT={self.folder}/out"]
        return command + (["--board", self.board] if self.board else []) + self.arguments

    def launch(self):
        """Starts it, and does not wait."""
        assert self.process is None
        self.starts += 1
        self.words_path = f"{self.folder}/words-{self.starts}"
        with open(self.words_path, "w", encoding="utf-8") as words:
            self.process = subprocess.Popen(self.command(), stderr=words, stdout=subprocess.DEVNULL)

    def start(self):
        self.launch()
        return self.wait_until_it_listens()

    def wait_until_it_listens(self):
        found = self.wait_for("it listens", lambda: LISTENS.search(self.words()))
        self.address = (found[1].strip("[]"), int(found[2]))
        return self

    def words(self):
        with open(self.words_path, encoding="utf-8") as file:
            return file.read()

    def wait_for(self, what, condition):
        """The first true value of `condition`; raises when the program ends before."""
        late = time.monotonic() + SECONDS
        while time.monotonic() < late:
            value = condition()
            if value:
                return value
            if self.process.poll() is not None:
                raise AssertionError(f"the card ended with {self.process.returncode} before {what}:\n{self.words()}")
            time.sleep(0.002)
        raise AssertionError(f"not within {SECONDS} s: {what}\n{self.words()}")

    def kill(self):
        """As a power cut would end it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(SECONDS)
        self.process = None

    def stop(self):
        """Ends it in order; returns what it said. Raises when it did not end well."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(SECONDS)
        self.process = None
        if status != 0:
            raise AssertionError(f"the card ended with {status}:\n{self.words()}")
        return self.words()

    def close(self):
        if self.process is not None:
            self.kill()

    def rpc(self, user="admin", **options):
        return card_rpc.CardRpc(self.address, self.authority.credentials(user), **options)

    def helioctl(self, *arguments, user="admin", text=None):
        """A finished `helioctl ARGUMENTS` against this card."""
        folder = self.authority.user(user)
        environment = {
            **os.environ,
            "HELIOSTAT_CARD": f"{self.address[0]}:{self.address[1]}",
            "HELIOSTAT_SERVER_NAME": "card0",
            "HELIOSTAT_CA": f"{self.authority.folder}/ca.pem",
            "HELIOSTAT_CERTIFICATE": f"{folder}/certificate.pem",
            "HELIOSTAT_KEY": f"{folder}/private_key.pem",
            "HELIOSTAT_CONFIG": f"{self.folder}/no-such-config.yaml",
        }
        command = [self.authority.helioctl, *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=SECONDS, env=environment, input=text or ""
        )

    def send(self, port, frames):
        """Frames that enter by a port, beside those that did before."""
        path = f"{self.folder}/in/{port}.pcap"
        if os.path.exists(path):
            raise AssertionError(f"{path} is there already")
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as made:
            pass
        pcap.write(made.name, frames)
        os.rename(made.name, path)

    def left(self, port):
        """Whole frames that have left by a port so far."""
        return pcap.read(f"{self.folder}/out/{port}.pcap")
