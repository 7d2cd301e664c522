import { isObject } from '../openai/request.ts';
import type { ClaudeTraits } from './claude.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';
import { enforceable } from './schema.ts';

interface Tool {
  readonly name: string;
  readonly description?: string;
  readonly input_schema: Readonly<Record<string, unknown>>;
  readonly strict?: true;
}

/** What the wire says of tools; nothing where the request has none. */
export interface ToolMembers {
  readonly tools?: readonly Tool[];
  readonly tool_choice?: Readonly<Record<string, unknown>>;
}

/** Tools on offer and which of them may, must or must not be called. */
export function toolMembers(
  request: Readonly<Record<string, unknown>>,
  traits: ClaudeTraits,
  losses: Loss[],
): ToolMembers {
  if (Array.isArray(request['functions']) && request['functions'].length > 0) {
    throw new Untranslatable('functions', 'write them as tools, which took their place');
  }
  const { tools: listed, tool_choice: choice, parallel_tool_calls: parallel } = request;
  if (!Array.isArray(listed) || listed.length === 0) return {};
  const all = listed.map((tool, index) => toolOf(tool, `tools[${index}]`, traits, losses));
  const { mode, only } = readChoice(choice);
  const tools = only === null ? all : all.filter(({ name }) => only.includes(name));
  const alone = parallel === false && mode['type'] !== 'none' ? { disable_parallel_tool_use: true } : {};
  const isSaid = choice !== undefined && choice !== null;
  return isSaid || parallel === false ? { tools, tool_choice: { ...mode, ...alone } } : { tools };
}

function toolOf(tool: unknown, field: string, { structured }: ClaudeTraits, losses: Loss[]): Tool {
  const fn = isObject(tool) ? tool['function'] : undefined;
  if (!isObject(fn)) throw new Untranslatable(field, 'only functions can be offered on this wire');
  const { name, description, parameters, strict } = fn;
  const schema = isObject(parameters) ? parameters : {};
  const plain = { properties: {}, ...schema, type: 'object' };
  const described = {
    name: String(name),
    ...(typeof description === 'string' ? { description } : {}),
  };
  if (strict !== true) return { ...described, input_schema: plain };
  if (!structured) {
    losses.push({ field: `${field}.function.strict`, how: 'dropped', why: 'this model does not enforce schemas' });
    return { ...described, input_schema: plain };
  }
  const refused = new Set<string>();
  const input_schema = enforceable(plain, refused) as Record<string, unknown>;
  for (const word of refused) losses.push(unenforced(`${field}.function.parameters`, word));
  return { ...described, input_schema, strict: true };
}

/** A word of a schema that the wire cannot enforce. */
export function unenforced(field: string, word: string): Loss {
  return { field: `${field}.${word}`, how: 'dropped', why: `schemas are enforced without ${word}` };
}

interface Choice {
  readonly mode: Readonly<Record<string, unknown>>;
  /** The names that remain on offer; null leaves them all. */
  readonly only: readonly string[] | null;
}

function readChoice(choice: unknown): Choice {
  if (choice === 'required') return { mode: { type: 'any' }, only: null };
  if (choice === 'none') return { mode: { type: 'none' }, only: null };
  if (!isObject(choice)) return { mode: { type: 'auto' }, only: null };
  const allowed = choice['allowed_tools'];
  if (isObject(allowed)) {
    const named = Array.isArray(allowed['tools']) ? allowed['tools'] : [];
    return { mode: { type: allowed['mode'] === 'required' ? 'any' : 'auto' }, only: named.map(nameOf) };
  }
  return { mode: { type: 'tool', name: nameOf(choice) }, only: null };
}

function nameOf(tool: unknown): string {
  const fn = isObject(tool) ? tool['function'] : undefined;
  if (!isObject(fn)) throw new Untranslatable('tool_choice', 'only functions can be chosen on this wire');
  return String(fn['name']);
}
