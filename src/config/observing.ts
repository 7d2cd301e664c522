import * as z from 'zod';
import { addressFault, isLoopback } from './addresses.ts';
import type { Environment } from './environment.ts';
import type { Problem } from './problem.ts';
import { address, age, amount, flag, id, secretReference, section, size, text, timer, whole } from './fields.ts';
import type { Secret } from './secrets.ts';

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const PERSONAL = ['email', 'phone', 'card', 'iban', 'ip'] as const;
const FORMATS = ['auto', 'json', 'pretty'] as const;

/** How calls are told on standard output. */
export interface LogsConfig {
  readonly level: (typeof LEVELS)[number];
  /** `auto`: pretty on a terminal, JSON elsewhere. */
  readonly format: (typeof FORMATS)[number];
  readonly successes: { readonly perSecond: number; readonly share: number };
}

/** What is taken out of whatever is kept, shown or sent of calls, besides secrets. */
export interface RedactionConfig {
  readonly personal: readonly (typeof PERSONAL)[number][];
}

/** Whose requests and answers are kept, and how. */
export interface CaptureConfig {
  readonly routes: readonly string[];
  readonly tenants: readonly string[];
  /** Longest part of a body that is kept. */
  readonly bodyBytes: number;
  readonly limits: { readonly ageMs: number; readonly sizeBytes: number };
  /** What they are encrypted with; none: a file of the data directory's own. */
  readonly key: Secret;
}

/** Where traces and metrics are sent by OTLP. */
export interface TelemetryConfig {
  /** The collector's root, to which `/v1/traces` and `/v1/metrics` are added; without a final slash. */
  readonly endpoint: string;
  readonly service: string;
  /** Share of the traces that begin here which is kept, 0 to 1. */
  readonly traceShare: number;
  /** Time between two sendings of the metrics, ms; null: they are not sent. */
  readonly metricsEveryMs: number | null;
}

/** What `logs`, `redaction`, `capture` and `telemetry` say in the file. */
export interface ObservingSections {
  readonly logs?:
    | {
        readonly level?: LogsConfig['level'] | undefined;
        readonly format?: LogsConfig['format'] | undefined;
        readonly successes?:
          | { readonly perSecond?: number | undefined; readonly share?: number | undefined }
          | undefined;
      }
    | undefined;
  readonly redaction?: { readonly personal?: RedactionConfig['personal'] | undefined } | undefined;
  readonly capture?:
    | {
        readonly routes?: readonly string[] | undefined;
        readonly tenants?: readonly string[] | undefined;
        readonly body?: number | undefined;
        readonly age?: number | undefined;
        readonly size?: number | undefined;
        readonly key?: string | undefined;
      }
    | undefined;
  readonly telemetry?:
    | {
        readonly endpoint?: string | undefined;
        readonly service?: string | undefined;
        readonly traces?: { readonly share?: number | undefined } | undefined;
        readonly metrics?: { readonly enabled?: boolean | undefined; readonly every?: number | undefined } | undefined;
      }
    | undefined;
}

/** What the environment says of both; null where it says nothing. */
export interface ObservingVariables {
  readonly level: LogsConfig['level'] | null;
  readonly format: LogsConfig['format'] | null;
  readonly endpoint: string | null;
  readonly service: string | null;
}

/** Reads the variables that go before a file. The OTEL_ ones are OpenTelemetry's own names. */
export function readObservingVariables(env: Environment): {
  readonly said: ObservingVariables;
  readonly problems: Problem[];
} {
  const problems: Problem[] = [];
  const refuse = (field: string, wrong: string, fix: string): null => {
    problems.push({ place: { kind: 'environment' }, field, wrong, fix });
    return null;
  };
  const oneOf = <Word extends string>(name: string, words: readonly Word[]): Word | null => {
    const value = env[name] ?? '';
    if (value === '') return null;
    return (
      words.find((word) => word === value) ??
      refuse(name, 'is none of the known words', `Write one of ${words.join(', ')}.`)
    );
  };
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  const fault = endpoint === '' ? null : addressFault(endpoint, true, '');
  if (fault !== null) refuse('OTEL_EXPORTER_OTLP_ENDPOINT', fault.wrong, fault.fix);
  const service = env['OTEL_SERVICE_NAME'] ?? '';
  const said = {
    level: oneOf('HOLDFAST_LOG_LEVEL', LEVELS),
    format: oneOf('HOLDFAST_LOG_FORMAT', FORMATS),
    endpoint: endpoint === '' || fault !== null ? null : endpoint,
    service: service === '' ? null : service,
  };
  return { said, problems };
}

/** The shape of the sections in the file. */
export const observingSections: { readonly [Name in keyof ObservingSections]-?: z.ZodType<ObservingSections[Name]> } = {
  logs: section({
    level: z
      .enum(LEVELS, { error: 'must be debug, info, warn, error or silent' })
      .describe('The least important line that is told. Default info. HOLDFAST_LOG_LEVEL goes before it.')
      .optional(),
    format: z
      .enum(FORMATS, { error: 'must be auto, json or pretty' })
      .describe('Default auto: pretty on a terminal, JSON elsewhere. HOLDFAST_LOG_FORMAT goes before it.')
      .optional(),
    successes: section({
      perSecond: whole(
        'Calls without any fault that are told each second at least. Default 30.',
        0,
        100_000,
      ).optional(),
      share: amount('Share of the others that is told. Default 0.01.', 0, 1).optional(),
    }).optional(),
  }).optional(),
  redaction: section({
    personal: z
      .array(z.enum(PERSONAL, { error: 'must be email, phone, card, iban or ip' }), { error: 'must be a list' })
      .describe('Personal details that are taken out of what is kept of calls; secrets always are. Default all but ip.')
      .optional(),
  }).optional(),
  capture: section({
    routes: z
      .array(id('Id of a route.'), { error: 'must be a list of route ids' })
      .describe('Routes whose calls are kept.')
      .optional(),
    tenants: z
      .array(id('Id of a tenant.'), { error: 'must be a list of tenant ids' })
      .describe('Tenants whose calls are kept.')
      .optional(),
    body: size('Longest part of a body that is kept. Default 256KiB.', 1).optional(),
    age: age('Older ones are removed. Default 7d.').optional(),
    size: size('The oldest are removed above this size. Default 256MiB.', 1_048_576).optional(),
    key: secretReference(
      'What they are encrypted with. Default: a file in the data directory, which whoever can read that can read.',
    ).optional(),
  }).optional(),
  telemetry: section({
    endpoint: address(
      'OTLP over HTTP: the collector without its /v1/traces. Default: nothing is sent. OTEL_EXPORTER_OTLP_ENDPOINT goes before it.',
    ).optional(),
    service: text('Name in traces and metrics. Default holdfast. OTEL_SERVICE_NAME goes before it.').optional(),
    traces: section({
      share: amount(
        'Share of the traces beginning here that is kept; a caller that samples is followed. Default 0.1.',
        0,
        1,
      ).optional(),
    }).optional(),
    metrics: section({
      enabled: flag('Metrics are sent too. Default true.').optional(),
      every: timer('Time between two sendings. Default 60s.').optional(),
    }).optional(),
  }).optional(),
};

/**
 * Fills in what was left out. Thirty lines a second are more than anybody reads, and about 30 KB at the most; one in a hundred beyond
 * shows what ordinary traffic looks like without paying for all of it.
 */
export function resolveLogs({ logs }: ObservingSections, said: ObservingVariables): LogsConfig {
  return {
    level: said.level ?? logs?.level ?? 'info',
    format: said.format ?? logs?.format ?? 'auto',
    successes: { perSecond: logs?.successes?.perSecond ?? 10, share: logs?.successes?.share ?? 0.01 },
  };
}

/** Fills in what was left out. Addresses of machines stay: in a provider's error they are mostly its own. */
export function resolveRedaction({ redaction }: ObservingSections): RedactionConfig {
  return { personal: redaction?.personal ?? ['email', 'phone', 'card', 'iban'] };
}

/** Fills in what was left out; null when nothing is to be kept. */
export function resolveCapture({ capture }: ObservingSections, key: Secret): CaptureConfig | null {
  if (capture === undefined) return null;
  const {
    routes = [],
    tenants = [],
    body = 256 * 1024,
    age: ageMs = 7 * 86_400_000,
    size: sizeBytes = 256 * 1_048_576,
  } = capture;
  if (routes.length === 0 && tenants.length === 0) return null;
  return { routes, tenants, bodyBytes: body, limits: { ageMs, sizeBytes }, key };
}

/** Fills in what was left out; null when nothing is to be sent. */
export function resolveTelemetry({ telemetry }: ObservingSections, said: ObservingVariables): TelemetryConfig | null {
  const endpoint = said.endpoint ?? telemetry?.endpoint;
  if (endpoint === undefined) return null;
  const { enabled = true, every = 60_000 } = telemetry?.metrics ?? {};
  return {
    endpoint: endpoint.replace(/\/+$/, ''),
    service: said.service ?? telemetry?.service ?? 'holdfast',
    traceShare: telemetry?.traces?.share ?? 0.1,
    metricsEveryMs: enabled ? every : null,
  };
}

/** What is allowed and yet worth a line at start-up. */
export function telemetryWarnings(telemetry: TelemetryConfig | null): readonly string[] {
  if (telemetry === null) return [];
  const { protocol, hostname } = new URL(telemetry.endpoint);
  if (protocol === 'https:' || isLoopback(hostname)) return [];
  return [
    `telemetry: the names of tenants and models go to ${hostname} unencrypted. Use https if the network between is not your own.`,
  ];
}
