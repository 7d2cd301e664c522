import type { Fault } from '../engine/fault/fault.ts';
import { faultOf } from '../engine/fault/index.ts';
import type { SecretKind } from './secret.ts';

// Why a caller is not let in, in the words of OpenAI's own errors: 401 is about who calls, 403 about what they may do.
// They name a key by its prefix and never in full.

export function missingKey(): Fault {
  return unauthenticated('missing_api_key', 'this gateway needs a key, and none came with the request', [
    'Send one of its keys (hf_...) as Authorization: Bearer, x-api-key or api-key; in an SDK it is the API key.',
    'no key in authorization, x-api-key or api-key',
  ]);
}

/** @param kind of secret that was shown instead; null: none of this house. */
export function malformedKey(prefix: string, kind: SecretKind | null): Fault {
  if (kind === 'admin-token') {
    return unauthenticated('invalid_api_key', `${prefix}... is an admin token, which makes no calls`, [
      'Create a key for a tenant: holdfast keys create.',
      `prefix ${prefix}`,
    ]);
  }
  const wrong = prefix.startsWith('hf_')
    ? `the key ${prefix}... is mistyped or cut short: its checksum does not fit`
    : `the key ${prefix === '' ? '' : `${prefix}... `}is none of this gateway's, which begin with hf_`;
  return unauthenticated('invalid_api_key', wrong, [
    "Copy the whole key that this gateway handed out; a provider's own key is of no use here.",
    `prefix ${prefix}`,
  ]);
}

export function unknownKey(prefix: string): Fault {
  return unauthenticated('invalid_api_key', `the key ${prefix}... is well formed, but unknown here`, [
    'Check that it was made by this gateway and on this data directory: holdfast keys.',
    `prefix ${prefix}`,
  ]);
}

export function revokedKey(prefix: string, at: number): Fault {
  return unauthenticated('revoked_api_key', `the key ${prefix}... was revoked at ${moment(at)}`, [
    'Ask whoever runs this gateway for another key.',
    `prefix ${prefix}`,
  ]);
}

export function expiredKey(prefix: string, at: number): Fault {
  return unauthenticated('expired_api_key', `the key ${prefix}... expired at ${moment(at)}`, [
    'Ask whoever runs this gateway for another key, or to let this one live longer.',
    `prefix ${prefix}`,
  ]);
}

/** The grace period of a rotation is over. */
export function replacedKey(prefix: string, at: number): Fault {
  return unauthenticated('expired_api_key', `the key ${prefix}... was replaced, and stopped working at ${moment(at)}`, [
    'Use the secret that replaced it.',
    `prefix ${prefix}`,
  ]);
}

/** A wrong key, one of too many from the same address. */
export function tooManyWrongKeys(prefix: string, waitMs: number): Fault {
  return faultOf('rate-limit-requests', {
    party: 'caller',
    message: `${prefix === '' ? 'no key came' : `the key ${prefix}... is not good`}, as too often from this address`,
    remedy: 'Send a key that is good: those are served meanwhile.',
    afterMs: waitMs,
    evidence: [`prefix ${prefix}`],
    code: 'too_many_wrong_keys',
    here: false,
    elsewhere: false,
  });
}

export function addressNotAllowed(prefix: string, address: string): Fault {
  return forbidden('address_not_allowed', `the key ${prefix}... may not be used from ${address || 'this address'}`, [
    "Call from one of the key's addresses, or have this one added to them.",
    `prefix ${prefix}`,
  ]);
}

export function modelNotAllowed(prefix: string, model: string, allowed: readonly string[]): Fault {
  const fault = forbidden('model_not_allowed', `the key ${prefix}... may not use the model ${shown(model)}`, [
    `Ask for a model it may use (${allowed.slice(0, 10).join(', ')}), or have this one added to them.`,
    `prefix ${prefix}`,
  ]);
  return { ...fault, param: 'model' };
}

/** Nobody reads which model such a request asks for, so a key that is held to some models cannot make it. */
export function modelUnread(prefix: string, path: string): Fault {
  return forbidden(
    'model_not_allowed',
    `the key ${prefix}... is held to some models, and ${shown(path)} is carried unread`,
    ['Use a key without restrictions on models for this path.', `prefix ${prefix}`],
  );
}

export function routeNotAllowed(prefix: string, route: string | null, allowed: readonly string[]): Fault {
  const taken = route === null ? 'a model that no route takes' : `the route ${shown(route)}, which this model takes`;
  return forbidden('route_not_allowed', `the key ${prefix}... may not use ${taken}`, [
    `Ask for a model of a route it may use (${allowed.slice(0, 10).join(', ')}), or have this one added to them.`,
    `prefix ${prefix}`,
  ]);
}

export function passthroughNotAllowed(prefix: string, path: string): Fault {
  return forbidden('path_not_allowed', `the key ${prefix}... may not use ${shown(path)}`, [
    'It is for Chat Completions, Responses, Embeddings and Models; use a key that may do more.',
    `prefix ${prefix}`,
  ]);
}

export function interactiveNotAllowed(prefix: string): Fault {
  return forbidden('lane_not_allowed', `the key ${prefix}... may not use the interactive lane`, [
    'Leave x-holdfast-lane out or send x-holdfast-lane: background.',
    `prefix ${prefix}`,
  ]);
}

export function otherWorkload(prefix: string, own: string): Fault {
  return forbidden('workload_not_allowed', `the key ${prefix}... is for the workload ${own} alone`, [
    `Leave x-holdfast-workload out or send x-holdfast-workload: ${own}.`,
    `prefix ${prefix}`,
  ]);
}

export function unknownWorkload(tenant: string, workload: string, known: readonly string[]): Fault {
  return wrongHeader(
    'x-holdfast-workload',
    `${shown(workload)} is no workload of the tenant ${tenant}`,
    `Send one of ${known.slice(0, 10).join(', ')}, or leave the header out.`,
  );
}

export function unfitWorkload(): Fault {
  return wrongHeader(
    'x-holdfast-workload',
    'the name of the workload cannot be used',
    'Write at most 64 letters, digits, dots, hyphens or underscores, beginning with a letter or digit.',
  );
}

/** A header of our own that says nothing we know. */
export function wrongHeader(name: string, wrong: string, remedy: string): Fault {
  return faultOf('invalid-request', {
    message: `${name}: ${wrong}`,
    remedy,
    evidence: [`header ${name}`],
    code: 'invalid_header',
    param: name,
  });
}

type Told = readonly [remedy: string, evidence: string];

function unauthenticated(code: string, message: string, [remedy, evidence]: Told): Fault {
  return faultOf('authentication', {
    party: 'caller',
    message,
    remedy,
    evidence: [evidence],
    code,
    here: false,
    elsewhere: false,
  });
}

function forbidden(code: string, message: string, [remedy, evidence]: Told): Fault {
  return faultOf('permission', {
    party: 'caller',
    message,
    remedy,
    evidence: [evidence],
    code,
    here: false,
    elsewhere: false,
  });
}

function moment(at: number): string {
  return new Date(at).toISOString();
}

/** Text of the caller's own, as far as it is worth repeating. */
function shown(text: string): string {
  return `"${text.slice(0, 100).replaceAll(/[^ -~]/g, '?')}"`;
}
