import { describe, expect, test } from 'vitest';
import { statusPage } from './status-page.ts';
import type { StatusView } from './status-page.ts';
import { readWeather } from './weather.ts';

const weather = readWeather({
  name: 'bad day',
  statusLag: '60s',
  timeline: [
    { at: '10m', for: '5m', faults: { 'server-error': 0.3 } },
    { at: '30m', for: '5m', latency: 4 },
    { at: '40m', for: '5m', capacity: 0 },
  ],
});

const minutes = (amount: number) => amount * 60_000;

function read(path: string, elapsedMs: number, change: Partial<StatusView> = {}): Record<string, never> {
  const view = {
    name: 'provider',
    url: 'http://127.0.0.1:1',
    weather,
    elapsedMs,
    now: Date.UTC(2026, 0, 1) + elapsedMs,
  };
  return JSON.parse(String(statusPage(path, { ...view, ...change })?.body)) as Record<string, never>;
}

describe('status.json', () => {
  test.each([
    [0, 'none'],
    [minutes(10), 'none'],
    [minutes(11), 'major'],
    [minutes(16) - 1, 'major'],
    [minutes(16), 'none'],
    [minutes(31), 'minor'],
    [minutes(41), 'critical'],
  ])('after %d ms is %s, a minute behind the weather', (elapsed, indicator) => {
    expect(read('/api/v2/status.json', elapsed)['status']).toMatchObject({ indicator });
  });

  test('is good without weather', () => {
    const status = read('/api/v2/status.json', 5, { weather: null })['status'];
    expect(status).toEqual({ indicator: 'none', description: 'All Systems Operational' });
  });
});

test('summary.json has the components and only what is unresolved', () => {
  const during = read('/api/v2/summary.json', minutes(12));
  expect(during['components']).toHaveLength(7);
  expect(during['components']?.[0]).toMatchObject({ name: 'Chat Completions', status: 'partial_outage', group: false });
  expect(during['incidents']).toMatchObject([{ impact: 'major', status: 'investigating', resolved_at: null }]);
  expect(read('/api/v2/summary.json', minutes(17))['incidents']).toEqual([]);
});

test('incidents.json keeps what is over, the newest first', () => {
  expect(read('/api/v2/incidents.json', minutes(42))['incidents']).toMatchObject([
    { name: 'Reduced capacity', impact: 'critical', resolved_at: null },
    { name: 'Elevated latency', impact: 'minor', status: 'resolved', resolved_at: '2026-01-01T00:36:00.000Z' },
    { name: 'Elevated error rates', started_at: '2026-01-01T00:11:00.000Z', resolved_at: '2026-01-01T00:16:00.000Z' },
  ]);
});

test('has a page for people, safe against its own name, and nothing elsewhere', () => {
  const view = { name: '<b>x', url: 'http://h', weather, elapsedMs: minutes(12), now: 0 };
  const page = String(statusPage('/status', view)?.body);
  expect(page).toContain('&lt;b>x: Partial System Outage');
  expect(page).toContain('Elevated error rates');
  expect(statusPage('/api/v2/nothing.json', view)).toBeNull();
});
