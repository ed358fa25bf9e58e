import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeSystem, composeTarget } from '../../packages/rotator/src/compose.ts'
import { loadConfig } from '../../packages/rotator/src/config/load.ts'
import { run } from '../../packages/rotator/src/engine/run.ts'
import type { RigEngine } from '../../packages/testkit/src/rig/engine.ts'
import { withFreshSlots } from '../../packages/testkit/src/rig/fresh-slots.ts'
import type { Look } from './flat.ts'
import { lookAtProcess } from './process-look.ts'
import { watchServer } from './server-look.ts'
import { fileSecrets, managedSecrets } from './stores.ts'
import type { MakeSecret, StoreKind } from './stores.ts'

/** Rotations in a row on one server with one kind of store. */
export interface Leg {
  readonly server: RigEngine
  readonly store: StoreKind
  /** Of the fake of Secrets Manager. */
  readonly endpoint: string
  readonly rotations: number
}

/** So many looks in a leg, as far as it has that many rotations. */
const LOOKS = 50

const TARGET = 'app'

/** Runs a leg with one composed target and says what was seen, the state before it first. */
export async function runLeg(leg: Leg): Promise<readonly Look[]> {
  await using stack = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-soak-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const engine = await withFreshSlots(leg.server)
  const { slots } = engine
  const login = `DB_USER=${slots.A.username}\nDB_PASSWORD=${slots.A.password.reveal()}\n`
  await writeFile(join(dir, 'app.env'), login, { mode: 0o600 })
  const make = leg.store === 'file' ? fileSecrets(dir) : managedSecrets(leg.endpoint)
  const file = join(dir, 'cuedot.yaml')
  await writeFile(file, await configOf(engine, make), { mode: 0o600 })
  const composed = await composeTarget(TARGET, await loadConfig(file))
  stack.defer(() => composed.release())
  const watch = stack.use(await watchServer(engine, TARGET))
  const env = {
    ...(await composeSystem()),
    events: { emit: () => undefined },
    stop: new AbortController().signal,
    by: 'soak',
    reason: 'soak',
  }
  const every = Math.max(1, Math.floor(leg.rotations / LOOKS))
  const looks: Look[] = []
  for (let after = 1; after <= leg.rotations; after++) {
    const { outcome, what } = await run(composed.target, 'rotate', env)
    if (outcome !== 'rotated') throw new Error(`rotation ${after}: ${outcome}: ${what}`)
    if (after % every > 0) continue
    const server = await watch.look()
    looks.push({ after, ...(await lookAtProcess()), ...server })
  }
  return looks
}

async function configOf(engine: RigEngine, make: MakeSecret): Promise<string> {
  const flat = ({ username, password, host, port, dbname }: RigEngine['admin']): object => {
    return { username, password: password.reveal(), host, port, dbname }
  }
  const { A, B } = engine.slots
  const name = `soak-${engine.engine}`
  const app = {
    strategy: 'alternating',
    store: await make(`${name}-slots`, { active_slot: 'A', A: flat(A), B: flat(B) }),
    admin: { store: await make(`${name}-admin`, flat(engine.admin)) },
    database: {
      engine: engine.engine,
      endpoints: [`localhost:${engine.port}`],
      dbname: engine.dbname,
      tls: { ca: engine.caFile },
    },
    publish: [
      {
        id: 'env',
        kind: 'dotenv',
        path: 'app.env',
        keys: { username: 'DB_USER', password: 'DB_PASSWORD' },
      },
    ],
    roll: [{ id: 'nobody', kind: 'command', argv: ['true'], limit: '30s' }],
    drain: { quiet: '50ms', limit: '30s', poll: '50ms' },
  }
  // JSON is YAML.
  return JSON.stringify({ version: 1, targets: { [TARGET]: app } })
}
