import { expect } from 'vitest'
import { createConnection } from 'mysql2/promise'
import type { OpenemrWorld } from '../../testkit/src/openemr/world.ts'
import { phpSqlconfTarget } from '../src/adapters/files/php-sqlconf/target.ts'
import { lastLine } from './openemr-fixture.ts'
import type { CliResult } from './cli-process.ts'

/** A world whose command can be run. */
export interface Runs {
  readonly world: OpenemrWorld
  run(args: readonly string[]): Promise<CliResult>
}

/** The application keeps its credential: no request has failed, and what its file holds logs in. */
export async function expectServed(world: OpenemrWorld): Promise<void> {
  const { sqlconf, tls } = world
  const signal = AbortSignal.timeout(10_000)
  const held = await phpSqlconfTarget({ id: 'sqlconf', path: sqlconf }).read({ signal })
  const { host = '', port = 0, username: user, password } = held
  const at = { host, port, database: 'openemr', ssl: { ca: tls.ca } }
  const session = await createConnection({ ...at, user, password: password.reveal() })
  await session.end()
  expect((await world.report()).failed).toEqual([])
}

/** What a run that has failed says; the application keeps its credential. */
export async function expectFailed(ended: CliResult, { world }: Runs): Promise<string> {
  expect(ended.code, ended.stdout + ended.stderr).toBe(1)
  const { status, error } = lastLine(ended)
  expect(status).toBe('error')
  await expectServed(world)
  return String(error)
}

/** The next run does what it should, and leaves no rotation open. */
export async function expectConverged(it: Runs, because = ''): Promise<void> {
  const ended = await it.run(['--log-json'])
  expect(ended.code, `${because}\n${ended.stdout}${ended.stderr}`).toBe(0)
  expect(lastLine(ended)).toMatchObject({ status: 'ok', outcome: 'rotated', admin: 'rotated' })
  expect(it.world.slots()['rotation']).toBeUndefined()
  await expectServed(it.world)
}
