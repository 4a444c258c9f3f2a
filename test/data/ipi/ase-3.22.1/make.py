# make.py: what ASE 3.22.1 sends to a force code (request.bin), two structures of two atoms in a sheared cell, no EXIT at the end.
# With nnp-bridge serve test/data/lammps-run/tiny-si --ipi unix:record --template si.xyz beside it.
import ase.calculators.socketio as socketio
from ase import Atoms

sent = bytearray()
original = socketio.SocketServer._accept


class Recorder:
    def __init__(self, sock):
        self._sock = sock

    def sendall(self, data):
        sent.extend(data)
        self._sock.sendall(data)

    def __getattr__(self, name):
        return getattr(self._sock, name)


def accept(self):
    original(self)
    self.clientsocket = Recorder(self.clientsocket)
    self.protocol = socketio.IPIProtocol(self.clientsocket, txt=self.log)


socketio.SocketServer._accept = accept
atoms = Atoms("Si2", positions=[[0.1, 0.2, 0.3], [1.5, 1.4, 1.6]], cell=[[5, 0, 0], [0.5, 5.5, 0], [1, -0.5, 6]], pbc=True)
atoms.write("si.xyz")
with socketio.SocketIOCalculator(unixsocket="record") as calc:
    atoms.calc = calc
    print(atoms.get_potential_energy())
    atoms.positions[1] += [0.5, 11, -0.25]
    print(atoms.get_potential_energy())
open("request.bin", "wb").write(sent)
