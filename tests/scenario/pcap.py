"""Plain pcap files with link type Ethernet, read and written whole."""

import struct

MAGICS = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}


def read(path):
    """The frames of a file, as bytes. A record that was cut raises: what is compared must be whole."""
    with open(path, "rb") as file:
        data = file.read()
    order = next((o for o in "<>" if len(data) >= 24 and struct.unpack_from(o + "I", data)[0] in MAGICS), None)
    if order is None:
        raise ValueError(f"{path}: not a pcap file")
    if struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF != 1:
        raise ValueError(f"{path}: not a capture of Ethernet")
    record = struct.Struct(order + "8xII").unpack_from
    frames, at, end = [], 24, len(data)
    while at < end:
        if at + 16 > end:
            raise ValueError(f"{path}: frame {len(frames) + 1} is cut short")
        captured, original = record(data, at)
        at += 16
        if captured != original or at + captured > end:
            raise ValueError(f"{path}: frame {len(frames) + 1} is cut: {captured} of {original} bytes")
        frames.append(data[at : at + captured])
        at += captured
    return frames


def write(path, frames):
    """Frames one microsecond apart; no frames make a file that holds none."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for number, frame in enumerate(frames):
            seconds, microseconds = divmod(number, 1_000_000)
            file.write(struct.pack("<IIII", seconds, microseconds * 1000, len(frame), len(frame)))
            file.write(frame)
