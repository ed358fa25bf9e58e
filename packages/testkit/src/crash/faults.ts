import { pointName } from './channel.ts'
import type { CallPoint } from './channel.ts'
import type { PlainCall, PlainRun } from './plain.ts'
import { strikeDisk, strikeKill, strikeSecond, strikeThrottle, strikeWire } from './strikes.ts'
import type { Fate, Server, Strike } from './strikes.ts'
import type { Loss } from './wire.ts'
import type { StoreKind } from './world.ts'
import { isWrite } from './writes.ts'

/** One point of a run and what happens there. */
export interface Point {
  /** Unique among the points of its fault. */
  readonly label: string
  /** The external call, or the exchange within it, at which it strikes: other faults do, too. */
  readonly place: string
  readonly strike: Strike
}

/** What decides where a fault strikes, besides the run. */
export interface Where {
  readonly store: StoreKind
  /** No other unit makes these calls: all of them are struck, whatever the store. */
  readonly alone: boolean
}

/** One way in which a run is struck. */
export interface FaultKind {
  /** `--fault` chooses by it. */
  readonly name: string
  /** What it is, for the report. */
  readonly what: string
  /** Why it cannot strike here; undefined where it can. */
  readonly impossible?: string | undefined
  /** All points of a run at which it can strike, made from what was counted. */
  points(plain: PlainRun, where: Where): readonly Point[]
}

const ON_STORE = /^(store|admin)\./
const ON_DISK = /^(store|admin|configs)\b/

/** The faults, in the order in which they are tried and reported. */
export function faultKinds(noDisk: string | undefined): readonly FaultKind[] {
  return [
    {
      name: 'kill',
      what: 'SIGKILL before and after each external call',
      points: ({ calls }, { store, alone }) =>
        calls
          .filter(({ point }) => alone || store === 'file' || ON_STORE.test(point.call))
          .flatMap(({ point }) => [point, { ...point, side: 'after' as const }])
          .map((point) => ({ ...pointAt(point), strike: strikeKill(point) })),
    },
    ...onTheWire('database'),
    ...onTheWire('vault'),
    ...onTheWire('owner'),
    ...onTheWire('platform'),
    throttled('throttle', 'vault'),
    throttled('owner-throttle', 'owner'),
    {
      name: 'disk-full',
      what: 'the disk is full from a write on, until the run has ended',
      impossible: noDisk,
      points: (plain, { store }) =>
        store === 'fake'
          ? []
          : writesOf(plain)
              .filter(({ call }) => ON_DISK.test(call))
              .map((point) => ({ ...pointAt(point), strike: strikeDisk(point) })),
    },
    {
      name: 'second',
      what: 'a second rotator starts while the first stands before a write',
      points: (plain, { store }) =>
        store === 'fake'
          ? []
          : writesOf(plain)
              .filter(({ call }) => call !== TAKES_LOCK)
              .map((point) => ({ ...pointAt(point), strike: strikeSecond(point) })),
    },
  ]
}

/** Before it there is no lock yet. */
const TAKES_LOCK = 'database.admin'

function writesOf({ calls }: PlainRun): readonly CallPoint[] {
  return calls.map(({ point }) => point).filter(({ call }) => isWrite(call))
}

const NAMES: Readonly<Record<Server, string>> = {
  database: 'the database',
  vault: 'the secret store',
  owner: 'RDS',
  platform: 'ECS or Kubernetes',
}

function throttled(name: string, by: 'vault' | 'owner'): FaultKind {
  return {
    name,
    what: `${NAMES[by]} refuses one request, or four in a row, which is more than the SDK repeats`,
    points: ({ requests }) =>
      [1, 4].flatMap((calls) =>
        numbers(requests[by]).map((nth) => ({
          label: `request ${nth}, ${calls} refused`,
          place: `request ${nth} to ${NAMES[by]}`,
          strike: strikeThrottle(by, nth, calls),
        })),
      ),
  }
}

/**
 * What can happen between the command line and a server. What passes between it and the database is
 * the same with either store.
 */
function onTheWire(to: Server): readonly FaultKind[] {
  const whom = NAMES[to]
  const asked = (call: PlainCall): readonly number[] => numbers(call[to].count)
  const answered = (call: PlainCall): readonly number[] =>
    asked(call).filter((nth) => call[to].answered.has(nth))
  const kind = (
    name: string,
    what: string,
    { at, ...lost }: { at: typeof asked; loss: Loss; fate: Fate },
  ): FaultKind => ({
    ...{ name: `${to}-${name}`, what },
    points: ({ calls }, { store, alone }) =>
      to === 'database' && store === 'fake' && !alone
        ? []
        : calls.flatMap((call) =>
            at(call).map((nth) => {
              const label = `exchange ${nth} of ${callName(call.point)}`
              const strike = strikeWire({ point: call.point, to, nth, ...lost })
              return { label, place: nth === 1 ? callName(call.point) : label, strike }
            }),
          ),
  })
  return [
    kind('request-lost', `a request never reaches ${whom}; the connection is cut`, {
      ...{ at: asked, loss: 'request', fate: 'goes on' },
    }),
    kind('answer-lost', `${whom} has done it; the connection is cut`, {
      ...{ at: answered, loss: 'answer', fate: 'goes on' },
    }),
    kind('answer-unseen', `${whom} has done it; SIGKILL before the answer is read`, {
      ...{ at: answered, loss: 'answer', fate: 'killed' },
    }),
  ]
}

function pointAt(point: CallPoint): Pick<Point, 'label' | 'place'> {
  return { label: pointName(point), place: callName(point) }
}

/** The call of a point, whichever side of it is meant. */
function callName(point: CallPoint): string {
  return pointName({ ...point, side: 'before' }).replace('before ', '')
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}
