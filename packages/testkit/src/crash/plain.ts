import type { Arrival, CallPoint } from './channel.ts'
import { pointName } from './channel.ts'
import type { Cli } from './process.ts'
import type { Exchanges } from './wire.ts'
import type { World } from './world.ts'

/** One external call of a run, and what it did over the network. */
export interface PlainCall {
  /** Before it. */
  readonly point: CallPoint
  readonly database: Exchanges
  readonly vault: Exchanges
  readonly owner: Exchanges
  readonly platform: Exchanges
}

/** What a run that nothing happens to passes by: the points at which something can happen. */
export interface PlainRun {
  /** Every external call that it made, by name. */
  readonly made: ReadonlySet<string>
  /**
   * Those that are to be struck, in their order. A call that polls is there twice: its first round
   * and another.
   */
  readonly calls: readonly PlainCall[]
  /** Requests that reached the fake of Secrets Manager, and that of RDS. */
  readonly requests: Readonly<Record<'vault' | 'owner', number>>
}

/** Rounds of a call that polls: from the second on they are alike. */
const ROUNDS = 2

/**
 * Runs the command of a world once without a fault and counts. It is held at every gate meanwhile,
 * so that each exchange belongs to one call.
 * @throws Error when it does not end well, or asks a server anything outside of a call
 */
export async function plainRun(world: World): Promise<PlainRun> {
  const calls: PlainCall[] = []
  const problems: string[] = []
  resetTaps(world)
  const before = requestsOf(world)
  const arrived = (arrival: Arrival, cli: Cli): void => {
    const { held: _held, ...point } = arrival
    const exchanges = exchangesOf(world)
    if (point.side === 'after') calls.push({ point: { ...point, side: 'before' }, ...exchanges })
    else if (Object.values(exchanges).some(({ count }) => count > 0))
      problems.push(`it asked a server outside of a call, ${pointName(point)}`)
    resetTaps(world)
    cli.go()
  }
  const cli = world.start(world.row.command, { hold: 'all' }, arrived)
  const { code, stderr, stdout } = await cli.ended
  if (code !== 0) problems.push(`it ended ${code}: ${stdout}${stderr}`)
  if (calls.length === 0) problems.push('no call passed a gate')
  if (problems.length > 0) throw new Error(`without a fault: ${problems.join('; ')}`)
  const { struck = () => true } = world.row
  const now = requestsOf(world)
  return {
    made: new Set(calls.map(({ point }) => point.call)),
    calls: calls.filter(({ point }) => point.round <= ROUNDS && struck(point.call, point.nth)),
    requests: { vault: now.vault - before.vault, owner: now.owner - before.owner },
  }
}

/**
 * What two runs have in common: whether a goodbye is one packet or two, and whether the server
 * hangs up before the second, depends on time.
 */
export function common(one: PlainRun, other: PlainRun): PlainRun {
  const others = new Map(other.calls.map((call) => [pointName(call.point), call]))
  return {
    made: new Set([...one.made, ...other.made]),
    calls: one.calls.map((call) => {
      const twin = others.get(pointName(call.point)) ?? call
      return {
        point: call.point,
        database: fewer(call.database, twin.database),
        vault: fewer(call.vault, twin.vault),
        owner: fewer(call.owner, twin.owner),
        platform: fewer(call.platform, twin.platform),
      }
    }),
    requests: {
      vault: Math.min(one.requests.vault, other.requests.vault),
      owner: Math.min(one.requests.owner, other.requests.owner),
    },
  }
}

function fewer(one: Exchanges, other: Exchanges): Exchanges {
  const count = Math.min(one.count, other.count)
  const answered = [...one.answered].filter((nth) => nth <= count && other.answered.has(nth))
  return { count, answered: new Set(answered) }
}

function requestsOf({ vault, owner }: World): PlainRun['requests'] {
  return { vault: vault?.fake.log.length ?? 0, owner: owner?.fake.log.length ?? 0 }
}

const NONE: Exchanges = { count: 0, answered: new Set() }

function exchangesOf({ database, vault, owner, platform }: World): Omit<PlainCall, 'point'> {
  return {
    database: database.counted(),
    vault: vault?.tap.counted() ?? NONE,
    owner: owner?.tap.counted() ?? NONE,
    platform: platform?.tap.counted() ?? NONE,
  }
}

function resetTaps({ database, vault, owner, platform }: World): void {
  for (const tap of [database, vault?.tap, owner?.tap, platform?.tap]) tap?.reset()
}
