const decoder = new TextDecoder('latin1');
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?$/;

/** How sure the head of a file is a POSCAR or an XDATCAR: scale, three lattice rows, species and counts, then the frame. */
export function sniffStructure(head: Uint8Array): { poscar: number; xdatcar: number } {
  const none = { poscar: 0, xdatcar: 0 };
  const lines = decoder
    .decode(head)
    .split(/\r?\n/)
    .map((line) => line.trim().split(/\s+/));
  if (lines.length < 7) return none;
  const scales = leadingNumbers(lines[1]);
  if (scales !== 1 && scales !== 3) return none;
  if (![2, 3, 4].every((k) => leadingNumbers(lines[k]) === 3)) return none;
  let at = 5;
  while (at < lines.length && /^[A-Za-z]/.test(lines[at][0])) at++;
  const named = at > 5;
  if (!integers(lines[at])) return none;
  while (at < lines.length && integers(lines[at])) at++;
  const next = lines[at]?.join(' ') ?? '';
  if (/^(direct|cartesian) configuration/i.test(next)) return { poscar: 0, xdatcar: 1 };
  if (next === '') return { poscar: 0, xdatcar: named && at < lines.length - 1 ? 0.9 : 0.3 };
  return { poscar: /^[scdk]/i.test(next) ? (named ? 0.95 : 0.85) : 0.5, xdatcar: 0 };
}

function leadingNumbers(words: readonly string[]): number {
  const end = words.findIndex((word) => !NUMBER.test(word));
  return end < 0 ? words.length : end;
}

const integers = (words: readonly string[] | undefined) => words !== undefined && /^\d+$/.test(words[0]);
