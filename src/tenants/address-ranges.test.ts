import { expect, test } from 'vitest';
import { addressOrNetwork, addressTest } from './address-ranges.ts';

test.each([
  [['10.0.0.0/8'], '10.200.3.4', true],
  [['10.0.0.0/8'], '::ffff:10.200.3.4', true],
  [['10.0.0.0/8'], '11.0.0.1', false],
  [['192.0.2.7'], '192.0.2.7', true],
  [['192.0.2.7'], '192.0.2.8', false],
  [['2001:db8::/32'], '2001:db8:1::5', true],
  [['2001:db8::/32'], '2001:db9::5', false],
  [['0.0.0.0/0'], '2001:db8::1', false],
  [['::/0'], '192.0.2.7', false],
  [['10.0.0.0/8', '::1'], '::1', true],
  [['10.0.0.0/8'], '', false],
  [['10.0.0.0/8'], 'localhost', false],
])('%j takes %s: %s', (ranges, address, taken) => {
  const test_ = addressTest(ranges);
  expect(typeof test_ === 'function' && test_(address)).toBe(taken);
});

test.each(['10.1', '010.0.0.1', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::1/129', 'fe80::1%eth0', 'office', ''])(
  '%j is no range',
  (text) => {
    expect(addressTest(['10.0.0.0/8', text])).toBe(1);
  },
);

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:ffff::', '2001:db8:1:2::/64'],
  ['', 'unknown'],
])('guesses from %s are counted for %s', (address, counted) => {
  expect(addressOrNetwork(address)).toBe(counted);
});
