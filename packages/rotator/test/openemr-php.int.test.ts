// Goal: whatever sqlconf.php looks like, PHP finds in it what a rotation has written, and no
// request fails while opcache serves the old file. Method: real PHP, PHP-FPM and MariaDB.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { TaskCommand } from '../../testkit/src/fakes/ecs-task.ts'
import type { PhpWorkerSettings } from '../../testkit/src/openemr/php-worker.ts'
import type { SlotsText } from '../../testkit/src/openemr/world.ts'
import { findPhpFpm, PHP_FPM_ADVICE } from '../../testkit/src/servers/php-fpm-get.ts'
import { lastLine, openemrOnEcs, useMariadb } from './openemr-fixture.ts'
import type { EcsWorld } from './openemr-fixture.ts'
import { expectServed } from './openemr-kept.ts'
import { phpVersion, readWithPhp } from './php-reader.ts'
import type { PhpReading } from './php-reader.ts'
import { SQLCONF_LAYOUTS } from './sqlconf-layouts.ts'
import type { SqlconfValues } from './sqlconf-layouts.ts'

const on = useMariadb()

const PHP = phpVersion()
if (PHP === undefined) console.warn('skipped: no php on the path; install php-cli')

const FPM = findPhpFpm()
if (FPM === undefined) console.warn(`skipped: no PHP-FPM; ${PHP_FPM_ADVICE}`)

/** One rotation for each layout, most of which is waiting. */
const LIMIT_MS = 600_000

function valuesOf(slots: SlotsText): SqlconfValues {
  const { username, password, host, port, dbname } = slots[slots.active_slot]
  return { host, port: Number(port), login: username, pass: password, dbase: dbname }
}

describe.skipIf(PHP === undefined)(`sqlconf.php after a rotation, as PHP ${PHP} reads it`, () => {
  test(
    'has the new credential in every form that a layout has, and nothing else is changed',
    async () => {
      await using it = await openemrOnEcs(on(), { at: 'on-a', service: { desired: 0 } })
      const { world } = it
      await using scratch = await folder()
      for (const { name, render } of SQLCONF_LAYOUTS) {
        await writeFile(world.sqlconf, render(valuesOf(world.slots())))
        expect(lastLine(await it.run(['--log-json'])), name).toMatchObject({ outcome: 'rotated' })
        const values = valuesOf(world.slots())
        expect(await readFile(world.sqlconf, 'latin1'), name).toBe(
          render(values).toString('latin1'),
        )
        const [reading] = await readWithPhp(scratch.path, [world.sqlconf])
        expect(foundBy(reading), name).toEqual(foundIn(values))
        const isInteger = name === 'an array alone, with an integer port'
        expect(reading?.portType, name).toBe(isInteger ? 'integer' : 'string')
      }
      await expectServed(world)
    },
    LIMIT_MS,
  )
})

/** What each value is in the plain variables and in `$sqlconf`, where the file has both. */
function foundBy(reading: PhpReading | undefined): Readonly<Record<string, unknown>> {
  const keys = ['host', 'port', 'login', 'pass', 'dbase']
  const found = keys.map((key) => {
    const forms = [reading?.variables[key], reading?.elements[key]]
    return [key, new Set(forms.filter((value) => typeof value === 'string'))] as const
  })
  return { error: reading?.error, ...Object.fromEntries(found) }
}

function foundIn(values: SqlconfValues): Readonly<Record<string, unknown>> {
  const found = Object.entries(values).map(([key, value]) => [key, new Set([String(value)])])
  return { error: undefined, ...Object.fromEntries(found) }
}

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'cuedot-php-'))
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true })
  return { path, [Symbol.asyncDispose]: remove }
}

const WORKER = fileURLToPath(new URL('../../testkit/src/openemr/php-worker.ts', import.meta.url))

/** Longer than opcache takes to look at a file again. */
const SERVICE = { desired: 1, times: { settleMs: 6_000, stopTimeoutMs: 20_000 } }

/** OpenEMR whose tasks are PHP-FPM with these settings of opcache. */
async function openemrInPhp(opcache: readonly string[]): Promise<EcsWorld> {
  const { tls } = on()
  const { command: program = '', args = [] } = FPM ?? {}
  return await openemrOnEcs(on(), {
    at: 'on-a',
    service: SERVICE,
    command: ({ argv }): TaskCommand => {
      const [node, , sqlconf = '', , report = ''] = argv
      const files = { sqlconf, caFile: tls.caFile, report }
      // The world has just written the file, which opcache would not keep yet.
      const settings = ['file_update_protection=0', ...opcache]
      const given: PhpWorkerSettings = { fpm: [program, ...args], ...files, opcache: settings }
      return { argv: [node, WORKER, JSON.stringify(given)], ready: /ready/ }
    },
  })
}

/** Rotates, and says as whom each request was served: those of the first task, and all others. */
async function rotate(it: EcsWorld): Promise<{
  readonly old: readonly string[]
  /** How many of `old` were served when the file had been written. */
  readonly before: number
  readonly others: readonly string[]
}> {
  const run = it.start(['--log-json'])
  await run.shows('STEP_WAITING')
  expect(await readFile(it.world.sqlconf, 'utf8')).toContain("'openemr_b'")
  const before = (await requestsOf(it)).length
  expect(lastLine(await run.ended)).toMatchObject({ status: 'ok', active_slot: 'B' })
  const requests = await requestsOf(it)
  expect((await it.world.report()).failed).toEqual([])
  const first = requests[0]?.task
  const as = (isOld: boolean): readonly string[] =>
    requests.filter(({ task }) => (task === first) === isOld).map(({ user }) => user)
  return { old: as(true), before, others: as(false) }
}

async function requestsOf({
  world,
}: EcsWorld): Promise<readonly { readonly user: string; readonly task: string }[]> {
  const [, , , , report = ''] = world.worker
  const text = await readFile(report, 'utf8')
  return [...text.matchAll(/^served as (\S+) by (\d+)$/gm)].map(([, user = '', task = '']) => ({
    ...{ user, task },
  }))
}

describe.skipIf(FPM === undefined)(`a rotation under PHP-FPM ${FPM?.version} with opcache`, () => {
  test(
    'with validate_timestamps=0 the old file is served until the task is replaced',
    async () => {
      await using it = await openemrInPhp(['validate_timestamps=0'])
      const { old, before, others } = await rotate(it)
      expect(old.length).toBeGreaterThan(before)
      expect(new Set(old)).toEqual(new Set(['openemr_a']))
      expect(new Set(others)).toEqual(new Set(['openemr_b']))
    },
    LIMIT_MS,
  )

  test(
    'with revalidate_freq=2 a task goes over to the new file by itself, and never back',
    async () => {
      await using it = await openemrInPhp(['validate_timestamps=1', 'revalidate_freq=2'])
      const { old, others } = await rotate(it)
      const turned = old.indexOf('openemr_b')
      expect(turned).toBeGreaterThan(0)
      expect(new Set(old.slice(0, turned))).toEqual(new Set(['openemr_a']))
      expect(new Set(old.slice(turned))).toEqual(new Set(['openemr_b']))
      expect(new Set(others)).toEqual(new Set(['openemr_b']))
    },
    LIMIT_MS,
  )
})
