"""Energy, forces and stress of frame.xyz by GPAW, into labelled.xyz. GPAW raises an error when the SCF does not converge."""
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from gpaw import GPAW, PW, FermiDirac

atoms = read('frame.xyz')
atoms.calc = GPAW(
    mode=PW(350),
    xc='PBE',
    kpts={'size': (2, 2, 2), 'gamma': True},
    occupations=FermiDirac(0.05),
    symmetry='off',
    txt='gpaw.txt',
)
# free_energy is force-consistent; energy is extrapolated to zero width.
results = {
    'free_energy': atoms.get_potential_energy(force_consistent=True),
    'energy': atoms.get_potential_energy(),
    'forces': atoms.get_forces(),
    'stress': atoms.get_stress(),
}
atoms.calc = SinglePointCalculator(atoms, **results)
atoms.info['free_energy'] = results['free_energy']
write('labelled.xyz', atoms, format='extxyz')
