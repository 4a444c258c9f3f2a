// Compares the predictions of study.mjs with NEGF on the same frames: tables (CSV), figures (SVG) and one small page.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = process.env.NNP_BRIDGE
  ? join(dirname(process.env.NNP_BRIDGE), '..')
  : join(here, '..', '..', 'dist', 'src');
const load = (path) => import(pathToFileURL(join(dist, path)).href);

/** Bins of the compared histograms, G0. */
const BINS = { width: 0.2, count: 60 };

/** Writes FOLDER/results: study.json, histograms.csv, figures and report.html. The first model predicted all sets, the others the production. */
export async function writeResults(folder, { sets, production, models }) {
  const [{ chartSvg }, { reportPage }] = await Promise.all([load('report/chart.js'), load('report/page.js')]);
  const output = join(folder, 'results');
  mkdirSync(output, { recursive: true });
  const traces = new Map();
  for (const set of ['short', ...sets]) traces.set(`negf ${set}`, tracesIn(join(folder, 'negf', set)));
  const [first] = models;
  const pairs = models
    .flatMap((model) => (model === first ? sets : [production]).map((set) => [model, set]))
    .filter(([model, set]) => hasEnded(join(folder, model, set, 'run.json')));
  for (const [model, set] of pairs) traces.set(`${model} ${set}`, tracesIn(join(folder, model, set)));
  const histograms = new Map([...traces].map(([name, rows]) => [name, densities(rows)]));

  const scores = pairs.map(([model, set]) => ({
    model,
    set,
    ...score(traces.get(`negf ${set}`), traces.get(`${model} ${set}`)),
    histogramCorrelation: correlation(histograms.get(`negf ${set}`).density, histograms.get(`${model} ${set}`).density),
  }));
  const peaks = [...traces.keys()].map((name) => {
    const [kind, set] = name.split(' ');
    return { name, ...landmarks(histograms.get(name)), fitted: fittedPeaks(join(folder, kind, set)) };
  });
  const cost = costs(folder, sets, pairs);
  const figures = {
    'histogram.svg': figure('Conductance histogram of long wires', [
      ['NEGF', histograms.get(`negf ${production}`)],
      ['network', histograms.get(`${first} ${production}`)],
    ]),
    'speeds.svg': figure(
      'Histograms of long wires at different speeds (NEGF)',
      sets.map((set) => [`${set.slice(5)} m/s`, histograms.get(`negf ${set}`)]),
    ),
    'training-sets.svg': figure('Predicted histograms by networks of different training pulls', [
      ['NEGF', histograms.get(`negf ${production}`)],
      ...models.map((model) => [model, histograms.get(`${model} ${production}`)]),
    ]),
    'short.svg': figure('Conductance histogram of the short wires (NEGF)', [['NEGF', histograms.get('negf short')]]),
  };
  for (const [name, chart] of Object.entries(figures))
    writeFileSync(join(output, name), still(chartSvg(chart), chart.title));
  writeFileSync(join(output, 'histograms.csv'), histogramTable(histograms));
  writeFileSync(join(output, 'study.json'), `${JSON.stringify({ scores, peaks, cost }, null, 1)}\n`);
  writeFileSync(
    join(output, 'report.html'),
    reportPage('Potassium nanowires', [
      table('Agreement with NEGF on the same frames', scores),
      table(
        'Maxima and minimum of the histograms',
        peaks.map(({ fitted, ...row }) => row),
      ),
      table('Cost', cost),
      ...Object.values(figures).map((chart) => ({ title: chart.title, charts: [chart] })),
    ]),
  );
}

/** A picture with a name and without what only a pointer changes. */
function still(svg, title) {
  return svg.replace('>', `><title>${title}</title>`).replace(/<style[\s\S]*?<\/style>\s*/, '');
}

/** Whether a run was brought to its end; what is under way is left out. */
function hasEnded(record) {
  return existsSync(record) && JSON.parse(readFileSync(record, 'utf8')).ended === true;
}

/** Rows of traces.csv by `trajectory frame`: conductance, G0. */
function tracesIn(folder) {
  const lines = readFileSync(join(folder, 'traces.csv'), 'utf8')
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  const rows = new Map();
  for (const line of lines.slice(1)) {
    const [trajectory, frame, , , g] = line.split(',');
    rows.set(`${trajectory} ${frame}`, Number(g));
  }
  return rows;
}

/** Counts per trace and G0, in bins. */
function densities(rows) {
  const counts = new Float64Array(BINS.count);
  const trajectories = new Set();
  for (const [key, g] of rows) {
    trajectories.add(key.slice(0, key.lastIndexOf(' ')));
    const bin = Math.floor(g / BINS.width + 1e-9);
    if (bin < BINS.count) counts[bin]++;
  }
  return {
    traces: trajectories.size,
    points: rows.size,
    counts,
    density: counts.map((c) => c / (trajectories.size * BINS.width)),
  };
}

function score(truth, predicted) {
  let [n, mean, squares, absolute] = [0, 0, 0, 0];
  for (const g of truth.values()) mean += g / truth.size;
  let variance = 0;
  for (const [key, g] of truth) {
    if (!predicted.has(key)) throw new Error(`${key} was not predicted`);
    const error = predicted.get(key) - g;
    n++;
    squares += error ** 2;
    absolute += Math.abs(error);
    variance += (g - mean) ** 2;
  }
  return { frames: n, R2: 1 - squares / variance, MAE: absolute / n };
}

function correlation(a, b) {
  const mean = (v) => v.reduce((s, x) => s + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = (f) => a.reduce((s, _, k) => s + f(k), 0);
  return sum((k) => (a[k] - ma) * (b[k] - mb)) / Math.sqrt(sum((k) => (a[k] - ma) ** 2) * sum((k) => (b[k] - mb) ** 2));
}

/** The highest bins near 1 and 3 G0 and the lowest between them: positions (G0), and densities over that at 3 G0. */
function landmarks({ density, traces, points }) {
  const bin = (g) => Math.round(g / BINS.width - 0.5);
  const best = (from, to, better) => {
    let found = bin(from);
    for (let k = found; k <= bin(to); k++) if (better(density[k], density[found])) found = k;
    return found;
  };
  const one = best(0.7, 1.3, (a, b) => a > b);
  const three = best(2.3, 3.5, (a, b) => a > b);
  const dip = best(1.1, 2.5, (a, b) => a < b);
  const at = (k) => Number(((k + 0.5) * BINS.width).toFixed(2));
  return {
    traces,
    points,
    peak1: at(one),
    height1: density[one] / density[three],
    dip: at(dip),
    depth: density[dip] / density[three],
    peak3: at(three),
  };
}

/** Positions of the Gaussians that `conductance predict` fitted. */
function fittedPeaks(folder) {
  const rows = readFileSync(join(folder, 'histograms', 'peaks.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(2);
  return rows.map((row) => Number(Number(row.split(',')[0]).toFixed(2)));
}

/** Seconds of MD, labels and predictions as their logs have them. */
function costs(folder, sets, pairs) {
  const rows = [];
  for (const set of ['short', ...sets]) {
    const pulls = readdirSync(join(folder, set)).filter((name) => /^pull-\d+$/.test(name));
    let seconds = 0;
    for (const name of pulls)
      for (const found of readFileSync(join(folder, set, name, 'log.lammps'), 'utf8').matchAll(/^Loop time of (\S+)/gm))
        seconds += Number(found[1]);
    rows.push({ work: `molecular dynamics, ${set}`, frames: pulls.length, unit: 'pulls', wallSeconds: seconds });
  }
  const add = (work, path) => {
    const run = JSON.parse(readFileSync(join(folder, path, 'run.json'), 'utf8'));
    rows.push({ work, frames: run.predicted, unit: 'frames', wallSeconds: run.seconds, cpuSeconds: run.cpuSeconds });
  };
  for (const set of sets) add(`NEGF labels, ${set}`, join('negf', set));
  for (const [model, set] of pairs) add(`prediction by ${model}, ${set}`, join(model, set));
  return rows.map((row) => ({ ...row, perFrame: (row.cpuSeconds ?? row.wallSeconds) / Math.max(1, row.frames) }));
}

function figure(title, series) {
  return {
    title,
    x: 'G / G0',
    y: 'counts / (trace × G0)',
    series: series.map(([name, { density }]) => ({
      name,
      step: true,
      points: Array.from(density, (y, k) => [(k + 0.5) * BINS.width, y]),
    })),
  };
}

function histogramTable(histograms) {
  const names = [...histograms.keys()];
  const head = `# counts per trace and G0 in bins of ${BINS.width} G0\nG,${names.map((name) => name.replace(' ', '_')).join(',')}\n`;
  const row = (k) =>
    [(k + 0.5) * BINS.width, ...names.map((name) => histograms.get(name).density[k])].map((v) => Number(v.toFixed(5)));
  return `${head}${Array.from({ length: BINS.count }, (_, k) => row(k).join(',')).join('\n')}\n`;
}

function table(title, rows) {
  const names = Object.keys(rows[0] ?? {});
  const word = (v) => (typeof v === 'number' && !Number.isInteger(v) ? v.toPrecision(4) : (v ?? ''));
  return { title, table: { head: names, rows: rows.map((row) => names.map((name) => word(row[name]))) } };
}
