// The study of examples/nanowire/README.md, by the commands that a user would type: pulls of short potassium wires, NEGF labels, a trained
// network, pulls of longer wires, conductance histograms. What is finished is passed over, so that the same call goes on after an
// interruption:   node study.mjs FOLDER [--size full|tiny] [--jobs N]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeResults } from './results.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const main = process.env.NNP_BRIDGE ?? join(here, '..', '..', 'dist', 'src', 'cli', 'main.js');

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { size: { type: 'string', default: 'full' }, jobs: { type: 'string', default: '2' } },
});

const WIRES = '--element K --orientations 100,110,111';
const SIZES = {
  full: {
    // 57 pulls over three orientations, four temperatures and three speeds
    short: `${WIRES} --count 57 --temperatures 4.5,77,150,300 --speeds 5,10,20 --seed 1`,
    // wires of 6.3 nm at 4.5 K; the production is at 10 m/s, the others compare speeds
    long: {
      'long-10': `${WIRES} --count 48 --speeds 10 --length 63 --elongation 112 --frames 400 --seed 2`,
      'long-5': `${WIRES} --count 24 --speeds 5 --length 63 --elongation 112 --frames 400 --seed 3`,
      'long-20': `${WIRES} --count 24 --speeds 20 --length 63 --elongation 112 --frames 400 --seed 4`,
    },
    train: '--seeds 3',
  },
  // As a test of the script: too little for physics.
  tiny: {
    short: `${WIRES} --count 6 --speeds 20 --diameter 12 --length 20 --equilibration 1 --frames 30 --seed 1`,
    long: {
      'long-20': `${WIRES} --count 2 --speeds 20 --diameter 12 --length 30 --equilibration 1 --frames 30 --seed 2`,
    },
    train: '--seeds 1 --epochs 3 --nmax 6 --lmax 3',
  },
};
/** Trained on all pulls, and on every second one: how much do the training pulls matter? */
const MODELS = {
  neck: { model: 'neck', of: () => true },
  'neck-odd': { model: 'neck', of: (number) => number % 2 === 1 },
};

const size = SIZES[values.size];
const folder = positionals[0];
if (!size || !folder) {
  process.stderr.write('node study.mjs FOLDER [--size full|tiny] [--jobs N]\n');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

/** One command in the folder of the study; ends with its status if it fails. */
function bridge(title, line, paths = []) {
  const shown = paths.length > 3 ? `${paths[0]} ... (${paths.length} files)` : paths.join(' ');
  process.stdout.write(`\n== ${title}\n$ nnp-bridge ${line} ${shown}\n`);
  const words = [main, ...line.split(' '), ...paths];
  const done = spawnSync(process.execPath, words, { cwd: folder, stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

const has = (path) => existsSync(join(folder, path));
const threads = `--threads ${values.jobs}`;

const pull = (set, words) => bridge(`Pulls: ${set}`, `nanowire pull -O ${set} ${words} --jobs ${values.jobs}`);
pull('short', size.short);
for (const [set, words] of Object.entries(size.long)) pull(set, words);

const pulls = readdirSync(join(folder, 'short')).filter((name) => /^pull-\d+$/.test(name));
mkdirSync(join(folder, 'labels'), { recursive: true });
mkdirSync(join(folder, 'predictors'), { recursive: true });
for (const [name, { model, of }] of Object.entries(MODELS)) {
  const own = pulls.filter((pull) => of(Number(pull.slice(5))));
  const labels = own.length === pulls.length ? 'all' : name;
  const file = `labels/${labels}.extxyz.gz`;
  if (!has(file)) {
    const resume = has(`${file}.labels.jsonl`) ? ' --resume' : '';
    const dumps = own.map((pull) => `short/${pull}/${pull}.dump`);
    bridge(`Labels of ${own.length} pulls (jellium NEGF)`, `conductance label -o ${file} ${threads}${resume}`, dumps);
  }
  if (has(`predictors/${name}/predictor.json`)) continue;
  const words = `--model ${model} --validation by-trajectory ${size.train}`;
  bridge(`Training: ${name}`, `conductance train ${file} -O predictors/${name} ${words}`);
}

/** A run on all frames of a set; one that has ended is not begun again. */
function predict(title, set, output, words) {
  const record = join(folder, output, 'run.json');
  if (existsSync(record) && JSON.parse(readFileSync(record, 'utf8')).ended) return;
  bridge(title, `conductance predict ${set} -O ${output} ${words} ${threads}`);
}

// Every frame of the long wires by NEGF, too: what the predictions are compared with.
const sets = Object.keys(size.long);
for (const set of ['short', ...sets]) predict(`NEGF: ${set}`, set, `negf/${set}`, '--label jellium --element K');
const production = sets[0];
for (const name of Object.keys(MODELS))
  for (const set of name === 'neck' ? sets : [production])
    predict(`Prediction by ${name}: ${set}`, set, `${name}/${set}`, `--predictor predictors/${name}`);

await writeResults(resolve(folder), { sets, production, models: Object.keys(MODELS) });
process.stdout.write(`\nDone: look at ${join(folder, 'results', 'report.html')}\n`);
