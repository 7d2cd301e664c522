import { protoAt, protoListAt } from '../prompt/proto.ts';
import { isObject } from './fields.ts';
import type { Inspection } from './inspection.ts';
import type { ModelFacts } from './model-rules.ts';
import { type Problem, problem } from './problem.ts';

type Request = Readonly<Record<string, unknown>>;

/** What the fields of a request on Google's wire have to do with one another, told as Google tells it. */
export function checkGenerateRules(request: Request, on: Inspection): void {
  checkTurns(protoListAt(request, 'contents'), on);
  checkTools(request, on);
  checkSettings(objectAt(request, 'generationConfig'), on);
}

function objectAt(holder: Request, name: string): Request {
  const value = protoAt(holder, name);
  return isObject(value) ? value : {};
}

/** Tells of one rule that is broken: where, and how it is put right. */
function broken(rule: Problem['rule'], param: string, message: string, fix: string): Problem {
  return problem({ rule, param, message, fix });
}

const ROLES: ReadonlySet<unknown> = new Set([undefined, null, '', 'user', 'model', 'function']);

function checkTurns(turns: readonly unknown[], on: Inspection): void {
  if (turns.length === 0) {
    const message = '* GenerateContentRequest.contents: contents is not specified';
    return on.add(broken('missing', 'contents', message, 'Send what the user says as contents.'));
  }
  let before: Turn | null = null;
  for (let at = 0; at < turns.length && !on.full; at += 1) {
    const content = turns[at];
    if (!isObject(content)) {
      before = null;
      continue;
    }
    if (!ROLES.has(content['role'])) {
      const message = 'Please use a valid role: user, model.';
      on.add(broken('value', `contents[${at}].role`, message, 'The user is `user`, the model is `model`.'));
    }
    const turn = turnOf(content);
    checkParts(turn, at, on);
    checkPairs(before, turn, at, on);
    before = turn;
  }
}

/** One side's turn, and what of tools is in it. */
interface Turn {
  readonly isModel: boolean;
  readonly parts: readonly Request[];
  readonly calls: number;
  readonly answers: readonly Request[];
}

function turnOf(content: Request): Turn {
  const parts = protoListAt(content, 'parts').filter(isObject);
  return {
    isModel: content['role'] === 'model',
    parts,
    calls: parts.filter((part) => isObject(protoAt(part, 'functionCall'))).length,
    answers: parts.map((part) => protoAt(part, 'functionResponse')).filter(isObject),
  };
}

function checkParts({ parts, answers }: Turn, at: number, on: Inspection): void {
  if (parts.length === 0) {
    const message = `* GenerateContentRequest.contents[${at}].parts: contents.parts must not be empty.`;
    on.add(broken('empty', `contents[${at}].parts`, message, `Say something in contents[${at}], or leave it out.`));
  }
  const hollow = parts.findIndex((part) => Object.keys(part).length === 0);
  if (hollow >= 0) {
    const param = `contents[${at}].parts[${hollow}]`;
    const message = `* GenerateContentRequest.${param}.data: required oneof field 'data' must have one initialized field`;
    on.add(broken('empty', param, message, `Put a text or data in ${param}, or leave it out.`));
  }
  if (answers.every(({ name }) => typeof name === 'string' && name !== '')) return;
  const place = parts.findIndex((part) => {
    const { name } = objectAt(part, 'functionResponse');
    return isObject(protoAt(part, 'functionResponse')) && (typeof name !== 'string' || name === '');
  });
  const param = `contents[${at}].parts[${place}].function_response.name`;
  const message = `* GenerateContentRequest.${param}: Name cannot be empty.`;
  on.add(broken('missing', param, message, 'Name the function whose result it is.'));
}

/** Calls follow what the user says or their like; their results follow at once, as many as there were calls. */
function checkPairs(before: Turn | null, { calls, answers }: Turn, at: number, on: Inspection): void {
  const param = `contents[${at}]`;
  const made = before?.calls ?? 0;
  if (calls > 0 && (before === null || before.isModel)) {
    const message =
      'Please ensure that function call turn comes immediately after a user turn or after a function response turn.';
    on.add(
      broken('tool-pairs', param, message, `Put what the user says before ${param}, or join it with the turn before.`),
    );
  }
  if (answers.length > 0 && made === 0) {
    const message = 'Please ensure that function response turn comes immediately after a function call turn.';
    on.add(broken('tool-pairs', param, message, `Put the call before ${param}, or remove the result.`));
  } else if (answers.length !== made) {
    const message =
      'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.';
    on.add(broken('tool-pairs', param, message, `Send ${made} results in ${param}: one for each call.`));
  }
}

function checkTools(request: Request, on: Inspection): void {
  const calling = objectAt(objectAt(request, 'toolConfig'), 'functionCallingConfig');
  const { mode } = calling;
  const tools = protoListAt(request, 'tools').filter(isObject);
  const declared = tools.flatMap((tool) => protoListAt(tool, 'functionDeclarations')).filter(isObject);
  const param = 'tool_config.function_calling_config';
  const allowed = protoListAt(calling, 'allowedFunctionNames');
  if (allowed.length > 0 && mode !== 'ANY' && mode !== 'VALIDATED') {
    const message =
      'Function calling config is set without function calling mode ANY, but allowed_function_names is set.';
    on.add(
      broken('only-with', `${param}.allowed_function_names`, message, 'Set the mode to ANY, or leave the names out.'),
    );
  }
  if (mode === 'ANY' && declared.length === 0) {
    const message = 'Function calling mode is set to ANY but no function declarations are provided.';
    return on.add(broken('only-with', `${param}.mode`, message, 'Declare the functions, or leave the mode out.'));
  }
  const names = new Set(declared.map(({ name }) => name));
  const stray = allowed.filter((name) => names.size > 0 && !names.has(name));
  if (stray.length === 0) return;
  const message = `allowed_function_names must be a subset of the function names provided in function_declarations.`;
  on.add(broken('tool-choice', `${param}.allowed_function_names`, message, 'Name functions that are declared.'));
}

/** Most texts that an answer may be stopped at. */
const MOST_STOPS = 5;

function checkSettings(settings: Request, on: Inspection): void {
  const { temperature } = settings;
  if (typeof temperature === 'number' && (temperature < 0 || temperature > 2)) {
    const message =
      '* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].';
    on.add(broken('range', 'generation_config.temperature', message, 'Send a temperature from 0 to 2.'));
  }
  if (protoListAt(settings, 'stopSequences').length > MOST_STOPS) {
    const message = `The number of stop sequences must be at most ${MOST_STOPS}.`;
    on.add(broken('length', 'generation_config.stop_sequences', message, `Name at most ${MOST_STOPS} texts.`));
  }
  const hasSchema = (protoAt(settings, 'responseJsonSchema') ?? null) !== null;
  if (!hasSchema || protoAt(settings, 'responseMimeType') === 'application/json') return;
  const message = 'response_json_schema requires response_mime_type: application/json';
  on.add(
    broken('only-with', 'generation_config.response_json_schema', message, 'Send responseMimeType: application/json.'),
  );
}

/** What of a request one model of Google's does not take. */
export function checkGenerateModel(request: Request, { maxOutput }: ModelFacts, on: Inspection): void {
  const asked = protoAt(objectAt(request, 'generationConfig'), 'maxOutputTokens');
  if (maxOutput === null || typeof asked !== 'number' || (asked >= 1 && asked <= maxOutput)) return;
  on.add(
    problem({
      rule: 'output-cap',
      kind: 'output-cap',
      param: 'generation_config.max_output_tokens',
      message:
        `Unable to submit request because it has a maxOutputTokens value of ${asked} but the supported range is ` +
        `from 1 (inclusive) to ${maxOutput + 1} (exclusive).`,
      fix: `Ask for at most ${maxOutput} as maxOutputTokens.`,
    }),
  );
}
