import { isObject, listAt, objectAt, stringAt } from '../json.ts';
import type { JsonObject } from '../json.ts';

/** The conversation as a chat would have it, so that the same question has the same answer on both wires. */
export function itemsOf(body: JsonObject): readonly JsonObject[] {
  const instructions = objectAt(body, 'systemInstruction') ?? objectAt(body, 'system_instruction') ?? {};
  return [
    ...listAt(instructions, 'parts').map((part) => ({ role: 'system', content: textOf(part) })),
    ...listAt(body, 'contents').filter(isObject).flatMap(turnItems),
  ];
}

function turnItems(turn: JsonObject): JsonObject[] {
  const parts = listAt(turn, 'parts').filter(isObject);
  const answers = listed(parts, 'functionResponse');
  const said = parts.filter((part) => part['functionResponse'] === undefined && part['thought'] !== true);
  const role = turn['role'] === 'model' ? 'assistant' : 'user';
  return [
    ...answers.map((answer) => ({ role: 'tool', content: answerText(objectAt(answer, 'response') ?? {}) })),
    ...(said.length > 0 ? [{ role, content: said.map(partOf) }] : []),
  ];
}

function partOf(part: JsonObject): JsonObject {
  const call = objectAt(part, 'functionCall');
  if (call !== null) return { text: JSON.stringify(call['args'] ?? {}) };
  return part['text'] === undefined ? { type: 'image' } : { text: part['text'] };
}

function textOf(part: unknown): string {
  return isObject(part) ? (stringAt(part, 'text') ?? '') : '';
}

function answerText(response: JsonObject): string {
  return stringAt(response, 'output') ?? JSON.stringify(response);
}

/** What a turn has of one kind: its calls, its answers. */
export function listed(parts: readonly JsonObject[], kind: string): readonly JsonObject[] {
  return parts.flatMap((part): JsonObject[] => {
    const found = objectAt(part, kind);
    return found === null ? [] : [found];
  });
}
