import { type Json, list, moment, object, oneOf, text, textOrNull } from '../read.ts';

export interface TimelineEntry {
  readonly at: number | null;
  readonly kind: 'change' | 'event';
  readonly summary: string;
  readonly tenant: string | null;
}

export function readTimeline(answer: Json): readonly TimelineEntry[] {
  return list(answer['data'], (value) => {
    const entry = object(value);
    return {
      at: moment(entry['at']),
      kind: oneOf(entry['kind'], ['change', 'event'] as const, 'event'),
      summary: text(entry['summary']),
      tenant: textOrNull(entry['tenant']),
    };
  });
}
