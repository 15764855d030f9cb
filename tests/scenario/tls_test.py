#!/usr/bin/python3
"""Who is not let in by a card's TLS, and what it is told: the card's end and helioctl's against OpenSSL's.

    tls_test.py TLS_END [unittest arguments]                          against a server of tests/support/tls_end
    tls_test.py TLS_END --at HOST:PORT FOLDER [unittest arguments]    against a card that uses FOLDER/cards/card-1, where
                                                                      FOLDER was made by `tls_end certificates FOLDER`

Every refusal is held to the alert that the peer sees (RFC 5246, 7.2.2), and after each a good client is let in.
"""

import os
import re
import select
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

SECONDS = 30  # far more than any handshake takes: who hits it hangs
NAME = "card-1"
SUITES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": 0xC02B,
    "ECDHE-ECDSA-AES256-GCM-SHA384": 0xC02C,
    "ECDHE-ECDSA-CHACHA20-POLY1305": 0xCCA9,
}
KEYS = {"X25519": "X25519, 253 bits", "P-256": "ECDH, prime256v1, 256 bits", "P-384": "ECDH, secp384r1, 384 bits"}
UNEXPECTED_MESSAGE, HANDSHAKE_FAILURE, UNSUPPORTED, REVOKED, EXPIRED, UNKNOWN_CA = 10, 40, 43, 44, 45, 48
PROTOCOL_VERSION, BAD_CERTIFICATE = 70, 42

# Taken from the command line by main(), before the tests run.
PROGRAM = None
AT = None


def run(*command, text="", check=True):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=SECONDS)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr}")
    return done


def vector(length_bytes, content):
    return len(content).to_bytes(length_bytes, "big") + content


def extension(number, content):
    return struct.pack("!H", number) + vector(2, content)


def client_hello(suites, version=0x0303, supported_versions=()):
    """A record with a ClientHello as a strong client of today sends it, but for what is asked for."""
    extensions = extension(10, vector(2, struct.pack("!3H", 29, 23, 24)))  # curves
    extensions += extension(11, vector(1, b"\0"))  # uncompressed points
    extensions += extension(13, vector(2, struct.pack("!4H", 0x0403, 0x0503, 0x0804, 0x0401)))  # signatures
    extensions += extension(0xFF01, b"\0")  # secure renegotiation
    if supported_versions:
        versions = b"".join(struct.pack("!H", number) for number in supported_versions)
        extensions += extension(43, vector(1, versions)) + extension(51, vector(2, b""))
    body = struct.pack("!H", version) + os.urandom(32) + vector(1, b"")
    body += vector(2, b"".join(struct.pack("!H", suite) for suite in suites)) + vector(1, b"\0")
    if version > 0x0300:
        body += vector(2, extensions)
    return b"\x16" + struct.pack("!H", min(version, 0x0301)) + vector(2, b"\x01" + vector(3, body))


class Server:
    """`tls_end serve`, for as long as the tests run."""

    def __init__(self):
        self.made = tempfile.TemporaryDirectory()
        self.folder = self.made.name
        run(PROGRAM, "certificates", self.folder)
        self.process, self.address = None, None

    def start(self, card=NAME):
        command = [PROGRAM, "serve", f"{self.folder}/cards/{card}"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        host, port = re.fullmatch(r"listens on (.*):(\d+)\n", line).groups()
        self.address = (host, int(port))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()  # or it would block
        return self

    def stop(self):
        self.process.terminate()
        status = self.process.wait(SECONDS)
        self.process.stdout.close()
        return status


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if AT is None:
            cls.server = Server().start()
            cls.addClassCleanup(cls.stop)
            cls.address, cls.folder = cls.server.address, cls.server.folder
        else:
            cls.server = None
            cls.address, cls.folder = AT

    @classmethod
    def stop(cls):
        status = cls.server.stop()
        cls.server.made.cleanup()
        if status != 0:
            raise AssertionError(f"the server ended with {status}")

    def tearDown(self):
        self.assert_good_client_is_let_in()

    def user(self, name):
        return f"{self.folder}/users/{name}/certificate.pem", f"{self.folder}/users/{name}/private_key.pem"

    def context(self, user="good"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(f"{self.folder}/ca.pem")
        if user is not None:
            context.load_cert_chain(*self.user(user))
        return context

    def connect(self, context=None):
        raw = socket.create_connection(self.address, SECONDS)
        try:
            return (context or self.context()).wrap_socket(raw, server_hostname=NAME)
        except BaseException:
            raw.close()
            raise

    def assert_good_client_is_let_in(self):
        # In TLS 1.2 the card speaks last: a client that is done was let in.
        with self.connect() as client:
            self.assertEqual(client.version(), "TLSv1.2")

    def s_client(self, *options, user="good", text="", certificate=None):
        host, port = self.address
        command = ["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", f"{self.folder}/ca.pem"]
        command += ["-verify_return_error", "-verify_hostname", NAME]
        if certificate or user:
            path, key = certificate or self.user(user)
            command += ["-cert", path, "-key", key]
        return run(*command, *options, text=text, check=False)

    def assert_alert(self, done, number):
        """OpenSSL's client was refused, with this alert."""
        self.assertIn(f"SSL alert number {number}\n", done.stderr)

    def alert_for(self, sent):
        """What a card answers to these bytes, which must be one alert; its description."""
        with socket.create_connection(self.address, SECONDS) as raw:
            raw.sendall(sent)
            got = b""
            while True:
                try:
                    more = raw.recv(4096)
                except ConnectionResetError:
                    break
                if not more:
                    break
                got += more
        self.assertEqual((got[:1], got[3:6], len(got)), (b"\x15", b"\0\x02\x02", 7), got)
        return got[6]


class Accepted(Case):
    def test_the_strong_suites(self):
        for suite in SUITES:
            context = self.context()
            context.set_ciphers(suite)
            with self.subTest(suite), self.connect(context) as client:
                self.assertEqual(client.cipher()[0], suite)

    def test_each_curve_that_fits_the_certificate(self):
        for curves, used in (("X25519:P-256", "X25519"), ("P-256", "P-256"), ("P-384:P-256", "P-256")):
            with self.subTest(curves):
                self.assertIn(f"Server Temp Key: {KEYS[used]}", self.s_client("-tls1_2", "-curves", curves).stdout)

    def test_bytes_come_through_whole(self):
        if AT is not None:
            self.skipTest("a card does not echo")
        sent = os.urandom(300_000)
        with self.connect() as client:
            # In one thread: OpenSSL's connections are not for two at once.
            client.setblocking(False)
            left, got = memoryview(sent), b""
            while len(got) < len(sent):
                waits_for_room = False
                try:
                    if left:
                        left = left[client.send(left) :]
                except ssl.SSLWantWriteError:
                    waits_for_room = True
                try:
                    more = client.recv(65536)
                    self.assertTrue(more)
                    got += more
                except ssl.SSLWantReadError:
                    if waits_for_room or not left:
                        select.select([client], [client] if waits_for_room else [], [], SECONDS)
            client.settimeout(SECONDS)
            self.assertEqual(got, sent)
            client.unwrap()  # raises unless the card says goodbye too

    def test_no_session_is_kept(self):
        done = self.s_client("-tls1_2")
        self.assertIn("Secure Renegotiation IS supported", done.stdout)
        self.assertNotIn("TLS session ticket:", done.stdout)
        self.assertIn("New, TLSv1.2", done.stdout)
        with tempfile.NamedTemporaryFile() as session:
            self.s_client("-tls1_2", "-sess_out", session.name)
            again = self.s_client("-tls1_2", "-sess_in", session.name)
            self.assertIn("New, TLSv1.2", again.stdout)
            self.assertNotIn("Reused", again.stdout)


class RsaCard(Case):
    """The same with a card whose key is RSA, in a certificate that OpenSSL made, in DER."""

    @classmethod
    def setUpClass(cls):
        if AT is not None:
            raise unittest.SkipTest("the card has the certificate that it has")
        cls.server = Server()
        cls.folder = cls.server.folder
        card, user = f"{cls.folder}/cards/rsa", f"{cls.folder}/users/good"
        os.makedirs(card)
        request = ["-newkey", "rsa:2048", "-keyout", f"{card}/key.pem", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        run("openssl", "req", "-new", "-nodes", *request, "-out", f"{card}/request.pem")
        authority = ["-CA", f"{cls.folder}/ca.pem", "-CAkey", f"{cls.folder}/ca.key", "-set_serial", "78"]
        made = ["-in", f"{card}/request.pem", "-copy_extensions", "copy", "-outform", "DER", "-out", f"{card}/certificate.pem"]
        run("openssl", "x509", "-req", *authority, "-days", "2", *made)
        run("openssl", "rsa", "-in", f"{card}/key.pem", "-outform", "DER", "-out", f"{card}/private_key.pem")
        run("openssl", "x509", "-in", f"{user}/ca.pem", "-outform", "DER", "-out", f"{card}/ca.pem")
        run("openssl", "crl", "-in", f"{user}/crl.pem", "-outform", "DER", "-out", f"{card}/crl.pem")
        cls.address = cls.server.start("rsa").address
        cls.addClassCleanup(cls.stop)

    def test_the_strong_suites(self):
        for suite in ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"):
            context = self.context()
            context.set_ciphers(suite)
            with self.subTest(suite), self.connect(context) as client:
                self.assertEqual(client.cipher()[0], suite)

    def test_each_curve(self):
        for curve, key in KEYS.items():
            with self.subTest(curve):
                done = self.s_client("-tls1_2", "-curves", f"{curve}", certificate=self.rsa_user())
                self.assertIn(f"Server Temp Key: {key}", done.stdout, done.stderr)

    def rsa_user(self):
        return f"{self.folder}/cards/rsa/certificate.pem", f"{self.folder}/cards/rsa/private_key.pem"

    def test_revoked(self):
        self.assert_alert(self.s_client("-tls1_2", user="revoked"), REVOKED)


class Certificates(Case):
    def assert_refused(self, alert, **client):
        self.assert_alert(self.s_client("-tls1_2", **client), alert)

    def test_of_another_authority(self):
        self.assert_refused(UNKNOWN_CA, user="stranger")

    def test_of_an_authority_of_the_same_name(self):
        self.assert_refused(UNKNOWN_CA, user="forged")

    def test_expired(self):
        self.assert_refused(EXPIRED, user="expired")

    def test_not_yet_valid(self):
        self.assert_refused(EXPIRED, user="future")

    def test_revoked(self):
        self.assert_refused(REVOKED, user="revoked")

    def test_none(self):
        self.assert_refused(HANDSHAKE_FAILURE, user=None)

    def test_a_cards(self):
        folder = f"{self.folder}/cards/other"
        self.assert_refused(UNSUPPORTED, certificate=(f"{folder}/certificate.pem", f"{folder}/private_key.pem"))

    def signed(self, folder, name, *key_options, digest="-sha256"):
        """A client's certificate by our authority that helioctl would not make."""
        key, request, path = (f"{folder}/{name}.{kind}" for kind in ("key", "csr", "pem"))
        run("openssl", "req", "-new", "-nodes", "-newkey", *key_options, "-keyout", key, "-subj", f"/CN={name}", "-out", request)
        authority = ["-CA", f"{self.folder}/ca.pem", "-CAkey", f"{self.folder}/ca.key", "-set_serial", "77"]
        run("openssl", "x509", "-req", "-in", request, *authority, "-days", "2", digest, "-out", path)
        return path, key

    def test_with_a_weak_key_or_signature(self):
        weak = "DEFAULT@SECLEVEL=0"
        with tempfile.TemporaryDirectory() as folder:
            good = self.signed(folder, "rsa2048", "rsa:2048")
            self.assertEqual(self.s_client("-tls1_2", certificate=good).returncode, 0)
            for name, number, options, digest in (
                ("rsa1024", UNSUPPORTED, ["rsa:1024"], "-sha256"),
                ("sha1", 46, ["rsa:2048"], "-sha1"),
                ("p521", UNSUPPORTED, ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"], "-sha256"),
            ):
                with self.subTest(name):
                    certificate = self.signed(folder, name, *options, digest=digest)
                    self.assert_refused_weak(weak, certificate, number)

    def test_with_a_key_or_a_chain_that_takes_long_to_verify(self):
        with tempfile.TemporaryDirectory() as folder:
            large = self.signed(folder, "exponent", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:4294967297")
            self.assert_refused(UNSUPPORTED, certificate=large)
            with open(self.user("good")[0], encoding="ascii") as good, open(f"{folder}/chain.pem", "w", encoding="ascii") as chain:
                chain.write(good.read() * 4)
            self.assert_alert(self.s_client("-tls1_2", "-cert_chain", f"{folder}/chain.pem"), UNSUPPORTED)

    def assert_refused_weak(self, ciphers, certificate, number):
        self.assert_alert(self.s_client("-tls1_2", "-cipher", ciphers, certificate=certificate), number)


class Encryption(Case):
    def test_weak_suites(self):
        for name, suite in {
            "ECDHE-ECDSA-AES128-SHA256 (CBC)": 0xC023,
            "ECDHE-ECDSA-AES256-SHA (CBC)": 0xC00A,
            "ECDHE-ECDSA-AES128-CCM": 0xC0AC,
            "ECDHE-ECDSA-NULL-SHA": 0xC006,
            "RSA-AES128-GCM": 0x009C,
            "RSA-AES128-SHA": 0x002F,
            "RSA-NULL-SHA256": 0x003B,
            "RSA-3DES": 0x000A,
            "RSA-RC4": 0x0005,
            "DHE-RSA-AES128-GCM": 0x009E,
            "ECDH-ECDSA-AES128-GCM": 0xC02D,
            "anonymous DH": 0x00A6,
            "anonymous ECDH": 0xC018,
            "PSK-AES128-GCM": 0x00A8,
            "ECDHE-PSK-AES128": 0xC035,
            "none": 0x0000,
        }.items():
            with self.subTest(name):
                self.assertEqual(self.alert_for(client_hello([suite])), HANDSHAKE_FAILURE)
                self.assert_good_client_is_let_in()

    def test_weak_suites_of_openssl(self):
        for suite in ("ECDHE-ECDSA-AES128-SHA", "AES128-SHA", "AES256-GCM-SHA384", "eNULL", "aNULL"):
            with self.subTest(suite):
                self.assert_alert(self.s_client("-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0"), HANDSHAKE_FAILURE)

    def test_versions_before_1_2(self):
        for version in (0x0300, 0x0301, 0x0302):
            with self.subTest(hex(version)):
                self.assertEqual(self.alert_for(client_hello(SUITES.values(), version)), PROTOCOL_VERSION)
        for option in ("-tls1", "-tls1_1"):
            with self.subTest(option):
                self.assert_alert(self.s_client(option, "-cipher", "DEFAULT@SECLEVEL=0"), PROTOCOL_VERSION)

    def test_version_1_3_alone(self):
        self.assert_alert(self.s_client("-tls1_3"), PROTOCOL_VERSION)
        hello = client_hello([0x1301, 0x1302], supported_versions=[0x0304])
        self.assertEqual(self.alert_for(hello), PROTOCOL_VERSION)
        hello = client_hello([0x1301, 0x1302], supported_versions=[0x0304, 0x0303])
        self.assertEqual(self.alert_for(hello), HANDSHAKE_FAILURE)  # it is the suites

    def test_curves_that_are_not_ours(self):
        self.assert_alert(self.s_client("-tls1_2", "-curves", "P-521"), HANDSHAKE_FAILURE)

    def test_renegotiation(self):
        host, port = self.address
        certificate, key = self.user("good")
        command = ["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", f"{self.folder}/ca.pem", "-tls1_2"]
        client = subprocess.Popen(
            [*command, "-msg", "-cert", certificate, "-key", key],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        said = ""
        for line in client.stdout:  # until it is connected
            said += line
            if "Extended master secret" in line:
                break
        said += client.communicate("R\n", SECONDS)[0]
        self.assertIn("RENEGOTIATING", said)
        self.assertRegex(said, "(?s)RENEGOTIATING.*<<< TLS 1.2, Alert .*, warning no_renegotiation\n    01 64\n")

    def test_renegotiation_of_the_old_kind(self):
        # A client that does not know RFC 5746 can't tell when an attacker's bytes were put before its own.
        suites = list(SUITES.values())
        hello = client_hello(suites).replace(b"\xff\x01\x00\x01\x00", b"\xff\x02\x00\x01\x00")
        self.assertEqual(self.alert_for(hello), HANDSHAKE_FAILURE)


class NotTls(Case):
    def test_plain_text(self):
        for name, sent in {
            "HTTP": b"GET / HTTP/1.1\r\nHost: card\r\n\r\n",
            "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
            "zeros": bytes(100),
            "SSL 2": b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + bytes(37),
            "a frame of ours": b"\0\0\0\x04\x08\x01\x12\0",
        }.items():
            with self.subTest(name):
                self.assertEqual(self.alert_for(sent), UNEXPECTED_MESSAGE)
                self.assert_good_client_is_let_in()

    def test_a_peer_that_says_nothing(self):
        with socket.create_connection(self.address, SECONDS):
            self.assert_good_client_is_let_in()

    def test_half_a_hello(self):
        hello = client_hello(SUITES.values())
        for size in (1, 4, 5, 6, len(hello) // 2, len(hello) - 1):
            with socket.create_connection(self.address, SECONDS) as raw:
                raw.sendall(hello[:size])
                self.assert_good_client_is_let_in()


class OtherCards(unittest.TestCase):
    """helioctl's end, before cards that OpenSSL plays."""

    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory()
        cls.folder = cls.made.name
        cls.addClassCleanup(cls.made.cleanup)
        run(PROGRAM, "certificates", cls.folder)

    def meet(self, card, *options, name=NAME, user="good"):
        """What `tls_end connect` and `openssl s_server` said."""
        folder = f"{self.folder}/cards/{card}"
        files = ["-cert", f"{folder}/certificate.pem", "-key", f"{folder}/private_key.pem", "-CAfile", f"{self.folder}/ca.pem"]
        server = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-Verify", "1", "-rev", "-naccept", "1", *files, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        said = ""
        for line in server.stdout:
            said += line
            listens = re.match(r"ACCEPT 127\.0\.0\.1:(\d+)", line)
            if listens:
                break
        client = run(PROGRAM, "connect", f"{self.folder}/users/{user}", "127.0.0.1", listens[1], name, check=False)
        said += server.communicate(timeout=SECONDS)[0]
        return client.stdout, said

    def test_a_good_one(self):
        client, _ = self.meet(NAME, "-tls1_2")
        self.assertEqual(client, f"accepted: CN={NAME}\nolleh\n")

    def assert_refused(self, words, alert, card, *options, **more):
        client, server = self.meet(card, *options, **more)
        self.assertRegex(client, "refused: .*" + words)
        if alert is not None:
            self.assertIn(f"SSL alert number {alert}\n", server)

    def test_are_refused_for_their_certificates(self):
        for card, words, alert in (
            ("stranger", "is not signed by our authority", UNKNOWN_CA),
            ("forged", "is not signed by our authority", UNKNOWN_CA),
            ("expired", "expired 1 day ago", EXPIRED),
            ("future", "is not valid for another", EXPIRED),
            ("revoked", "is revoked", REVOKED),
            ("other", 'is not for the name "card-1"', BAD_CERTIFICATE),
        ):
            with self.subTest(card):
                self.assert_refused(words, alert, card, "-tls1_2")

    def test_are_refused_when_they_hold_a_users_certificate(self):
        folder = f"{self.folder}/users/good"
        files = ["-cert", f"{folder}/certificate.pem", "-key", f"{folder}/private_key.pem"]
        self.assert_refused("is not (meant for cards|for the name)", None, NAME, "-tls1_2", *files)

    def test_are_refused_when_they_are_weak(self):
        for options in (
            ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
            ["-tls1_3"],
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"],
        ):
            with self.subTest(options):
                self.assert_refused("", None, NAME, *options)


def main():
    global PROGRAM, AT
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    if len(sys.argv) > 3 and sys.argv[1] == "--at":
        host, _, port = sys.argv[2].rpartition(":")
        AT = (host.strip("[]"), int(port)), sys.argv[3]
        del sys.argv[1:4]
    unittest.main()


if __name__ == "__main__":
    main()
