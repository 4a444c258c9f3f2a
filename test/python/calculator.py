# calculator.py DIR_OF_CALCULATOR COMMAND POTENTIAL CASE [ARGUMENT]: one JSON object per result, or the error as the last line.
import json
import os
import signal
import sys
import time

import numpy as np

sys.path.insert(0, sys.argv[1])
from ase.io import read
from ase.optimize import BFGS
from nnp_bridge_calculator import NNPBridge, NNPBridgeError

command, potential, case = sys.argv[2:5]
atoms = read("si.xyz")


def report(atoms):
    print(json.dumps({
        "energy": atoms.get_potential_energy(),
        "energies": float(atoms.get_potential_energies().sum()),
        "forces": atoms.get_forces().ravel().tolist(),
        "stress": atoms.get_stress(voigt=False).ravel().tolist(),
        "positions": atoms.positions.ravel().tolist(),
        "cell": np.asarray(atoms.cell).ravel().tolist(),
    }), flush=True)


def failing(action):
    begun = time.monotonic()
    try:
        action()
    except NNPBridgeError as problem:
        print(json.dumps({"error": str(problem), "seconds": time.monotonic() - begun, "results": atoms.calc.results if atoms.calc else {}}))


if case == "points":
    with NNPBridge(potential, command=command) as calc:
        atoms.calc = calc
        report(atoms)
        atoms.positions += 3 * atoms.cell[0]
        report(atoms)
        atoms.set_cell(atoms.cell @ np.array([[1.02, 0.05, 0], [0, 0.98, -0.03], [0, 0, 1.01]]), scale_atoms=True)
        report(atoms)
        part = atoms[:-1]
        part.calc = calc
        print(json.dumps({"part": part.get_potential_energy()}))
        atoms.rattle(0.01, seed=1)
        report(atoms)
        pid = calc._server._process.pid
    print(json.dumps({"gone": not os.path.exists("/proc/%d" % pid)}))
elif case == "killed":
    atoms.calc = NNPBridge(potential, command=command)
    atoms.get_potential_energy()
    os.kill(int(open("server.pid").read()), signal.SIGKILL)
    atoms.rattle(0.01)
    failing(atoms.get_potential_energy)
elif case == "refused":
    atoms.calc = NNPBridge(server=sys.argv[5], token_file="token" if os.path.exists("token") else None)
    report(atoms)
    atoms.calc = NNPBridge(server=sys.argv[5], wait=0.5, timeout=2)
    failing(atoms.get_potential_energy)
elif case == "server":
    atoms.calc = NNPBridge(server=sys.argv[5], wait=0.5, timeout=1)
    failing(atoms.get_potential_energy)
elif case == "start":
    failing(lambda: NNPBridge(potential, command=command))
elif case == "unknown":
    atoms.calc = NNPBridge(potential, command=command)
    atoms.numbers[3] = 32
    failing(atoms.get_potential_energy)
