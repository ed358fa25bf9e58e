import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { secretsManagerAdmin } from '../../testkit/src/fakes/secrets-manager-admin.ts'
import { leaksIn } from '../../testkit/src/leaks/search.ts'
import type { Place } from '../../testkit/src/leaks/search.ts'
import { filesBelow, watchFolder, watchProcesses } from '../../testkit/src/leaks/watch.ts'
import type { SeenFile } from '../../testkit/src/leaks/watch.ts'
import type { LoudEngine } from '../../testkit/src/rig/loud.ts'
import { startRig } from '../../testkit/src/rig/rig.ts'
import type { Rig } from '../../testkit/src/rig/rig.ts'
import { startCuedot } from './cli-process.ts'
import type { CliResult } from './cli-process.ts'

/** A rig around a server that logs everything, and everything that was ever said near it. */
export interface LeakWorld extends AsyncDisposable {
  readonly rig: Rig
  readonly engine: LoudEngine
  /** Where the command line puts temporary files. */
  readonly temp: string
  /** What was said so far: outputs, files, processes, and what a test adds. */
  readonly places: Place[]
  /** Every file that was made or changed in the folders of the command line. */
  readonly files: readonly SeenFile[]
  /** Every password that ever was in the store, and what a test adds. By what it is. */
  readonly secrets: Map<string, string>
  /** Runs the command line, watching it and all that it starts. */
  run(args: readonly string[], options?: RunOptions): Promise<CliResult>
  /** Arguments and environments of what the command line started. */
  commands(): readonly Place[]
  /** Where a secret was found in what was said so far. Empty: nowhere. */
  leaks(): readonly string[]
  /** The same in the server's own logs and tables. */
  leaksAtServer(): Promise<readonly string[]>
}

/** What to do while it runs. */
export interface RunOptions {
  /** Called with each line of stdout; `signal` sends the command a signal. */
  readonly onLine?: (line: string, signal: (name: NodeJS.Signals) => void) => void
  readonly env?: Readonly<Record<string, string>>
}

/** The key that the command line is given: emulators take any, and nobody else may have it. */
export const AWS_CANARY = 'AwsCanary0123456789abcdefghijklmnopqrstu'

/** The credentials that any emulator takes. */
const AWS_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: AWS_CANARY,
  AWS_REGION: 'eu-central-1',
  AWS_EC2_METADATA_DISABLED: 'true',
}

/** The files that are there to hold a password, and what takes their place. */
const CONFIG_TARGET = /\/(?:broken\.json|(?:app|\.cuedot-[0-9a-f-]+)\.env)$/

/** Builds the world on a running server. */
export async function leakWorld(engine: LoudEngine): Promise<LeakWorld> {
  await using starting = new AsyncDisposableStack()
  const rig = starting.use(await startRig(engine))
  const temp = join(rig.dir, 'tmp')
  await mkdir(temp)
  const places: Place[] = []
  const files: SeenFile[] = []
  const commands: Place[] = []
  const secrets = new Map<string, string>()
  await collect(rig, secrets)
  const running = starting.move()
  return {
    ...{ rig, engine, temp, places, files, secrets },
    async run(args, options = {}) {
      const folders = [rig.dir, temp].map(watchFolder)
      const result = await runWatched({ rig, temp, places, commands }, args, options)
      const seen = folders.flatMap((folder) => folder.stop())
      files.push(...seen)
      places.push(...seen.filter(isNoTarget))
      places.push(...filesBelow(rig.dir).filter(isNoTarget))
      await collect(rig, secrets)
      return result
    },
    commands: () => commands,
    leaks: () => leaksIn(places, secrets),
    leaksAtServer: async () => leaksIn(await engine.said(), secrets),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

const isNoTarget = ({ name }: Place): boolean => !CONFIG_TARGET.test(name)

interface Watching extends Pick<LeakWorld, 'rig' | 'temp' | 'places'> {
  readonly commands: Place[]
}

async function runWatched(
  { rig, temp, places, commands }: Watching,
  args: readonly string[],
  { onLine, env }: RunOptions,
): Promise<CliResult> {
  const { child, ended } = startCuedot(args, {
    cwd: rig.dir,
    env: { HOME: rig.dir, TMPDIR: temp, NO_COLOR: '1', ...AWS_ENVIRONMENT, ...env },
  })
  const processes = watchProcesses(child.pid ?? 0)
  let rest = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine?.(line, (name) => child.kill(name))
  })
  const result = await ended
  const seen = processes.stop()
  places.push(
    { name: `stdout of ${args.join(' ')}`, text: result.stdout },
    { name: `stderr of ${args.join(' ')}`, text: result.stderr },
    ...seen,
  )
  commands.push(...seen.filter(({ name }) => !name.endsWith(` ${child.pid}`)))
  return result
}

/** A rotation makes at most two versions, so each has one of these labels when it has ended. */
const LABELS = ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS']

async function collect(rig: Rig, secrets: Map<string, string>): Promise<void> {
  const admin = secretsManagerAdmin(rig.store.endpoint)
  for (const SecretId of ['rig/slots', 'rig/admin'])
    for (const VersionStage of LABELS) {
      const asked = admin.call('GetSecretValue', { SecretId, VersionStage })
      const { SecretString } = await asked.catch(() => ({ SecretString: '' }))
      for (const [, password] of String(SecretString).matchAll(/"password":"([^"]+)"/g))
        if (password !== undefined && ![...secrets.values()].includes(password))
          secrets.set(`password ${secrets.size} of ${SecretId}`, password)
    }
}
