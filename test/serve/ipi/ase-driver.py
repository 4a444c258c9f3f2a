# An ASE user's script: ase-driver.py unix:NAME|port:N FILE.xyz CASE; prints one JSON object per evaluated structure.
import json
import sys

import numpy as np
from ase import units
from ase.calculators.socketio import SocketIOCalculator
from ase.io import read
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS

where, path, case = sys.argv[1:4]
kind, name = where.split(":")
words = {"unixsocket": name} if kind == "unix" else {"port": int(name)}
atoms = read(path)


def report(atoms):
    print(json.dumps({
        "energy": atoms.get_potential_energy(),
        "forces": atoms.get_forces().ravel().tolist(),
        "stress": atoms.get_stress(voigt=False).ravel().tolist(),
        "kinetic": atoms.get_kinetic_energy(),
        "positions": atoms.positions.ravel().tolist(),
        "cell": np.asarray(atoms.cell).ravel().tolist(),
    }), flush=True)


calc = SocketIOCalculator(timeout=60, **words)
print("listening", flush=True)
atoms.calc = calc
if case == "points":
    report(atoms)
    atoms.rattle(0.1, seed=1)
    report(atoms)
    atoms.set_cell(atoms.cell @ np.array([[1.02, 0.05, 0], [0, 0.98, -0.03], [0, 0, 1.01]]), scale_atoms=True)
    report(atoms)
    atoms.positions += 3 * atoms.cell[0] - 2 * atoms.cell[2]
    report(atoms)
elif case == "bfgs":
    atoms.rattle(0.05, seed=2)
    report(atoms)
    BFGS(atoms, logfile=None).run(fmax=0.01, steps=100)
    report(atoms)
elif case == "verlet":
    report(atoms)
    dyn = VelocityVerlet(atoms, 1.0 * units.fs)
    atoms.rattle(0.05, seed=3)
    report(atoms)
    dyn.run(25)
    report(atoms)
elif case == "wrong-size":
    atoms = atoms[:-1]
    atoms.calc = calc
    report(atoms)
elif case == "abandon":
    report(atoms)
if case != "abandon":
    calc.close()
