import { createHash } from 'node:crypto'
import type { Call } from '../../../ports/call.ts'
import type { AdminOptions, LockState } from '../../../ports/database.ts'
import type { Connection } from './connection.ts'
import { readAttributes } from './attributes.ts'

/**
 * The name of a target's lock. A hash, because names of user-level locks are at most 64 characters
 * long and letters of either case are the same (MariaDB's documentation of GET_LOCK).
 */
export function lockName(target: string): string {
  return `cuedot:${createHash('sha256').update(target, 'utf8').digest('hex').slice(0, 40)}`
}

/** Takes the lock once or looks at it. The server gives it up with the connection. */
export async function lockTarget(
  connection: Connection,
  options: AdminOptions,
  call: Call,
): Promise<LockState> {
  const name = lockName(options.target)
  if (options.lock === 'look') return await holderOf(connection, name, call)
  if (await take(connection, name, call)) return { kind: 'own' }
  const holder = await holderOf(connection, name, call)
  if (holder.kind === 'held') return holder
  // It was given up between the two questions.
  if (await take(connection, name, call)) return { kind: 'own' }
  return { kind: 'held', by: 'somebody who took it a moment ago' }
}

/** Gives the lock up before the connection ends, so that it is free when this returns. */
export async function releaseLock(
  connection: Connection,
  target: string,
  call: Call,
): Promise<void> {
  const operation = 'release the lock'
  const sql = 'SELECT RELEASE_LOCK(?)'
  await connection.run({ operation, sql, values: [lockName(target)] }, call)
}

async function take(connection: Connection, name: string, call: Call): Promise<boolean> {
  const operation = 'take the lock'
  const [row] = await connection.run(
    { operation, sql: 'SELECT GET_LOCK(?, 0)', values: [name] },
    call,
  )
  return row?.[0] === 1
}

async function holderOf(connection: Connection, name: string, call: Call): Promise<LockState> {
  const operation = 'look at the lock'
  const [row] = await connection.run(
    { operation, sql: 'SELECT IS_USED_LOCK(?)', values: [name] },
    call,
  )
  const id = row?.[0]
  if (typeof id !== 'number') return { kind: 'free' }
  const [client] = await connection.run(
    {
      operation,
      sql: 'SELECT USER, HOST, TIME FROM information_schema.PROCESSLIST WHERE ID = ?',
      values: [id],
    },
    call,
  )
  const program = (await readAttributes(connection, call)).get(id)?.program ?? ''
  const facts = [
    ...(program === '' ? [] : [program]),
    ...(client ? [`user ${client[0]} from ${client[1]}, idle for ${client[2]} s`] : []),
    `connection ${id} of ${connection.endpoint}`,
  ]
  return { kind: 'held', by: facts.join(', ') }
}
