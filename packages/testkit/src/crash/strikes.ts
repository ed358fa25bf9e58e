import type { CallPoint } from './channel.ts'
import type { Cli, Ended } from './process.ts'
import type { Prober } from './prober.ts'
import type { Loss } from './wire.ts'
import type { World } from './world.ts'

/** What came of a fault. */
export interface Struck {
  /** False when the run ended before the point was reached. */
  readonly reached: boolean
  /** What was broken at that moment, or is wrong with how the run ended. */
  readonly problems: readonly string[]
  /** How the run ended that was struck. */
  readonly ended: Ended
}

/** Starts a run in a world, lets a fault strike it, and sees it to its end. */
export type Strike = (world: World, prober: Prober) => Promise<Struck>

/** How a run may end that met a fault and lived: done, failed, backed out, stopped half-way. */
const HONEST: ReadonlySet<number | null> = new Set([0, 1, 4, 5])

/** Ends the process at a gate with SIGKILL. */
export function strikeKill(point: CallPoint): Strike {
  return async (world, prober) => {
    const { cli, reached } = await runTo(world, point)
    cli.child.kill('SIGKILL')
    const ended = await cli.ended
    return { reached, ended, problems: reached ? await prober.broken() : [] }
  }
}

/** Fills the disk while the process stands before a write, until the run has ended. */
export function strikeDisk(point: CallPoint): Strike {
  return async (world, prober) => {
    const { cli, reached } = await runTo(world, point)
    try {
      if (reached) await world.disk?.fill()
      const problems = reached ? await prober.broken() : []
      cli.go()
      const ended = await cli.ended
      const after = [...honest(ended), ...(await prober.broken())]
      return { reached, ended, problems: [...problems, ...after] }
    } finally {
      await world.disk?.free()
    }
  }
}

/** Starts a second rotator while the first stands before a write: it must be turned away. */
export function strikeSecond(point: CallPoint): Strike {
  return async (world, prober) => {
    const { cli, reached } = await runTo(world, point)
    const second = reached ? await world.run(world.row.command) : undefined
    const entered = second !== undefined && second.code !== LOCKED
    const twice = entered ? [`I4 a second rotator ended ${second.code}: ${tell(second)}`] : []
    const problems = reached ? await prober.broken() : []
    cli.go()
    const ended = await cli.ended
    const first = ended.code === 0 ? [] : [`the first rotator ended ${ended.code}: ${tell(ended)}`]
    return { reached, ended, problems: [...twice, ...problems, ...first] }
  }
}

const LOCKED = 6

/** What becomes of a process that loses an exchange. */
export type Fate = 'goes on' | 'killed'

/** Whom the command line speaks to: the database, Secrets Manager, RDS, ECS or Kubernetes. */
export type Server = 'database' | 'vault' | 'owner' | 'platform'

/** One exchange with a server, and what becomes of the process that it is lost to. */
interface Lost {
  /** Before the call that it belongs to. */
  readonly point: CallPoint
  readonly to: Server
  /** Which exchange of the call, from 1. */
  readonly nth: number
  readonly loss: Loss
  readonly fate: Fate
}

/** Loses an exchange. The process is frozen while the invariants are checked at that moment. */
export function strikeWire({ point, to, nth, loss, fate }: Lost): Strike {
  return async (world, prober) => {
    const { cli, reached } = await runTo(world, point)
    const struck = Promise.withResolvers<boolean>()
    const tap = to === 'database' ? world.database : world[to]?.tap
    if (reached)
      tap?.lose(nth, loss, () => {
        cli.child.kill(fate === 'killed' ? 'SIGKILL' : 'SIGSTOP')
        struck.resolve(true)
      })
    cli.go()
    const result = await frozen(cli, struck.promise, { prober, killed: fate === 'killed' })
    tap?.reset()
    return result
  }
}

/** Has a service refuse requests from the nth on. */
export function strikeThrottle(by: 'vault' | 'owner', nth: number, calls: number): Strike {
  return async (world, prober) => {
    const struck = Promise.withResolvers<boolean>()
    const freeze = (): void => {
      cli.child.kill('SIGSTOP')
      struck.resolve(true)
    }
    const cli = world.start(world.row.command)
    // Who looks at the store from outside must not be hit.
    world[by]?.fake.fail({ kind: 'throttle', after: nth - 1, calls, struck: once(freeze) })
    try {
      return await frozen(cli, struck.promise, { prober, killed: false })
    } finally {
      world[by]?.fake.heal()
    }
  }
}

/** Looks at a frozen process' world, lets it go on and sees it to its end. */
async function frozen(
  cli: Cli,
  struck: Promise<boolean>,
  { prober, killed }: { readonly prober: Prober; readonly killed: boolean },
): Promise<Struck> {
  const reached = await Promise.race([struck, cli.ended.then(() => false)])
  const problems = reached ? await prober.broken() : []
  cli.child.kill('SIGCONT')
  const ended = await cli.ended
  const after = killed || !reached ? [] : [...honest(ended), ...(await prober.broken())]
  return { reached, ended, problems: [...problems, ...after] }
}

async function runTo(
  world: World,
  point: CallPoint,
): Promise<{ readonly cli: Cli; readonly reached: boolean }> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const cli = world.start(world.row.command, { hold: point }, ({ held }) => {
    if (held) resolve(true)
  })
  const reached = await Promise.race([promise, cli.ended.then(() => false)])
  return { cli, reached }
}

function honest(ended: Ended): readonly string[] {
  return HONEST.has(ended.code) ? [] : [`a run that was struck ended ${ended.code}: ${tell(ended)}`]
}

/** What a process said, in one line. */
export function tell({ stdout, stderr }: Ended): string {
  return `${stdout} ${stderr}`.replaceAll(/\s+/g, ' ').trim().slice(0, 600)
}

function once(work: () => void): () => void {
  let done = false
  return () => {
    if (!done) work()
    done = true
  }
}
