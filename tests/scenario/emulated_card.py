"""The emulated card from start to end: a configuration and frames in, frames and counters out."""

import json
import subprocess
from dataclasses import dataclass


PORTS = ("guest0", "wire0", "analyser")
SECONDS = 300  # far more than any run takes; a card that hangs is a mistake, not a long wait


class Failed(Exception):
    """A program that ended with something else than 0."""


def compile_command(helioctl, configuration, config):
    return [helioctl, "compile", "-f", configuration, "-o", config]


def run_command(firmware, config, entered, left, readings):
    command = [firmware, "--config", config, "--set", f"IN={entered}", "--set", f"OUT={left}"]
    return command + ["--readings", readings, "--until-idle"]


def counters_command(helioctl, readings, *options):
    return [helioctl, "counters", readings, *options]


def call(command):
    """What the program printed. Raises Failed with what it said against it."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{command[0]} did not end within {SECONDS} seconds") from late
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        # A program that gave up says why itself; one that was killed did not mean to.
        raise Failed(said if done.returncode == 1 and said else f"{command[0]} ended with {done.returncode}: {said}")
    return done.stdout


@dataclass
class Card:
    firmware: str
    helioctl: str

    def run(self, configuration, folder):
        """Feeds `folder`/in to the card; what leaves it goes to `folder`/out. Returns the counters."""
        config, readings = f"{folder}/config.bin", f"{folder}/readings.bin"
        call(compile_command(self.helioctl, configuration, config))
        call(run_command(self.firmware, config, f"{folder}/in", f"{folder}/out", readings))
        return json.loads(call(counters_command(self.helioctl, readings, "-o", "json")))
