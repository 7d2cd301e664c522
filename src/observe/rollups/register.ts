import type { Kind, KindSeries, Register } from './digest.ts';
import { DRAWN } from './facets.ts';
import type { SeriesBook } from './series-book.ts';
import { UserBook } from './user-book.ts';

/** The numbers and names by which a digest tells calls apart; remembers the series of every kind. */
export function registerOf(series: SeriesBook): Register {
  const users = new UserBook();
  const ofKinds = new WeakMap<Kind, KindSeries>();
  return {
    series: (facet, names) => series.of(facet, names),
    seriesOfKind(kind) {
      let known = ofKinds.get(kind);
      if (known === undefined) ofKinds.set(kind, (known = seriesOfKind(kind, series)));
      return known;
    },
    user: (day, user) => users.of(day, user),
  };
}

function seriesOfKind(kind: Kind, series: SeriesBook): KindSeries {
  // A call that went the ordinary way was sent to its target by its one attempt.
  const sent = { ...kind, model: kind.attemptModel };
  return {
    drawn: DRAWN.map((facet) => series.of(facet, kind)),
    each: series.of('each', kind),
    served: series.of('served', sent),
    hit: series.of('hit', sent),
  };
}
