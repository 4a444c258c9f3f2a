import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildPairStyle } from '../../src/lammps/build.ts';
import { includeText } from '../../src/lammps/script.ts';
import type { Evaluation, Evaluator } from '../../src/serve/evaluator.ts';
import { encodeHelloOk, HEADER_BYTES, MessageReader, putHeader, TYPE } from '../../src/serve/protocols/native/codec.ts';
import { startServer } from '../../src/serve/server.ts';
import { type Address, formatAddress } from '../../src/serve/transport/address.ts';
import { describeLane, ROOT } from '../lanes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import {
  builtLibrary,
  type Finished,
  installedLammps,
  ljEvaluator,
  ljInput,
  NNP_PAIR,
  runInput,
} from './lammps-fixture.ts';

const pairWith = (options: string) => NNP_PAIR.replace(`\${nnp_server}`, `\${nnp_server} ${options}`);

function expectFailure(run: Finished, message: RegExp, withinSeconds: number): void {
  expect(run.output).toMatch(message);
  expect(run.code, run.output).not.toBe(0);
  expect(run.seconds).toBeLessThan(withinSeconds);
}

/** A server that handles its sockets itself. */
function rawServer(onSocket: (socket: Socket) => void) {
  return async (address: Address) => {
    const sockets = new Set<Socket>();
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      sockets.add(socket);
      socket.on('error', () => {});
      onSocket(socket);
    });
    server.listen(address.kind === 'unix' ? { path: address.path } : { host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const bound = server.address();
    const where: Address =
      bound && typeof bound === 'object' ? { kind: 'tcp', host: '127.0.0.1', port: bound.port } : address;
    return {
      address: where,
      get connections() {
        return connections;
      },
      async stop() {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    };
  };
}

/** An NNP1 server without any of the checks of ours: `forces` gives the whole FORCES payload of a step. */
function carelessServer(helloOk: (nth: number) => Uint8Array, forces: (step: number, nall: number) => Float64Array) {
  let nth = 0;
  return rawServer((socket) => {
    const reader = new MessageReader(() => 2 ** 26);
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let message = reader.next(); message; message = reader.next()) {
        if (message.type === TYPE.hello) {
          socket.write(helloOk(nth++));
          continue;
        }
        const [nlocal, nghost] = new Int32Array(message.payload.buffer, 0, 2);
        const payload = forces(Number(message.step), nlocal + nghost);
        const frame = new Uint8Array(HEADER_BYTES + payload.byteLength);
        frame.set(new Uint8Array(payload.buffer), HEADER_BYTES);
        putHeader(frame, TYPE.forces, message.step);
        socket.write(frame);
      }
    });
  });
}

/** lj/cut that does something else from the given step on. */
function evaluatorThat(misbehaves: (out: Evaluation) => void | Promise<void>, after = 30): Evaluator {
  let calls = 0;
  return {
    ...ljEvaluator,
    name: 'lj',
    species: [18],
    cutoff: 2.5,
    reduced: true,
    modelId: 1,
    evaluateStructure: (structure) => ljEvaluator.evaluateStructure(structure),
    async evaluateNeighborhood(neighborhood, out) {
      await ljEvaluator.evaluateNeighborhood(neighborhood, out);
      if (calls++ >= after) await misbehaves(out);
    },
  };
}

const CARELESS = { cutoff: 2.5, name: 'careless', committee: false };

describeLane('lammps', 'a run with pair_style nnp/socket stops with a message and a nonzero exit', () => {
  for (const ranks of [1, 2]) {
    test(`when the server is killed in mid-run, on ${ranks} ranks`, async () => {
      let killed = 0;
      let kill = () => {};
      const start = async (address: Address) => {
        const child = spawn(
          join(ROOT, 'node_modules/.bin/tsx'),
          [join(ROOT, 'test/lammps/lj-server.mts'), formatAddress(address)],
          {
            stdio: ['ignore', 'pipe', 'inherit'],
            detached: true,
          },
        );
        await once(child.stdout, 'data');
        kill = () => process.kill(-(child.pid as number), 'SIGKILL');
        return { address, connections: 1, stop: async () => {} };
      };
      const run = await runInput(ljInput(NNP_PAIR, 'fix 1 all nve\nrun 100000000\n'), start, {
        ranks,
        onOutput(text) {
          if (killed || !/^ +40 /m.test(text)) return;
          killed = Date.now();
          kill();
        },
      });
      expect(killed).toBeGreaterThan(0);
      expectFailure(run, /ERROR on proc \d: nnp\/socket: server unix:\S+ closed the connection.* \(step \d+\)/, 30);
      expect((Date.now() - killed) / 1000).toBeLessThan(5);
    });
  }

  test('when no server is there, after the wait it was given', async () => {
    const absent = async (address: Address) => ({ address, connections: 0, stop: async () => {} });
    const run = await runInput(ljInput(pairWith('wait 1')), absent, { ranks: 2 });
    expectFailure(run, /ERROR: nnp\/socket: cannot connect to unix:\S+ within 1 s: No such file or directory/, 15);
  });

  test('when the server accepts and stays mute, after the timeout', async () => {
    const run = await runInput(
      ljInput(pairWith('timeout 1')),
      rawServer(() => {}),
      { ranks: 2 },
    );
    expectFailure(run, /ERROR: nnp\/socket: no answer from server unix:\S+ within 1 s/, 15);
  });

  test('when the server becomes mute in mid-run, after the timeout', async () => {
    const never = new Promise<void>(() => {});
    const run = await runInput(
      ljInput(pairWith('timeout 1')),
      evaluatorThat(() => never),
    );
    expectFailure(run, /ERROR on proc 0: nnp\/socket: no answer from server unix:\S+ within 1 s \(step 30\)/, 15);
  });

  test('when another service listens on the port', async () => {
    const http = rawServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const run = await runInput(ljInput(NNP_PAIR), (address) =>
      http({ kind: 'tcp', host: '', port: Number(address.kind === 'tcp') }),
    );
    expectFailure(run, /ERROR: nnp\/socket: tcp:127\.0\.0\.1:\d+ is not an NNP1 server/, 15);
  });

  test('when the model has no such element, before the run', async () => {
    const run = await runInput(ljInput(NNP_PAIR.replace('Ar', 'Xe')), ljEvaluator, { ranks: 2 });
    expectFailure(run, /ERROR: nnp\/socket: server unix:\S+ refused: model lj has no element Xe \(it knows Ar\)/, 15);
    expect(run.output).not.toMatch(/^Step/m);
  });

  test('when the units of model and LAMMPS cannot be converted', async () => {
    const run = await runInput(ljInput(NNP_PAIR).replace('units lj', 'units metal'));
    expectFailure(run, /refused: model lj is in reduced units: LAMMPS must use units lj, it uses metal/, 15);
  });

  test('when the model gives NaN: the server finds it', async () => {
    const run = await runInput(
      ljInput(NNP_PAIR),
      evaluatorThat((out) => {
        out.forces[7] = Number.NaN;
      }),
    );
    expectFailure(run, /reports: the model gave a force on atom index 2 that is not finite at step 30 \(step 30\)/, 15);
  });

  test('when the model throws: its message reaches LAMMPS', async () => {
    const throws = () => {
      throw new Error('model blew up');
    };
    const run = await runInput(ljInput(NNP_PAIR), evaluatorThat(throws), { ranks: 2 });
    expectFailure(run, /ERROR on proc \d: nnp\/socket: server unix:\S+ reports: model blew up/, 15);
  });

  test('when a careless server sends NaN: the client finds it and names the atom', async () => {
    const server = carelessServer(
      () => encodeHelloOk({ ...CARELESS, modelId: 1 }),
      (step, nall) => {
        const payload = new Float64Array(8 + 3 * nall);
        if (step === 10) payload[8 + 5] = Number.POSITIVE_INFINITY;
        return payload;
      },
    );
    const run = await runInput(ljInput(NNP_PAIR), server);
    expectFailure(run, /non-finite force from server unix:\S+ on atom \d+ \(step 10\)/, 15);
  });

  test('when a careless server sends the forces of another number of atoms', async () => {
    const server = carelessServer(
      () => encodeHelloOk({ ...CARELESS, modelId: 1 }),
      (_, nall) => new Float64Array(5 + 3 * nall),
    );
    expectFailure(await runInput(ljInput(NNP_PAIR), server), /sent \d+ bytes of forces instead of \d+ \(step 0\)/, 15);
  });

  test('when the ranks talk to servers with different models', async () => {
    const server = carelessServer(
      (nth) => encodeHelloOk({ ...CARELESS, modelId: 10 + nth }),
      () => new Float64Array(0),
    );
    const run = await runInput(ljInput(NNP_PAIR), server, { ranks: 2 });
    expectFailure(run, /ERROR: nnp\/socket: ranks talk to servers with different models/, 15);
  });

  test('when the server is stopped in an orderly way, with its reason', async () => {
    let server: Awaited<ReturnType<typeof startServer>>;
    const run = await runInput(
      ljInput(NNP_PAIR, 'fix 1 all nve\nrun 100000000\n'),
      async (address) => {
        server = await startServer(ljEvaluator, address);
        return server;
      },
      {
        onOutput: (text) => void (/^ +40 /m.test(text) && server.stop()),
      },
    );
    expectFailure(run, /server unix:\S+ (reports: the force server was stopped|closed the connection)/, 15);
  });

  test('when the style was built for another LAMMPS', async () => {
    const other = { ...installedLammps(), versionNumber: 20990204, version: '4 Feb 2099' };
    const library = await buildPairStyle(other, { output: temporaryFolder() });
    const run = await runInput(ljInput(NNP_PAIR), ljEvaluator, { library });
    expectFailure(
      run,
      /nnp\/socket was built for LAMMPS 20990204, this is LAMMPS \d{8}: run `nnp-bridge lammps build`/,
      15,
    );
  });

  test('under newton off', async () => {
    const run = await runInput(`newton off\n${ljInput(NNP_PAIR)}`);
    expectFailure(run, /ERROR: Pair style nnp\/socket requires newton pair on/, 15);
  });

  test('when per-atom stress is asked for', async () => {
    const rest =
      'compute s all stress/atom NULL\ncompute m all reduce max c_s[1]\nthermo_style custom step pe c_m\nrun 1\n';
    expectFailure(
      await runInput(ljInput(NNP_PAIR, rest)),
      /ERROR: Pair style nnp\/socket does not support per-atom virial/,
      15,
    );
  });

  test('for wrong words in pair_style and pair_coeff', async () => {
    const wrong: [string, RegExp][] = [
      [pairWith('timeout 0'), /timeout must be a positive number of seconds/],
      [pairWith('retries 3'), /unknown keyword retries/],
      [pairWith('timeout'), /Illegal pair_style command: pair_style nnp\/socket unix:PATH/],
      [NNP_PAIR.replace(`\${nnp_server}`, 'here'), /address "here" is neither unix:PATH nor tcp:HOST:PORT/],
      [NNP_PAIR.replace(' Ar', ' Ar Ar'), /one element per atom type \(1\)/],
      [NNP_PAIR.replace(' Ar', ' NULL'), /pair_coeff names no element/],
      [NNP_PAIR.replace(`\${nnp_server}`, `unix:/${'x'.repeat(120)}`), /too long for a unix socket/],
    ];
    for (const [pair, message] of wrong) expectFailure(await runInput(ljInput(pair)), message, 15);
  });
});

describeLane('lammps', 'lammpsplugin_init', () => {
  test('announces the styles as plugin load expects them', async () => {
    const library = await builtLibrary();
    const lines = includeText(library, 'unix:/x', 'python').replace(
      /import ctypes[\s\S]*?"""/,
      `import ctypes
def nnp_load(lmp):
    class Plugin(ctypes.Structure):
        _fields_ = [(k, ctypes.c_char_p) for k in ('version', 'style', 'name', 'info', 'author')] + [('creator', ctypes.c_void_p), ('handle', ctypes.c_void_p)]
    def register(p, l):
        p = p.contents
        print('PLUGIN', p.version.decode(), p.style.decode(), p.name.decode(), bool(p.creator), p.handle, flush=True)
    F = ctypes.CFUNCTYPE(None, ctypes.POINTER(Plugin), ctypes.c_void_p)
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype = ctypes.c_void_p
    pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    keep = F(register)
    ctypes.CDLL("${library}").lammpsplugin_init(ctypes.c_void_p(pointer(lmp, None)), ctypes.c_void_p(77), keep)
"""`,
    );
    expect(existsSync(library)).toBe(true);
    const run = await runInput(lines);
    const announced = [...run.output.matchAll(/PLUGIN \d+ \w{3} \d{4} (\w+ \S+) True 77/g)].map(([, style]) => style);
    expect(announced).toEqual(['pair nnp/socket', 'pair nnp', 'compute nnp/disagreement']);
  });
});
