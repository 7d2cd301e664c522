/**
 * A provider on this machine that behaves, and misbehaves, like the OpenAI API, over real HTTP.
 *
 * @example
 * const provider = await startSimulator({ seed: 7 });
 * const openai = new OpenAI({ apiKey: 'any', baseURL: `${provider.url}/v1` });
 * provider.nextFaults(['overloaded', null, 'cut:17']);
 *
 * @module
 */
export { startSimulator } from './simulator.ts';
export type { Simulator, SimulatorOptions } from './simulator.ts';
export type { Abort, SeenRequest, SimulatorStats } from './ledger.ts';
export { FAULTS } from './faults.ts';
export type { Misbehaviour } from './faults/misbehaviour.ts';
export type { Capacity } from './climate.ts';
export type { LatencyOverrides } from './latency.ts';
export type { RateLimits } from './limits.ts';
export type { Received, ScriptedAnswer } from './upstream.ts';
export { conditionsAt, faultFor, parseWeather, readWeather, WeatherError } from './weather.ts';
export type { Conditions, Spell, Weather } from './weather.ts';
export { chatBody, traffic } from './traffic.ts';
export type { PlannedCall, TrafficOptions, Workload } from './traffic.ts';
