import { escapeHtml, STYLE } from './page.ts';

const LIVE_STYLE = `#state{position:sticky;top:0;background:#fff;border-bottom:1px solid #ddd;padding:.3rem 0;font-size:13px}
#state.lost{color:#b00}#viewer{position:relative;width:100%;height:420px;border:1px solid #ddd}#viewer[hidden]{display:none}
#shown{font-size:13px}`;

/** The page before any section has come; `scripts` are loaded before the one that fills it. */
export function liveHtml(title: string, scripts: readonly string[], hasViewer: boolean): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>${STYLE}
${LIVE_STYLE}</style>${scripts.map((path) => `<script defer src="${escapeHtml(path)}"></script>`).join('')}</head>
<body><p id="state">connecting</p><h1>${escapeHtml(title)}</h1>
${hasViewer ? '<section id="frames" hidden><h2>Structure</h2><p><select id="shown"></select></p><div id="viewer"></div></section>' : ''}
<main id="sections"></main>
</body></html>
`;
}

/**
 * What the browser runs: listens to the events, replaces the sections that changed, draws the chosen frame with 3Dmol, says when the
 * run has ended or cannot be reached. Plain JavaScript: it is sent as it stands.
 */
export const LIVE_SCRIPT = `'use strict';
const state = document.getElementById('state');
const main = document.getElementById('sections');
const list = document.getElementById('shown');
let ended = false;
let viewer;
let frames = [];

function say(text, lost) {
  state.textContent = text;
  state.className = lost ? 'lost' : '';
}

const events = new EventSource('/events');
events.onopen = () => say('running', false);
events.onerror = () => {
  if (!ended) say('not connected: trying again', true);
};
events.addEventListener('sections', (event) => {
  const { count, changed, time } = JSON.parse(event.data);
  while (main.children.length > count) main.lastElementChild.remove();
  while (main.children.length < count) main.append(document.createElement('section'));
  for (const [index, html] of changed) main.children[index].innerHTML = html;
  if (!ended) say('running; drawn at ' + new Date(time).toLocaleTimeString(), false);
});
events.addEventListener('frames', (event) => {
  frames = JSON.parse(event.data);
  if (!list) return;
  const chosen = list.value;
  list.replaceChildren(...frames.map((frame, k) => new Option(frame.title, String(k))));
  if (chosen !== '' && Number(chosen) < frames.length) list.value = chosen;
  draw();
});
events.addEventListener('ended', (event) => {
  ended = true;
  events.close();
  say(JSON.parse(event.data), false);
});

function draw() {
  const frame = frames[Number(list.value)];
  document.getElementById('frames').hidden = frame === undefined;
  if (frame === undefined || !globalThis.$3Dmol) return;
  const isNew = viewer === undefined;
  try {
    viewer ??= $3Dmol.createViewer('viewer', { backgroundColor: 'white' });
    if (!viewer) throw new Error('no WebGL');
  } catch (error) {
    document.getElementById('viewer').textContent = 'the structure cannot be drawn here: ' + error.message;
    return;
  }
  viewer.removeAllModels();
  const atoms = frame.species.map((elem, k) => ({
    elem,
    x: frame.positions[3 * k],
    y: frame.positions[3 * k + 1],
    z: frame.positions[3 * k + 2],
    bonds: [],
    bondOrder: [],
  }));
  viewer.addModel().addAtoms(atoms);
  viewer.setStyle({}, { sphere: { scale: 0.6 } });
  if (isNew) viewer.zoomTo();
  viewer.render();
  document.getElementById('viewer').dataset.atoms = String(atoms.length);
}
if (list) list.onchange = draw;
`;
