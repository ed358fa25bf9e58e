import type { Holding, RotationFacts, TwoSlotFacts } from '../../../rotator/src/domain/observed.ts'
import { BOOLEANS, CALM, CROWDS, LOGINS, PENDING, SLOTS, USERS, product } from './states.ts'

const ALL = ['web', 'job'] as const

const ROTATIONS: readonly (RotationFacts | undefined)[] = [
  undefined,
  ...SLOTS.flatMap((from) => {
    const to = from === 'A' ? 'B' : 'A'
    const plain = { id: 'r', from, to, heals: false, rehearses: false, urgent: false } as const
    const heals = { ...plain, heals: true }
    return [
      plain,
      { ...plain, initial: ALL },
      { ...plain, initial: ALL, rehearses: true },
      { ...plain, initial: ALL, backOut: 'why' },
      { ...heals, initial: ['job'] },
      { ...heals, initial: ['job'], backOut: 'why' },
    ]
  }),
]

const HELD = ['initial', 'A', 'B', 'dead'] as const

/** What the two config targets may hold. */
const PAIRS: readonly (readonly [Holding, Holding])[] = [
  ...product(HELD, HELD),
  ['initial', 'lost-A'],
  ['lost-B', 'initial'],
  ['initial', 'foreign'],
]

/**
 * Every combination of facts that the domain tells apart of a target with an initial user,
 * reachable or not.
 */
export function* initialStates(): Generator<TwoSlotFacts> {
  for (const store of storeStates())
    for (const login of product(LOGINS, LOGINS))
      for (const consumers of CONSUMERS)
        yield { ...BASE, ...consumers, store, login: { A: login[0], B: login[1] } }
}

const BASE = {
  strategy: 'alternating',
  placeholder: { A: false, B: false },
  expires: { A: false, B: false },
  expiry: false,
  mayGrant: false,
  trustsSecret: false,
  quarantine: false,
  quarantined: false,
  stray: false,
  urgent: false,
} as const

function storeStates(): readonly TwoSlotFacts['store'][] {
  return product(SLOTS, product(PENDING, ROTATIONS)).map(([active, [pending, rotation]]) => ({
    ...{ active, pending, stale: false },
    ...(rotation && { rotation }),
  }))
}

type Consumers = Pick<
  TwoSlotFacts,
  'configs' | 'runtimes' | 'sessions' | 'quiet' | 'standbyUser' | 'initial' | 'trouble' | 'urgent'
>

const CONSUMERS: readonly Consumers[] = [...consumerStates()]

function* consumerStates(): Generator<Consumers> {
  const initial = { logsIn: true, activeAbsent: true, returned: false }
  const calm = { ...CALM, standbyUser: 'equal', urgent: false } as const
  for (const [web, job] of PAIRS) {
    const configs = [
      { id: 'web', holds: web },
      { id: 'job', holds: job },
    ]
    const held = { ...calm, configs, runtimes: [{ id: 'workers', roll: 'done' as const }], initial }
    for (const [logsIn, activeAbsent] of product(BOOLEANS, BOOLEANS))
      yield { ...held, initial: { logsIn, activeAbsent, returned: !logsIn } }
    for (const standbyUser of USERS) yield { ...held, standbyUser }
    for (const [crowd, urgent] of product(CROWDS, BOOLEANS)) yield { ...held, ...crowd, urgent }
    for (const roll of ['due', 'failed'] as const)
      yield { ...held, runtimes: [{ id: 'workers', roll }] }
    yield { ...held, trouble: { step: 'roll', code: 'ERR_DEADLINE' } }
  }
}
