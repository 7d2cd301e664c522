import type { JsonObject } from '../json.ts';
import type { Pace } from '../latency.ts';
import { write } from '../script.ts';
import type { Part, Write } from '../script.ts';
import { callParts, frameOf, type Generated, saidBy, usageOf } from './candidate.ts';

/** An answer as its stream tells it, frame by frame; no word of its own ends it. */
export function generateWrites(generated: Generated, sealed: boolean, pace: Pace): Write[] {
  const writes: Write[] = [];
  const { candidates } = generated;
  const longest = Math.max(...candidates.map(({ thoughts, pieces }) => thoughts.length + pieces.length));
  let said = 0;
  const say = (part: Part, candidate: JsonObject, waitMs: number) => {
    const frame = { candidates: [candidate], usageMetadata: usageOf(generated, said), ...frameOf(generated) };
    writes.push(write(part, event(frame), waitMs));
  };
  const wait = (): number => (writes.length === 0 ? pace.firstTokenMs : pace.gap());
  for (let at = 0; at < longest; at += 1) {
    candidates.forEach(({ thoughts, pieces }, index) => {
      const thought = thoughts[at];
      const text = thought ?? pieces[at - thoughts.length];
      if (text === undefined) return;
      if (thought === undefined) said += 1;
      const part = thought === undefined ? { text } : { text, thought: true };
      say('content', { content: { parts: [part], role: 'model' }, index }, wait());
    });
  }
  candidates.forEach(({ calls }, index) => {
    for (const part of callParts(calls, sealed)) {
      say('content', { content: { parts: [part], role: 'model' }, index }, wait());
    }
  });
  said = saidBy(generated);
  candidates.forEach(({ finishReason }, index) => {
    const isLast = index === candidates.length - 1;
    const part: Part = isLast ? 'terminal' : 'closing';
    say(part, { content: { parts: [{ text: '' }], role: 'model' }, finishReason, index }, 0);
  });
  return writes;
}

/** A frame of a stream as the wire sends it: CRLF, as Google's servers have it. */
export function event(frame: object): string {
  return `data: ${JSON.stringify(frame)}\r\n\r\n`;
}
