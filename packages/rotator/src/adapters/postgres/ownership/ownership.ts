import { isRotatorError, RotatorError } from '../../../errors.ts'
import type { Call } from '../../../ports/call.ts'
import type { OwnershipPhase } from '../../../domain/adoption.ts'
import type { Ownership, OwnershipWish } from '../../../ports/ownership.ts'
import type { Link } from '../link.ts'
import { LOCK_MS } from '../patience.ts'
import { describeChanges } from './change.ts'
import type { Change, Phase, Place, Scene } from './change.ts'
import { copyDefaults } from './defaults.ts'
import { changeLogin } from './login.ts'
import { moveObjects } from './owned.ts'
import { makeOwner, stillLacking } from './owner-role.ts'
import { findProblems } from './problems.ts'
import { openScene } from './scene.ts'
import type { OpenScene, Server } from './scene.ts'

const PHASES: Readonly<Record<OwnershipPhase, Phase>> = {
  owner: makeOwner,
  objects: moveObjects,
  defaults: copyDefaults,
  login: changeLogin,
}

/** Lists what must change so that the user owns nothing by itself. Changes nothing. */
export async function describeOwnership(
  server: Server,
  wish: OwnershipWish,
  call: Call,
): Promise<Ownership> {
  await using open = await openScene(server, wish, call)
  if (!open.needsOwner) return { owner: '', changes: [], problems: [] }
  const { scene } = open
  const changes: Change[] = []
  for (const phase of Object.values(PHASES)) changes.push(...(await phase(scene, call)))
  const problems = changes.length === 0 ? [] : await findProblems(open, call)
  return { owner: scene.owner, changes: describeChanges(changes, scene.owner), problems }
}

/** So many objects are moved before it is looked again. */
const AT_ONCE = 200

/** Makes the changes of one phase, in transactions that are as short as they can be. */
export async function moveOwnership(
  server: Server,
  { wish, phase }: { readonly wish: OwnershipWish; readonly phase: OwnershipPhase },
  call: Call,
): Promise<void> {
  await using open = await openScene(server, wish, call)
  if (!open.needsOwner) return
  await refuseProblems(open, server, call)
  const changes = await PHASES[phase](open.scene, call)
  const busy: unknown[] = []
  for (const transaction of transactions(changes, phase))
    try {
      await together(transaction, call, async () => {
        if (phase === 'owner') await refuseUngiven(open.scene, transaction.place, call)
      })
    } catch (error) {
      if (phase !== 'objects' || !isBusy(error)) throw busy[0] ?? error
      // The others need not wait for the one that somebody holds.
      busy.push(error)
    }
  if (busy.length > 0) throw busy[0]
}

function isBusy(error: unknown): boolean {
  return isRotatorError(error) && error.code === 'ERR_DB_BUSY'
}

async function refuseProblems(open: OpenScene, { link }: Server, call: Call): Promise<void> {
  const [problem] = await findProblems(open, call)
  if (problem === undefined) return
  throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: link.endpoint, problem })
}

async function refuseUngiven(scene: Scene, place: Place, call: Call): Promise<void> {
  const line = await stillLacking(scene, place, call)
  if (line === undefined) return
  const { endpoint, username } = place.link
  throw new RotatorError('ERR_DB_DENIED', { endpoint, username, operation: `give ${line}` })
}

interface Transaction {
  readonly place: Place
  readonly statements: readonly string[]
}

/** Each object by itself, so that none is locked while another is waited for; else a database. */
function transactions(changes: readonly Change[], phase: OwnershipPhase): readonly Transaction[] {
  if (phase === 'objects') return oncePerStatement(changes).slice(0, AT_ONCE)
  const places = [...new Set(changes.map(({ place }) => place))]
  return places.map((place) => ({
    place,
    statements: changes.filter((one) => one.place === place).flatMap((one) => one.statements),
  }))
}

/** What moves everything that is left stands with each thing that is left. */
function oncePerStatement(changes: readonly Change[]): readonly Transaction[] {
  const seen = new Map<string, Transaction>()
  for (const { place, statements } of changes)
    seen.set([place.database, ...statements].join('\n'), { place, statements })
  return [...seen.values()]
}

/** Between two tries for a lock the application has the table to itself, in seconds. */
const PAUSE_S = 0.4
const ATTEMPTS = 10

/** All of it or nothing. What did not get its lock did not happen, so trying again is safe. */
async function together(
  { place: { link }, statements }: Transaction,
  call: Call,
  check: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await once(link, call, [...statements.map((sql) => () => run(link, sql, call)), check])
      return
    } catch (error) {
      if (!isBusy(error) || attempt === ATTEMPTS) throw error
    }
    await run(link, `SELECT pg_sleep(${PAUSE_S})`, call)
  }
}

async function once(
  link: Link,
  call: Call,
  parts: readonly (() => Promise<void>)[],
): Promise<void> {
  await run(link, 'BEGIN', call)
  try {
    await run(link, `SET LOCAL lock_timeout = ${LOCK_MS}`, call)
    for (const part of parts) await part()
    await run(link, 'COMMIT', call)
  } catch (error) {
    if (!link.dead) await run(link, 'ROLLBACK', call).catch(() => link.destroy())
    throw error
  }
}

async function run(link: Link, sql: string, call: Call): Promise<void> {
  await link.query({ sql, operation: `move ownership (${sql})` }, call)
}
