import { openSync, writeFileSync, writeSync } from 'node:fs';
import { buildWire } from '../../../src/conductance/geometry/build-wire.ts';
import type { Wire } from '../../../src/conductance/geometry/wire.ts';
import type { Prediction, SnapshotPredictor } from '../../../src/conductance/stream/predictor.ts';

/** A thin wire of potassium that is stretched evenly and snaps at `snap` Å. */
export class PulledWire {
  readonly wire = buildWire({ z: 19, lattice: 'bcc', a: 5.2205, orientation: '111', diameter: 8, free: 20, grip: 9.5 });
  readonly #snap: number;

  constructor(snap = 5) {
    this.#snap = snap;
  }

  /** One frame of a dump at `elongation` Å, as LAMMPS writes it. */
  frame(step: number, elongation: number, word = 'K'): string {
    const { natoms, positions, bottom, top } = this.wire;
    const height = positions[3 * (natoms - 1) + 2];
    const atoms = Array.from({ length: natoms }, (_, i) => {
      const [x, y, z] = positions.slice(3 * i, 3 * i + 3);
      const type = i < bottom ? 2 : i >= natoms - top ? 3 : 1;
      const part = type === 2 ? 0 : type === 3 ? 1 : z / height;
      const moved = elongation < this.#snap ? z + part * elongation : z > height / 2 ? z + elongation + 4 : z;
      return `${i + 1} ${type} ${word} ${[x, y, type === 3 ? z + elongation : moved].map((v) => v.toFixed(4)).join(' ')}`;
    });
    return `ITEM: UNITS\nmetal\nITEM: TIMESTEP\n${step}\nITEM: NUMBER OF ATOMS\n${natoms}\nITEM: BOX BOUNDS ff ff ff\n-60 60\n-60 60\n-20 250\nITEM: ATOMS id type element x y z\n${atoms.join('\n')}\n`;
  }

  frames(count: number, word?: string): string[] {
    return Array.from({ length: count }, (_, k) => this.frame(200 * k, 0.5 * k, word));
  }
}

/** Answers with a conductance that falls with the length of the wire; counts what it was asked. */
export class FakePredictor implements SnapshotPredictor {
  readonly name = 'fake';
  readonly identity: string;
  readonly z = 19;
  readonly bond = 6.2;
  readonly needsLeads = false;
  readonly atOnce = 4;
  asked = 0;
  closed = false;
  readonly #answer: (wire: Wire, asked: number) => Partial<Prediction>;

  constructor(answer: (wire: Wire, asked: number) => Partial<Prediction> = () => ({}), identity = 'fake 1') {
    this.#answer = answer;
    this.identity = identity;
  }

  async predict(wire: Wire): Promise<Prediction> {
    const asked = ++this.asked;
    const elongation = wire.positions[3 * (wire.natoms - 1) + 2] - 34;
    const more = this.#answer(wire, asked);
    // Later ones are often ready first.
    await new Promise((resolve) => setTimeout(resolve, asked % 3 === 0 ? 4 : 0));
    return { conductance: Math.max(0.01, 5 - 0.7 * elongation), ...more };
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** Writes a file in small pieces, as a program does that is running. */
export class GrowingFile {
  readonly #file: number;

  constructor(path: string) {
    writeFileSync(path, '');
    this.#file = openSync(path, 'a');
  }

  add(text: string): void {
    writeSync(this.#file, text);
  }
}
