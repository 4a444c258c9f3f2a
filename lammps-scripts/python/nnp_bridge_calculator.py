"""ASE calculator for potentials served by nnp-bridge. Needs ASE (and numpy, which comes with it), nothing else: copy this file.

    from nnp_bridge_calculator import NNPBridge
    with NNPBridge("potentials/Si") as calc:            # starts a server of its own
        atoms.calc = calc
        print(atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress())

    calc = NNPBridge(server="unix:nnp.sock")            # or tcp:HOST:PORT: uses `nnp-bridge serve ... --listen unix:nnp.sock`

Every wait has a deadline; when the server dies, is mute or reports an error, NNPBridgeError is raised and no result remains.
"""
import json
import os
import shlex
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import weakref

import numpy as np
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes

_HEADER = struct.Struct("<IHHIIQq")
_MAGIC, _VERSION = 0x31504E4E, 1
_HELLO, _HELLO_OK, _STEP, _FORCES, _ERR = 1, 2, 3, 4, 5
_TYPES, _EATOM = 1, 4


class NNPBridgeError(RuntimeError):
    """The server cannot be started or reached, died, stayed mute, or refused the structure."""


class NNPBridge(Calculator):
    """Energy, forces, stress and atomic energies (eV, A) of a served potential.

    potential: directory of a trained potential; a server is started for it and ends with the calculator.
    server: address of a running server instead, unix:PATH or tcp:HOST:PORT.
    command: how nnp-bridge is called. timeout: seconds for an evaluation. wait: seconds for the server to start.
    token_file: the file given to `nnp-bridge serve --token-file`.
    """

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress"]

    def __init__(self, potential=None, server=None, command="nnp-bridge", timeout=600, wait=60, token_file=None, **kwargs):
        super().__init__(**kwargs)
        if (potential is None) == (server is None):
            raise ValueError("NNPBridge: give either a potential or a server")
        self._timeout, self._wait, self._token_file = timeout, wait, token_file
        self._socket, self._numbers, self._step = None, None, 0
        self._server = None if potential is None else _Server(potential, command, wait)
        self._address = server if self._server is None else self._server.address

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the connection and ends a server that was started here."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._numbers = None, None
        if self._server is not None:
            self._server.close()

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {}
        n, periodic = len(self.atoms), bool(self.atoms.pbc.any())
        if "stress" in properties and self.atoms.cell.rank < 3:
            raise PropertyNotImplementedError("stress needs three cell vectors")
        first = self._connect_for(self.atoms.numbers)
        self._step += 1
        payload = struct.pack("<ii", n, sum(1 << k for k in range(3) if self.atoms.pbc[k]))
        cell = self.atoms.cell.complete() if periodic else self.atoms.cell
        payload += np.ascontiguousarray(np.asarray(cell), "<f8").tobytes()
        payload += np.ascontiguousarray(self.atoms.positions, "<f8").tobytes()
        if first:
            payload += self._types.tobytes() + b"\0" * (-4 * n % 8)
        flags = _EATOM | (_TYPES if first else 0)
        values = np.frombuffer(self._ask(_STEP, flags, payload, _FORCES, 64 + 32 * n), "<f8")
        if not np.isfinite(values).all():
            self._fail("a number that is not finite came back")
        xx, yy, zz, xy, xz, yz = values[1:7]
        self.results = {
            "energy": float(values[0]),
            "free_energy": float(values[0]),
            "forces": values[8 : 8 + 3 * n].reshape(-1, 3).copy(),
            "energies": values[8 + 3 * n :].copy(),
        }
        if self.atoms.cell.rank == 3:
            self.results["stress"] = -np.array([xx, yy, zz, yz, xz, xy]) / self.atoms.get_volume()

    def _connect_for(self, numbers):
        """A connection knows its atoms; others need another one. True when the types must be sent."""
        if self._socket is not None and np.array_equal(numbers, self._numbers):
            return False
        from ase.data import chemical_symbols

        kinds, types = np.unique(numbers, return_inverse=True)
        self._types = (types + 1).astype("<i4")
        hello = {
            "rank": 0, "nranks": 1, "units": "metal", "route": "structure", "client": "ASE",
            "elements": [chemical_symbols[z] for z in kinds],
        }
        if self._token_file is not None:
            with open(self._token_file) as f:
                hello["token"] = f.read().strip()
        before, self._socket = self._socket, self._connect()
        self._numbers, step = None, self._step
        self._step = 0
        self._ask(_HELLO, 0, json.dumps(hello).encode(), _HELLO_OK, None)
        if before is not None:
            before.close()  # only now: a server with --once ends with its last client
        self._numbers, self._step = np.array(numbers), step
        return True

    def _connect(self):
        kind, _, rest = self._address.partition(":")
        host, _, port = rest.rpartition(":")
        if kind not in ("unix", "tcp") or (kind == "tcp" and not port.isdigit()):
            raise ValueError("expected unix:PATH or tcp:HOST:PORT, found %r" % self._address)
        until = time.monotonic() + self._wait
        while True:
            try:
                if kind == "unix":
                    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                    s.settimeout(self._wait)
                    s.connect(rest)
                else:
                    s = socket.create_connection((host.strip("[]"), int(port)), self._wait)
                    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return s
            except OSError as problem:
                if time.monotonic() >= until or (self._server is not None and not self._server.lives()):
                    self._fail("cannot connect: %s" % problem)
                time.sleep(0.1)

    def _ask(self, kind, flags, payload, expected, length):
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(_HEADER.pack(_MAGIC, _VERSION, kind, flags, 0, len(payload), self._step) + payload)
            until = time.monotonic() + self._timeout
            magic, version, got, _, _, size, step = _HEADER.unpack(self._receive(_HEADER.size, until))
            if magic != _MAGIC or version != _VERSION:
                self._fail("it is not an NNP1 server")
            if got == _ERR and size < 65536:
                self._fail("it reports: " + self._receive(size, until).decode("utf-8", "replace"))
            if got != expected or size > 1 << 40 or (length is not None and size != length) or step != self._step:
                self._fail("it answered message %d of %d bytes for step %d" % (got, size, step))
            return self._receive(size, until)
        except socket.timeout:
            self._fail("no answer within %g s" % self._timeout)
        except OSError as problem:
            self._fail("connection broken: %s" % problem)

    def _receive(self, count, until):
        data = bytearray()
        while len(data) < count:
            left = until - time.monotonic()
            if left <= 0:
                raise socket.timeout()
            self._socket.settimeout(left)
            part = self._socket.recv(min(count - len(data), 1 << 20))
            if not part:
                self._fail("it closed the connection")
            data += part
        return bytes(data)

    def _fail(self, problem):
        if self._socket is not None:
            self._socket.close()
        self._socket, self._numbers, self.results = None, None, {}
        said = "" if self._server is None else self._server.last_words()
        raise NNPBridgeError("nnp-bridge server %s: %s%s" % (self._address, problem, said)) from None


class _Server:
    """A server process that ends with its last client, and at the latest with this object."""

    def __init__(self, potential, command, wait):
        self._folder = tempfile.mkdtemp(prefix="nnp-")
        self.address = "unix:" + os.path.join(self._folder, "s")
        words = shlex.split(command) + ["serve", os.fspath(potential), "--listen", self.address, "--once"]
        try:
            with open(os.path.join(self._folder, "out"), "w") as out, open(os.path.join(self._folder, "err"), "w") as err:
                self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        except OSError as problem:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise NNPBridgeError("cannot start %s: %s" % (words[0], problem)) from None
        self._end = weakref.finalize(self, _end, self._process, self._folder)
        until = time.monotonic() + wait
        while "listening on" not in self._read("out"):
            if not self.lives() or time.monotonic() > until:
                why = "did not start within %g s" % wait if self.lives() else "ended with %s" % self._process.returncode
                said = self.last_words()
                self.close()
                raise NNPBridgeError("nnp-bridge serve %s %s%s" % (potential, why, said))
            time.sleep(0.02)

    def lives(self):
        return self._process.poll() is None

    def last_words(self):
        said = self._read("err").strip()
        return "; it said: " + said[-1000:] if said else ""

    def close(self):
        self._end()

    def _read(self, name):
        try:
            with open(os.path.join(self._folder, name)) as f:
                return f.read()
        except OSError:
            return ""


def _end(process, folder):
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)
