import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { BACKENDS } from '../../../potentials/kernels/backends.ts';
import { EXIT } from '../../core/errors.ts';
import type { Diagnosis } from '../../lammps/doctor.ts';
import { type OptionsOf, printOut } from '../options.ts';
import { potentialSource, withPotentialUnits } from '../potential-options.ts';
import { withLammpsOptions } from './lammps-build.ts';

const builder = (yargs: Argv) =>
  withPotentialUnits(withLammpsOptions(yargs))
    .option('potential', {
      type: 'string',
      describe: 'directory of the trained potential to try in LAMMPS; default: a small invented one of Si and O',
    })
    .option('backend', { choices: BACKENDS, default: 'auto' as const, describe: 'try this one instead of the fastest' })
    .option('json', { type: 'boolean', default: false, describe: 'one JSON object' })
    .example('$0 doctor', 'which program evaluates potentials here, and which ways into LAMMPS work')
    .example(
      '$0 doctor --lmp ~/lammps/build/lmp --potential potentials/Si',
      'the same for a LAMMPS and a potential of yours',
    )
    .epilogue(
      'Exit status: 0 every check passed; 1 a check did not; 5 no LAMMPS, or no way into it.\n' +
        'Differences are relative: to |E|, the largest force, the largest pressure component.',
    );

type Options = OptionsOf<typeof builder>;

export const doctor: CommandModule<object, Options> = {
  command: 'doctor',
  describe:
    'what works on this machine: the program that evaluates potentials and the ways into LAMMPS, proved by trying them',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const [{ kernelReport }, { diagnose }] = await Promise.all([
      import('../../../potentials/kernels/ladder.ts'),
      import('../../lammps/doctor.ts'),
    ]);
    const kernel = kernelReport({ backend: argv.backend });
    const diagnosis = await diagnose(argv.lmp, {
      ...(argv.headers && { headers: argv.headers }),
      ...(argv.potential !== undefined && { potential: potentialSource(argv.potential, argv) }),
      onRoute: (name) => process.stderr.write(`trying ${name} ...\n`),
    });
    const { machine, routes, checks } = diagnosis;
    const where = { node: process.version, platform: `${process.platform} ${process.arch}` };
    if (argv.json) {
      const { lammps, library, python } = machine;
      await printOut(`${JSON.stringify({ ...where, ...kernel, lammps, library, python, routes, checks })}\n`);
    } else {
      const lines = [
        `Node ${where.node}, ${where.platform}`,
        `potentials are evaluated by: ${kernel.backend} (self-test passed)`,
        `instruction sets of the native kernel: ${kernel.nativeVariants.join(', ') || 'none, it is not built'}`,
        ...kernel.passedOver.map((reason) => `not used: ${reason}`),
        ...diagnosisLines(diagnosis),
      ];
      await printOut(`${lines.join('\n')}\n`);
    }
    const works = checks.some(({ passed }) => passed);
    process.exitCode = !works ? EXIT.program : checks.every(({ passed }) => passed) ? EXIT.ok : 1;
  },
};

function diagnosisLines({ machine, routes, checks }: Diagnosis): string[] {
  const { lammps, library, python } = machine;
  const { value: found } = lammps;
  const lines = [
    found ? `LAMMPS ${found.version} at ${found.path}, ${found.mpi}` : `LAMMPS: ${lammps.problem}`,
    ...(found ? [`its packages: ${found.packages.join(' ') || 'none'}`] : []),
    `pair styles: ${library.value ?? library.problem}`,
    python.value ?? python.problem ?? '',
    '',
    'ways into LAMMPS, the best first',
    ...routes.map(({ name, use, problem }) => `  ${problem ? 'no ' : 'yes'}  ${name.padEnd(22)}  ${problem ?? use}`),
  ];
  if (checks.length === 0) return [...lines, '', 'nothing could be tried'];
  const width = Math.max(...checks.map(({ name }) => name.length));
  const rows = checks.map(({ route, name, difference, limit, passed, problem }) => {
    const numbers = problem ?? `${difference.toExponential(1).padStart(8)} (limit ${limit.toExponential(0)})`;
    return `  ${passed ? 'ok  ' : 'FAIL'}  ${route.padEnd(22)}  ${name.padEnd(width)}  ${numbers}`;
  });
  const failed = checks.filter(({ passed }) => !passed).length;
  return [
    ...lines,
    '',
    'tried',
    ...rows,
    '',
    failed ? `${failed} of ${checks.length} checks failed` : 'every check passed',
  ];
}
