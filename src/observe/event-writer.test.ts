import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Database } from '../storage/database.ts';
import { onEachDatabase, type TestDatabase } from '../storage/databases.test-support.ts';
import { EventWriter } from './event-writer.ts';
import { type HouseEvent, listEvents } from './events.ts';

const HOUR_MS = 3_600_000;

function anEvent(facts: Partial<HouseEvent> = {}): HouseEvent {
  return {
    at: Date.now(),
    kind: 'budget-warned',
    level: 'tenant',
    holder: 'shop',
    organisation: 'acme',
    tenant: 'shop',
    message: 'tenant shop has used 80 % of its budget',
    detail: { used: 0.8, of: null },
    ...facts,
  };
}

onEachDatabase((make) => {
  let home: TestDatabase;
  let database: Database;
  /** Where events are read, as by another gateway. */
  let elsewhere: Database;
  let writer: EventWriter;
  let told: string[];
  beforeEach(async () => {
    home = await make();
    database = await home.open();
    elsewhere = await home.open();
    told = [];
    writer = new EventWriter({ database, keepMs: HOUR_MS, onTrouble: (message) => told.push(message) });
  });
  afterEach(async () => {
    await writer.close();
    await database.close();
    await elsewhere.close();
    await home.drop();
  });

  test('events are there for others a moment later, as they were, newest first', async () => {
    const events = [anEvent(), anEvent({ kind: 'wrong-keys', level: null, holder: null, tenant: null, detail: null })];
    for (const event of events) writer.append(event);
    await expect.poll(() => listEvents(elsewhere)).toHaveLength(2);
    expect(await listEvents(elsewhere)).toMatchObject(events.toReversed());
    expect(await listEvents(elsewhere, { tenant: 'shop' })).toMatchObject([events[0]]);
    expect(told).toEqual([]);
  });

  test('what cannot be written waits in bounded memory, is told once, and is given up at the end', async () => {
    const gone = await home.open();
    await gone.close();
    const hopeless = new EventWriter({ database: gone, keepMs: HOUR_MS, onTrouble: (message) => told.push(message) });
    for (let count = 0; count < 1_500; count += 1) hopeless.append(anEvent());
    await hopeless.flush();
    await hopeless.flush();
    expect(told).toEqual([expect.stringContaining('events cannot be stored')]);
    await hopeless.close();
    expect(told[1]).toMatch(/^stopping with 1000 events/);
  });

  test('events are kept as long as they are to be', async () => {
    for (const at of [Date.now() - 2 * HOUR_MS, Date.now()]) writer.append(anEvent({ at }));
    await writer.flush();
    await writer.sweep();
    expect(await listEvents(elsewhere)).toHaveLength(1);
  });
});
