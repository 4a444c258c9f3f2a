import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { SOAP_DEFAULTS } from '../../../potentials/descriptors/soap.ts';
import { BACKENDS } from '../../../potentials/kernels/backends.ts';
import { UsageError } from '../../core/errors.ts';
import { type OptionsOf, printDiagnostic, readSettings, withReadOptions } from '../options.ts';

const KINDS = ['soap', 'averaged-soap', 'coulomb', 'cross-section'] as const;

const builder = (yargs: Argv) =>
  withReadOptions(yargs)
    .positional('frames', { type: 'string', array: true, demandOption: true, describe: 'files of frames' })
    .option('output', { type: 'string', alias: 'o', demandOption: true, describe: 'numpy file (.npy), float64' })
    .option('kind', {
      choices: KINDS,
      default: 'soap' as const,
      describe: 'soap: a row per mobile atom; the others a row per frame (cross-section in atoms/Å)',
    })
    .option('cutoff', { type: 'number', default: SOAP_DEFAULTS.cutoff, describe: 'SOAP: Å' })
    .option('sigma', { type: 'number', default: SOAP_DEFAULTS.sigma, describe: 'SOAP: width of an atom (Å)' })
    .option('nmax', { type: 'number', default: SOAP_DEFAULTS.nmax, describe: 'SOAP: radial functions' })
    .option('lmax', { type: 'number', default: SOAP_DEFAULTS.lmax, describe: 'SOAP: highest angular momentum' })
    .option('backend', {
      choices: BACKENDS,
      default: 'auto' as const,
      describe: 'SOAP: program; all but typescript compute in single precision',
    })
    .option('width', { type: 'number', default: 320, describe: 'most atoms of a Coulomb matrix' })
    .option('without-types', {
      type: 'number',
      array: true,
      default: [2, 3],
      describe: 'types of grip atoms: neighbors, but no centers',
    })
    .example('$0 conductance features pull.extxyz -o soap.npy', '1530 features per mobile atom of one metal')
    .example(
      '$0 conductance features pull.extxyz --kind cross-section -o x.npy',
      'smallest cross-section of each frame',
    );

type Options = OptionsOf<typeof builder>;

export const conductanceFeatures: CommandModule<object, Options> = {
  command: 'features <frames..>',
  describe: 'SOAP, averaged SOAP, Coulomb matrices or cross-sections of frames',
  builder,
  handler: async (argv: ArgumentsCamelCase<Options>) => {
    const { featureFiles } = await import('../../conductance/features/feature-files.ts');
    const { positiveInteger } = await import('../potential-options.ts');
    const { cutoff, sigma, nmax, lmax, kind, output, withoutTypes } = argv;
    const width = positiveInteger('width', argv.width);
    if (width > 5000) throw new UsageError(`--width ${width}: Coulomb matrices of at most 5000 atoms are made`);
    const [rows, columns] = await featureFiles({
      inputs: argv.frames,
      output,
      kind,
      soap: { cutoff, sigma, nmax, lmax },
      withoutTypes,
      backend: argv.backend,
      width,
      read: { ...readSettings(argv), strict: true, onDiagnostic: printDiagnostic },
    });
    process.stderr.write(`${output}: ${rows} rows of ${columns}\n`);
  },
};
