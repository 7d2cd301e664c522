import { describe, expect, it } from 'vitest';

import { dropped, noticed, recovered, refused, SOUND, type TroubleStep } from './storage-trouble.ts';

const MINUTE = 60_000;

describe('trouble with the storage', () => {
  it('is told at once, then once a minute, then as recovered with the number lost', () => {
    const said: (string | null)[] = [];
    let state = SOUND;
    const take = ({ next, say }: TroubleStep): void => {
      state = next;
      said.push(say);
    };
    take(refused(state, 0, 'The disk is full.', 200));
    take(refused(state, 1000, 'The disk is full.', 400));
    take(dropped(state, 2000, 1500));
    take(refused(state, MINUTE, 'The disk is full.', 50_000));
    take(recovered(state, 90_000));
    take(recovered(state, 91_000));
    expect(said).toEqual([
      'call records cannot be stored: The disk is full. Calls go on; 200 wait in memory.',
      null,
      null,
      'call records cannot be stored: The disk is full. Calls go on; 50,000 wait in memory, 1,500 are lost.',
      'call records are stored again after 90 s; 1,500 were lost.',
      null,
    ]);
  });

  it('that comes and goes within a minute is not told twice, unless records were lost', () => {
    const first = recovered(refused(SOUND, 0, 'Full.', 1).next, 1000);
    expect(first.say).toBe('call records are stored again after 1 s; none was lost.');
    const second = refused(first.next, 2000, 'Full.', 1);
    expect(second.say).toBeNull();
    expect(recovered(second.next, 3000).say).toBeNull();
    expect(recovered(dropped(second.next, 2500, 7).next, 3000).say).toMatch(/7 were lost/);
  });

  it('notices share the same minute', () => {
    const first = noticed(SOUND, 0, 'one');
    expect(first.say).toBe('one');
    expect(noticed(first.next, 1000, 'two').say).toBeNull();
    expect(noticed(first.next, MINUTE, 'three').say).toBe('three');
  });

  it('a notice is not told in the place of trouble, and not right after it', () => {
    const noticedFirst = refused(noticed(SOUND, 0, 'one').next, 1000, 'Full.', 1);
    expect(noticedFirst.say).toMatch(/cannot be stored: Full/);
    expect(noticed(noticedFirst.next, 2000, 'two').say).toBeNull();
    expect(noticed(noticedFirst.next, MINUTE, 'three').say).toBeNull();
    expect(noticed(noticedFirst.next, MINUTE + 1000, 'four').say).toBe('four');
  });
});
