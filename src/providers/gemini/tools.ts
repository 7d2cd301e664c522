import { isObject } from '../openai/request.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';

interface Declaration {
  readonly name: string;
  readonly description?: string;
  readonly parametersJsonSchema?: Readonly<Record<string, unknown>>;
}

interface Calling {
  readonly mode: 'AUTO' | 'ANY' | 'NONE' | 'VALIDATED';
  readonly allowedFunctionNames?: readonly string[];
}

/** What the wire says of tools; nothing where the request has none. */
export interface ToolMembers {
  readonly tools?: readonly { readonly functionDeclarations: readonly Declaration[] }[];
  readonly toolConfig?: { readonly functionCallingConfig: Calling };
}

/** Tools on offer and which of them may, must or must not be called. */
export function toolMembers(request: Readonly<Record<string, unknown>>, losses: Loss[]): ToolMembers {
  if (Array.isArray(request['functions']) && request['functions'].length > 0) {
    throw new Untranslatable('functions', 'write them as tools, which took their place');
  }
  const { tools: listed, tool_choice: choice, parallel_tool_calls: parallel } = request;
  if (!Array.isArray(listed) || listed.length === 0) return {};
  const all = listed.map((tool, index) => declarationOf(tool, `tools[${index}]`));
  if (parallel === false) {
    const why = 'the wire cannot ask for one call at a time';
    losses.push({ field: 'parallel_tool_calls', how: 'dropped', why });
  }
  const strict = listed.some(isStrict);
  const { calling, only } = readChoice(choice, strict);
  const functionDeclarations = only === null ? all : all.filter(({ name }) => only.includes(name));
  const isSaid = (choice !== undefined && choice !== null) || strict;
  return {
    tools: [{ functionDeclarations }],
    ...(isSaid ? { toolConfig: { functionCallingConfig: calling } } : {}),
  };
}

function declarationOf(tool: unknown, field: string): Declaration {
  const fn = isObject(tool) ? tool['function'] : undefined;
  if (!isObject(fn)) throw new Untranslatable(field, 'only functions can be offered on this wire');
  const { name, description, parameters } = fn;
  return {
    name: String(name),
    ...(typeof description === 'string' ? { description } : {}),
    ...(isObject(parameters) ? { parametersJsonSchema: parameters } : {}),
  };
}

function isStrict(tool: unknown): boolean {
  const fn = isObject(tool) ? tool['function'] : undefined;
  return isObject(fn) && fn['strict'] === true;
}

interface Choice {
  readonly calling: Calling;
  /** The names that remain on offer; null leaves them all. */
  readonly only: readonly string[] | null;
}

function readChoice(choice: unknown, strict: boolean): Choice {
  // The only mode that holds calls to their schemas and leaves the model free to speak.
  const free: Calling = { mode: strict ? 'VALIDATED' : 'AUTO' };
  if (choice === 'required') return { calling: { mode: 'ANY' }, only: null };
  if (choice === 'none') return { calling: { mode: 'NONE' }, only: null };
  if (!isObject(choice)) return { calling: free, only: null };
  const allowed = choice['allowed_tools'];
  if (isObject(allowed)) {
    const named = Array.isArray(allowed['tools']) ? allowed['tools'] : [];
    return { calling: allowed['mode'] === 'required' ? { mode: 'ANY' } : free, only: named.map(nameOf) };
  }
  return { calling: { mode: 'ANY', allowedFunctionNames: [nameOf(choice)] }, only: null };
}

function nameOf(tool: unknown): string {
  const fn = isObject(tool) ? tool['function'] : undefined;
  if (!isObject(fn)) throw new Untranslatable('tool_choice', 'only functions can be chosen on this wire');
  return String(fn['name']);
}
