import type { Random } from '../engine/clock.ts';
import { seededRandom } from '../engine/random.ts';
import { drawFromKnots, hash, hexDigits } from './chance.ts';
import type { Knots } from './chance.ts';
import { isObject, listAt, objectAt, stringAt } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Prompt } from './prompt.ts';

/** What the simulated model says to one choice of one request. */
export type Answer =
  | { readonly kind: 'text'; readonly tokens: readonly string[] }
  | { readonly kind: 'tool'; readonly id: string; readonly name: string; readonly pieces: readonly string[] };

/** What an answer depends on. The model's name is not part of it, so that a fallback to another model can be compared. */
export interface Question {
  readonly seed: number;
  readonly prompt: Prompt;
  /** Which of the `n` choices. */
  readonly choice: number;
  /** Tools on offer, in either wire's shape. */
  readonly tools: readonly unknown[];
  readonly toolChoice: unknown;
  /** `response_format` or `text.format`. */
  readonly format: JsonObject | null;
  /** An answer that replaces the drawn one. */
  readonly scripted: string | null;
  /** Length of a drawn text in tokens; null draws it too. */
  readonly length: number | null;
}

/**
 * Length of an answer that nobody asked a length for. Fitted to the conversation trace of Azure/AzurePublicDataset
 * (CC-BY-4.0, Splitwise, ISCA'24; 19,366 calls; distance 7 %).
 */
const OUTPUT_TOKENS: Knots = [7, 41, 54, 85, 129, 395, 424, 451, 601, 1000];

/** Words of the simulated model. Some need two, three and four bytes in UTF-8, so that a split inside one shows. */
const WORDS = (
  'the a kelp holds fast rock while storm passes over reef and tide turns slowly under grey light café naïve façade ' +
  'wave after wave breaks harbour lantern keeps its watch through long night 海藻 → rope knot anchor chain sails home ' +
  'gulls cry above salt wind calm morning follows every gale 🌊 boat crew rests again deep water cold current drift ' +
  'shore path stone bridge small town waits patiently for news from far islands'
).split(' ');

/** The same question has the same answer, streamed or not, at every simulator with the same seed. */
export function answerTo(question: Question): Answer {
  const random = seededRandom(hash(question.prompt.text, question.seed * 31 + question.choice));
  const tool = question.scripted === null ? chooseTool(question) : null;
  if (tool !== null) {
    const value = sampleOf(tool.parameters, random, 0);
    return {
      kind: 'tool',
      id: `call_${hexDigits(random, 24)}`,
      name: tool.name,
      pieces: pieces(JSON.stringify(value)),
    };
  }
  return { kind: 'text', tokens: textTokens(question, random) };
}

function textTokens(question: Question, random: Random): readonly string[] {
  if (question.scripted !== null) return split(question.scripted);
  const format = question.format?.['type'];
  if (format === 'json_schema') {
    const holder = question.format === null ? null : (objectAt(question.format, 'json_schema') ?? question.format);
    return pieces(JSON.stringify(sampleOf(holder === null ? null : objectAt(holder, 'schema'), random, 0)));
  }
  if (format === 'json_object') return pieces(JSON.stringify({ answer: words(8, random).join('') }));
  const wanted = /(?:reply with|say|answer)(?: exactly| only)?:\s*(.+)$/is.exec(question.prompt.lastUser);
  if (wanted?.[1] !== undefined) return split(wanted[1].trim());
  const counted = /\b(\d{1,5}) (?:words|tokens)\b/i.exec(question.prompt.lastUser);
  const length = counted?.[1] === undefined ? question.length : Number(counted[1]);
  return words(length ?? Math.round(drawFromKnots(OUTPUT_TOKENS, random)), random);
}

/** Sentences of made-up prose, one word a token, each but the first with the space before it. */
function words(count: number, random: Random): string[] {
  const tokens: string[] = [];
  let left = 0;
  for (let at = 0; at < count; at += 1) {
    let word = WORDS[Math.floor(random() * WORDS.length)] as string;
    if (left === 0) {
      left = 7 + Math.floor(random() * 8);
      word = word.charAt(0).toUpperCase() + word.slice(1);
    }
    left -= 1;
    if (left === 0 || at === count - 1) {
      word += '.';
      left = 0;
    }
    tokens.push(at === 0 ? word : ` ${word}`);
  }
  return tokens;
}

/** A text as tokens: words with the space before them. Joined again they are the text. */
function split(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

/** JSON as tokens of four characters, never splitting a surrogate pair. */
function pieces(text: string): string[] {
  return text.match(/[^]{1,4}/gu) ?? [];
}

interface Tool {
  readonly name: string;
  readonly parameters: JsonObject | null;
}

function chooseTool(question: Question): Tool | null {
  const tools = question.tools.flatMap(readTool);
  const { toolChoice } = question;
  if (tools.length === 0 || toolChoice === 'none') return null;
  if (isObject(toolChoice)) {
    const name = stringAt(objectAt(toolChoice, 'function') ?? toolChoice, 'name');
    return tools.find((tool) => tool.name === name) ?? null;
  }
  if (toolChoice === 'required') return tools[0] ?? null;
  const said = question.prompt.lastUser.toLowerCase();
  const asked = (name: string) => said.includes(`call ${name}`) || said.includes(`use ${name}`);
  const named = tools.find((tool) => asked(tool.name.toLowerCase()));
  return named ?? (asked('the tool') || asked('a tool') ? (tools[0] ?? null) : null);
}

/** Chat nests a tool in `function`, Responses does not. */
function readTool(tool: unknown): Tool[] {
  if (!isObject(tool)) return [];
  const body = objectAt(tool, 'function') ?? tool;
  const name = stringAt(body, 'name');
  return name === null ? [] : [{ name, parameters: objectAt(body, 'parameters') }];
}

/** How deep a made-up value goes before a schema that refers to itself is cut short. */
const MAX_DEPTH = 6;

/** A value that fits a JSON schema of the strict kind (objects, arrays, enums, the primitive types, `anyOf`). */
function sampleOf(schema: JsonObject | null, random: Random, depth: number): unknown {
  if (schema === null || depth > MAX_DEPTH) return {};
  const choices = listAt(schema, 'enum');
  if (choices.length > 0) return choices[Math.floor(random() * choices.length)];
  if ('const' in schema) return schema['const'];
  const [alternative] = listAt(schema, 'anyOf');
  if (isObject(alternative)) return sampleOf(alternative, random, depth + 1);
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  switch (type) {
    case 'string':
      return words(3, random).join('');
    case 'integer':
    case 'number':
      return Math.floor(random() * 100);
    case 'boolean':
      return random() < 0.5;
    case 'null':
      return null;
    case 'array':
      return [sampleOf(objectAt(schema, 'items'), random, depth + 1)];
    default: {
      const fields = Object.entries(objectAt(schema, 'properties') ?? {});
      return Object.fromEntries(
        fields.map(([name, field]) => [name, sampleOf(isObject(field) ? field : null, random, depth + 1)]),
      );
    }
  }
}
