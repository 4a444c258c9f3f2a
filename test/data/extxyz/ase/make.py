# Writes ase.xyz with ASE (3.22): two frames of different size, a calculator, arrays of every type, momenta, a constraint-free slab.
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

rng = np.random.default_rng(7)
water = Atoms('OH2', positions=[[0, 0, 0.1], [0, 0.75, -0.4], [0, -0.75, -0.4]], cell=[[8, 0, 0], [0.5, 9, 0], [-1, 0.25, 10]], pbc=[1, 1, 0])
water.info.update(config_type='bulk', step=12, weight=0.5, ids=np.array([1, 2, 3]), flags=np.array([True, False]), note='two words "quoted"', nested={'a': [1, 2.5]})
water.set_array('tags', np.array([0, 1, -2]))
water.set_array('label', np.array(['a', 'b', 'c-d']))
water.set_array('ok', np.array([True, False, True]))
water.set_initial_charges([-0.8, 0.4, 0.4])
water.set_momenta(rng.normal(size=(3, 3)))
water.calc = SinglePointCalculator(water, energy=-14.25, free_energy=-14.5, forces=rng.normal(size=(3, 3)), stress=np.array([0.01, 0.02, 0.03, 0.004, 0.005, 0.006]))
neon = Atoms('Ne', positions=[[1, 2, 3]])
neon.calc = SinglePointCalculator(neon, energy=-3.0, forces=[[0, 0, 1e-9]])
write('ase.xyz', [water, neon], format='extxyz')
