import { EFFORTS, imageUrl, nameOrId } from './common-fields.ts';
import {
  decimal,
  either,
  type FieldCheck,
  flag,
  listOf,
  nullable,
  object,
  oneOf,
  text,
  variants,
  whole,
} from './fields.ts';
import type { Inspection } from './inspection.ts';
import { wrongType } from './problem.ts';

// The fields of the endpoints whose requests are one object of a dozen fields: embeddings, moderations, images, speech.

const type = text();

/** Inputs that one request may carry. */
const MOST_INPUTS = 2048;

const token: FieldCheck = (value, on) => {
  // Token lists run to hundreds of thousands: nothing else is asked of each.
  if (typeof value !== 'number' || !Number.isInteger(value)) on.add(wrongType(on.param(), 'an integer', value));
};

const tokens = listOf('integers', token, { least: 1 });
const texts = listOf('strings', text({ least: 1 }), { least: 1, most: MOST_INPUTS });
const tokenLists = listOf('arrays of integers', tokens, { least: 1, most: MOST_INPUTS });

/** One text, several, one list of tokens, or several. */
const embeddingInput = either('one of a string, an array of strings, or an array of integers', {
  string: text({ least: 1 }),
  list: (value: unknown, on: Inspection) => {
    const [first] = value as readonly unknown[];
    if (typeof first === 'number') tokens(value, on);
    else if (Array.isArray(first)) tokenLists(value, on);
    else texts(value, on);
  },
});

export const embeddingsRequest: FieldCheck = object({
  required: { input: embeddingInput },
  optional: {
    model: text(),
    dimensions: nullable(whole({ least: 1, readable: true })),
    encoding_format: nullable(oneOf(['float', 'base64'], 'open')),
    user: nullable(text()),
  },
});

const moderatedTexts = listOf('strings', text(), { least: 1 });

const moderatedParts = listOf(
  'objects',
  variants('type', {
    text: object({ required: { type, text: text() } }),
    image_url: object({ required: { type, image_url: object({ required: { url: imageUrl } }) } }),
  }),
  { least: 1 },
);

const moderatedList: FieldCheck = (value, on) => {
  const [first] = value as readonly unknown[];
  (typeof first === 'string' ? moderatedTexts : moderatedParts)(value, on);
};

export const moderationRequest: FieldCheck = object({
  required: { input: either('one of a string or array of objects', { string: text(), list: moderatedList }) },
  optional: { model: nullable(text()) },
});

export const imageRequest: FieldCheck = object({
  required: { prompt: text({ least: 1, most: 32_000 }) },
  optional: {
    background: nullable(oneOf(['transparent', 'opaque', 'auto'], 'open')),
    complexity: nullable(oneOf(['low', 'medium', 'high'], 'open')),
    frame_count: nullable(whole({ least: 1 })),
    frame_duration_ms: nullable(whole({ least: 1 })),
    model: nullable(text()),
    moderation: nullable(oneOf(['low', 'auto'], 'open')),
    n: nullable(whole({ least: 1, most: 10 })),
    output_compression: nullable(whole({ least: 0, most: 100 })),
    output_format: nullable(oneOf(['png', 'webp', 'jpeg', 'gif', 'svg'], 'open')),
    partial_images: nullable(whole({ least: 0, most: 3 })),
    quality: nullable(oneOf(['low', 'medium', 'high', 'xhigh', 'max', 'auto', 'standard', 'hd'], 'open')),
    response_format: nullable(oneOf(['url', 'b64_json'], 'open')),
    safety_identifier: nullable(text()),
    size: nullable(text({ pattern: /^(?:auto|\d+x\d+)$/ })),
    stream: nullable(flag),
    style: nullable(oneOf(['vivid', 'natural'], 'open')),
    svg: nullable(
      object({
        optional: {
          model: text(),
          reasoning: nullable(object({ optional: { effort: nullable(oneOf(EFFORTS, 'open')) } })),
        },
      }),
    ),
    user: text(),
  },
});

export const speechRequest: FieldCheck = object({
  required: { model: text(), input: text({ least: 1, most: 4096 }), voice: nameOrId },
  optional: {
    instructions: nullable(text()),
    response_format: nullable(oneOf(['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm'], 'open')),
    speed: nullable(decimal({ least: 0.25, most: 4 })),
    stream_format: nullable(oneOf(['sse', 'audio'], 'open')),
  },
});
