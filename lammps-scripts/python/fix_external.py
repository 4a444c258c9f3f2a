import ctypes, json, math, os, socket, struct, sys, time
import numpy as np
from lammps import lammps

HEADER = struct.Struct("<IHHIIQq")
MAGIC, VERSION = 0x31504E4E, 1
HELLO, HELLO_OK, STEP, FORCES, ERR = 1, 2, 3, 4, 5
TYPES = 1

def nnp_attach(ptr, server, elements, timeout, wait, token_file):
    L = lammps(ptr=ptr)
    me, nranks = L.extract_setting("world_rank"), L.extract_setting("world_size")
    state = {"step": None}

    # An exception that leaves a callback is only printed and LAMMPS goes on with the old forces: end the process instead.
    def stop(problem):
        where = "" if state["step"] is None else " at step %d" % state["step"]
        text = "ERROR: nnp-bridge, rank %d%s: server %s: %s\n" % (me, where, server, problem)
        sys.stderr.write(text)
        sys.stderr.flush()
        ctypes.CDLL(None).fflush(None)
        os._exit(1)

    def connect():
        kind, rest = server.split(":", 1)
        if kind == "unix":
            family, address = socket.AF_UNIX, rest
        else:
            host, port = rest.rsplit(":", 1)
            found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
            family, address = found[0], found[4]
        until = time.time() + wait
        while True:
            s = socket.socket(family, socket.SOCK_STREAM)
            s.settimeout(max(0.1, wait))
            try:
                s.connect(address)
                break
            except OSError as problem:
                s.close()
                if time.time() >= until:
                    raise RuntimeError("cannot connect within %g s: %s" % (wait, problem))
                time.sleep(0.1)
        if kind != "unix":
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def receive(count, until):
        data = bytearray(count)
        view, got = memoryview(data), 0
        while got < count:
            left = until - time.time()
            if left <= 0:
                raise RuntimeError("no answer within %g s" % timeout)
            s.settimeout(left)
            try:
                n = s.recv_into(view[got:])
            except socket.timeout:
                raise RuntimeError("no answer within %g s" % timeout)
            if n == 0:
                raise RuntimeError("it closed the connection")
            got += n
        return data

    def ask(kind, flags, step, payload, expected, length):
        s.settimeout(timeout)
        s.sendall(HEADER.pack(MAGIC, VERSION, kind, flags, 0, len(payload), step) + payload)
        until = time.time() + timeout
        magic, version, got, _, _, size, echoed = HEADER.unpack(receive(HEADER.size, until))
        if magic != MAGIC or version != VERSION:
            raise RuntimeError("it is not an NNP1 server")
        if got == ERR and size < 65536:
            raise RuntimeError("it reports: " + receive(size, until).decode("utf-8", "replace"))
        if got != expected or size != (size if length is None else length) or size > 1 << 40:
            raise RuntimeError("message %d of %d bytes instead of %d" % (got, size, expected))
        if echoed != step:
            raise RuntimeError("it answers step %d" % echoed)
        return receive(size, until)

    def gather():
        n = int(L.get_natoms())
        types = np.frombuffer(L.gather_atoms("type", 0, 1), np.int32) if n else np.zeros(0, np.int32)
        if n and types.min() < 1:
            raise RuntimeError("LAMMPS cannot gather the atoms: their ids must be 1 to the number of atoms")
        return n, np.array(types)

    # Another include (after clear) takes the place of this one.
    before = globals().get("nnp_attached")
    if before:
        before["socket"].close()
    count = before["count"] + 1 if before else 0
    job = os.environ.get("PMIX_NAMESPACE") or os.environ.get("SLURM_JOB_ID", "") + "." + os.environ.get("SLURM_STEP_ID", "")
    hello = {
        "rank": me, "nranks": nranks, "units": L.extract_global("units"), "elements": elements.split(),
        "client": "LAMMPS %d fix external" % L.version(), "route": "structure", "job": "%s %d" % (job, count),
    }
    try:
        if hasattr(hello["units"], "decode"):
            hello["units"] = hello["units"].decode()
        ntypes = L.extract_setting("ntypes")
        if len(hello["elements"]) != ntypes:
            raise RuntimeError("nnp_elements must name one element for each of the %d atom types, it is: %s" % (ntypes, elements))
        natoms, types = gather()
        if token_file != "none":
            with open(token_file) as f:
                hello["token"] = f.read().strip()
        s = connect()
        head = ask(HELLO, 0, 0, json.dumps(hello).encode(), HELLO_OK, None)
        if me == 0:
            print("nnp-bridge: model %s at %s" % (head[16:].decode("utf-8", "replace"), server), flush=True)
    except BaseException as problem:
        stop(problem)

    def structure():
        x = np.frombuffer(L.gather_atoms("x", 1, 3))
        if natoms > 1 and not x.any():
            raise RuntimeError("LAMMPS cannot gather the atoms: their ids must be 1 to the number of atoms")
        lo, hi, xy, yz, xz, periodic = L.extract_box()[:6]
        cell = np.array([hi[0] - lo[0], 0, 0, xy, hi[1] - lo[1], 0, xz, yz, hi[2] - lo[2]])
        bits = sum(1 << k for k in range(3) if periodic[k])
        pad = b"\0" * (-4 * natoms % 8)
        return struct.pack("<ii", natoms, bits) + cell.tobytes() + x.tobytes() + types.astype("<i4").tobytes() + pad

    def step(timestep, nlocal, tag, f):
        if int(L.get_natoms()) != natoms:
            raise RuntimeError("the number of atoms changed from %d to %d" % (natoms, int(L.get_natoms())))
        payload = structure() if me == 0 else (L.gather_atoms("x", 1, 3), b"")[1]
        data = ask(STEP, TYPES if me == 0 else 0, timestep, payload, FORCES, 64 + 24 * natoms)
        values = np.frombuffer(data)
        if not np.isfinite(values).all():
            raise RuntimeError("a number that is not finite came back")
        if nlocal > 0:
            ids = np.ctypeslib.as_array(tag, (nlocal,))
            now = np.ctypeslib.as_array(L.extract_atom("type"), (nlocal,))
            if ids.min() < 1 or ids.max() > natoms or (now != types[ids - 1]).any():
                raise RuntimeError("ids or types of atoms changed; include the file again after such a change")
            np.ctypeslib.as_array(f[0], (nlocal, 3))[:] = values[8:].reshape(-1, 3)[ids - 1]
        L.fix_external_set_energy_global("nnp", float(values[0]))
        L.fix_external_set_virial_global("nnp", [float(v) for v in values[1:7]])

    def callback(_, timestep, nlocal, tag, x, f):
        try:
            state["step"] = timestep
            step(timestep, nlocal, tag, f)
        except BaseException as problem:
            stop(problem)

    function = L.FIX_EXTERNAL_CALLBACK_FUNC(callback)
    L.lib.lammps_set_fix_external_callback(L.lmp, b"nnp", function, L)
    globals()["nnp_attached"] = {"socket": s, "function": function, "lammps": L, "count": count}
