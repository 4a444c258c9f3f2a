# Writes the DeePMD systems of this folder with NumPy: two sets in every kind of array, and mixed types with padding.
import numpy as np
from pathlib import Path

def save(path, array, version=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'wb') as f:
        np.lib.format.write_array(f, np.asarray(array), version=version)

here = Path(__file__).parent
x = lambda *shape: np.arange(np.prod(shape), dtype='f8').reshape(shape) / 8 - 1
two = here / 'two-sets'
for name, frames, first in (('set.000', 2, 0), ('set.001', 1, 2)):
    s = two / name
    save(s / 'coord.npy', np.asfortranarray(x(3, 6)[first:first + frames]) if frames > 1 else x(3, 6)[first:first + frames].reshape(1, 2, 3).astype('>f4'), (2, 0))
    save(s / 'box.npy', np.tile(np.array([4, 0, 0, .5, 4.5, 0, 0, .25, 5], '<f4'), (frames, 1)), (3, 0))
    save(s / 'energy.npy', (x(3) - 7)[first:first + frames].reshape(-1, 1) if frames == 1 else (x(3) - 7)[first:first + frames])
    save(s / 'force.npy', -x(3, 6)[first:first + frames].astype('>f8'))
    save(s / 'virial.npy', np.tile(np.arange(9, dtype='<i4'), (frames, 1)))
    save(s / 'fparam.npy', np.full((frames, 2), 3, '<i8'))
    save(s / 'spin.npy', x(3, 6)[first:first + frames])
(two / 'type.raw').write_text('1 0\n')
(two / 'type_map.raw').write_text('Na\nCl\n')
mixed = here / 'mixed'
save(mixed / 'set.000000' / 'coord.npy', x(2, 9))
save(mixed / 'set.000000' / 'real_atom_types.npy', np.array([[2, 0, 1], [1, -1, 0]], '<i8'))
save(mixed / 'set.000000' / 'force.npy', -x(2, 9))
save(mixed / 'set.000000' / 'energy.npy', np.array([1.5, -2.5]))
(mixed / 'type.raw').write_text('0\n0\n0\n')
(mixed / 'type_map.raw').write_text('H O\nC\n')
(mixed / 'nopbc').write_text('')
