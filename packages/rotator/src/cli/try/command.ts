import { constants } from 'node:fs'
import { access, rm, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { programPath } from './children.ts'
import { Cleanup } from './cleanup.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import type { RunningPostgres } from './embedded-postgres.ts'
import { Fleet } from './fleet.ts'
import { startGuard } from './guard-process.ts'
import type { Guard } from './guard-process.ts'
import { liveLines } from './live-view.ts'
import { startLoad } from './load-process.ts'
import { seededRandom, seedFrom } from './random.ts'
import { Recorder } from './recorder.ts'
import { playRotation } from './scenario.ts'
import type { Accident, RotationRow } from './scenario.ts'
import { countVisits, setUpDatabase, stillOpen } from './schema.ts'
import { Screen } from './screen.ts'
import { problemsOf, summaryText } from './summary.ts'
import { timelineOf } from './timeline-data.ts'
import { timelineSvg } from './timeline-svg.ts'
import { firstPasswords, makeWorkspace, writeConfig, writeSecrets } from './workspace.ts'
import type { FirstPasswords, Workspace } from './workspace.ts'

/** Options of `cuedot try`. */
export interface TryOptions {
  /** Leaves the folder: configuration, encrypted secrets, data, logs. Default: false. */
  readonly keep?: boolean
  /** Where the timeline goes. Default: `cuedot-try.svg` in the current directory. */
  readonly svg?: string
  /** Two rotations instead of five. Default false. */
  readonly quick?: boolean
}

const FULL: readonly Accident[] = ['none', 'none', 'killed', 'bad-release', 'none']
const QUICK: readonly Accident[] = ['killed', 'bad-release']

/** The load runs alone for so long before, between and after rotations, to compare with. */
const PAUSE_MS = { full: 1500, quick: 700 }

/**
 * The demo: a web application under load on an embedded PostgreSQL, and rotations of its database
 * credential, one of them killed, one backed out.
 *
 * Ends everything it has started and removes its folder, however it ends.
 * @returns 0 when no request failed and every rotation ended as it must; 1 otherwise
 */
export async function tryCommand(options: TryOptions): Promise<number> {
  const stop = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => stop.abort(new Error(`stopped by ${name}`))
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of signals) process.on(name, onSignal)
  const cleanup = new Cleanup()
  const screen = new Screen(process.stderr)
  cleanup.add(async () => screen.stop())
  try {
    return await show({ options, cleanup, screen, signal: stop.signal })
  } catch (error) {
    screen.stop()
    const reason: unknown = stop.signal.aborted ? stop.signal.reason : error
    screen.say(`cuedot try: ${reason instanceof Error ? reason.message : 'unknown error'}`)
    return 1
  } finally {
    for (const error of await cleanup.run())
      screen.say(`cuedot try: ${error instanceof Error ? error.message : 'unknown error'}`)
    for (const name of signals) process.off(name, onSignal)
  }
}

interface Show {
  readonly options: TryOptions
  readonly cleanup: Cleanup
  readonly screen: Screen
  readonly signal: AbortSignal
}

async function show(demo: Show): Promise<number> {
  const { options, cleanup, screen, signal } = demo
  const begun = Date.now()
  const seed = seedFrom(process.env['CUEDOT_TRY_SEED'])
  const svg = resolve(options.svg ?? 'cuedot-try.svg')
  await access(dirname(svg), constants.W_OK).catch(() => {
    throw new Error(`${dirname(svg)} cannot be written to; say where to with --svg FILE.`)
  })
  screen.say(`Starting PostgreSQL and three workers of a web application (seed ${seed}).`)
  const { server, fleet, guard, workspace, passwords } = await build(demo)
  const recorder = new Recorder()
  const load = startLoad(fleet.balancer.url, workspace.log, (samples) => recorder.take(samples))
  cleanup.add(() => load.kill())
  screen.say('Clients use it through pools, new connections and transactions of 1 to 1.5 seconds.')
  screen.start((style) => liveLines(recorder, style))
  const rows: RotationRow[] = []
  const draw = seededRandom(seed)
  const pause = options.quick ? PAUSE_MS.quick : PAUSE_MS.full
  for (const accident of options.quick ? QUICK : FULL) {
    await delay(pause, undefined, { signal })
    const stage = { workspace, fleet, guard, recorder, screen, draw, signal }
    rows.push(await playRotation(stage, accident))
  }
  await delay(pause, undefined, { signal })
  recorder.stopped = Date.now()
  await load.stop()
  screen.stop()
  const visits = await countVisits(server)
  await writeFile(svg, timelineSvg(timelineOf(recorder)))
  const open = await stillOpen(server, passwords)
  const durationMs = Date.now() - begun
  const summary = { recorder, rows, visits, stillOpen: open, svg, seed, durationMs }
  process.stdout.write(`\n${summaryText(summary)}`)
  const problems = problemsOf(summary)
  for (const problem of problems) process.stdout.write(`NOT AS EXPECTED: ${problem}\n`)
  if (problems.length === 0) return 0
  process.stdout.write('Run it again with --keep to find out why: app.log has what workers said.\n')
  return 1
}

interface Built {
  readonly server: RunningPostgres
  readonly fleet: Fleet
  readonly guard: Guard
  readonly workspace: Workspace
  readonly passwords: FirstPasswords
}

/** Starts everything that the rotations need. */
async function build({ options, cleanup, screen, signal }: Show): Promise<Built> {
  const guard = startGuard()
  cleanup.add(() => guard.release())
  const workspace = await makeWorkspace()
  guard.folder(workspace.dir, options.keep === true)
  cleanup.add(async () => {
    if (options.keep) screen.say(`Kept: ${workspace.dir}`)
    else await rm(workspace.dir, { recursive: true, force: true, maxRetries: 5 })
  })
  const server = await startEmbeddedPostgres({ dir: workspace.postgres })
  cleanup.add(() => server.stop())
  signal.throwIfAborted()
  const passwords = firstPasswords()
  await setUpDatabase(server, passwords)
  await writeSecrets(workspace, passwords, server.port)
  signal.throwIfAborted()
  const fleet = new Fleet(workspace)
  cleanup.add(() => fleet.stop())
  await fleet.start()
  await writeConfig(workspace, {
    databasePort: server.port,
    roll: [process.execPath, programPath('roll'), `${fleet.controlUrl}/roll`],
    healthUrl: `${fleet.balancer.url}/health`,
    drainQuiet: options.quick ? '1s' : '2s',
  })
  signal.throwIfAborted()
  return { server, fleet, guard, workspace, passwords }
}
