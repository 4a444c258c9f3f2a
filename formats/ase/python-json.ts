/** Tokens that Python writes and JSON does not know, outside of strings. */
const BARE = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;
const MARK = '\u0000python:';

/** A value of JSON as Python's `json` writes it, with NaN and infinities. Throws SyntaxError. */
export function parsePythonJson(text: string): unknown {
  if (!/NaN|Infinity/.test(text)) return JSON.parse(text);
  const marked = text.replace(BARE, (token) => (token.startsWith('"') ? token : JSON.stringify(`${MARK}${token}`)));
  return JSON.parse(marked, (_, value) =>
    typeof value === 'string' && value.startsWith(MARK) ? Number(value.slice(MARK.length)) : value,
  );
}
