import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import type { MysqlFixture } from './mysql-fixture.ts'

/**
 * What the server writes anywhere while something is done to a user: its general log, its slow log,
 * its binary log and the history of statements. The server needs its binary log.
 * @param altered - finds the statement in each of them, however it is spelt there
 */
export async function logsDuring(
  fixture: MysqlFixture,
  altered: RegExp,
  work: () => Promise<void>,
): Promise<readonly string[]> {
  const { dir } = fixture.server
  const slow = join(dir, 'slow.log')
  await fixture.sql('SET GLOBAL slow_query_log = 1, log_slow_admin_statements = 1')
  await fixture.sql(`SET GLOBAL slow_query_log_file = '${slow}'`)
  await fixture.sql("UPDATE performance_schema.setup_consumers SET ENABLED = 'YES'")
  // A session takes this over when it begins.
  await fixture.sql('SET GLOBAL long_query_time = 0')
  await work()
  // The server writes this log after it has answered.
  await vi.waitFor(async () => expect(await readFile(slow, 'latin1')).toMatch(altered))
  await fixture.sql('SET GLOBAL long_query_time = 10, slow_query_log = 0')
  const seen = await fixture.sql(
    'SELECT SQL_TEXT FROM performance_schema.events_statements_history_long',
  )
  const files = await readdir(dir)
  const names = files.filter((name) => /^(binlog\.\d+|slow\.log|general\.log)$/.test(name))
  expect(names).toHaveLength(3)
  const logs = await Promise.all(names.map((name) => readFile(join(dir, name), 'latin1')))
  for (const log of [...logs, JSON.stringify(seen)]) expect(log).toMatch(altered)
  return [...logs, JSON.stringify(seen)]
}
