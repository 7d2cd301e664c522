import type { Part, Scales } from './parts.ts';
import { shortened } from './shorten.ts';

/** Most tokens of one message in a transcript: what a tool put out need not be read to the last line to be summed up. */
const MESSAGE_TOKENS = 1_500;

/** What a summariser is given to read: what it wrote before, and what was said since. */
export function transcript(before: string | null, parts: readonly Part[], scales: Scales): string {
  const said = parts.map((part) => line(part, scales)).filter((text) => text !== '');
  const opening = before === null ? [] : ['Summary so far:', before, '', 'What followed:'];
  return [...opening, ...said].join('\n');
}

function line({ message, role }: Part, scales: Scales): string {
  const text = scales.wire.told(message);
  const tokens = text.length < MESSAGE_TOKENS ? 0 : scales.count(text);
  const kept =
    tokens <= MESSAGE_TOKENS ? text : shortened(text, tokens, MESSAGE_TOKENS, (piece) => scales.count(piece));
  const who = { guide: 'Instructions', user: 'User', assistant: 'Assistant', result: 'Result', state: '' }[role];
  return kept === '' ? '' : `${who}: ${kept}`;
}
