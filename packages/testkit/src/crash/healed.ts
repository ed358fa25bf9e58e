import { join } from 'node:path'
import { composeSystem, composeTarget } from '../../../rotator/src/compose.ts'
import { loadConfig } from '../../../rotator/src/config/load.ts'
import { lookAtAdoption } from '../../../rotator/src/engine/adopt.ts'
import { look } from '../../../rotator/src/engine/look.ts'
import type { ConfiguredCase } from './cases.ts'
import type { Prober } from './prober.ts'
import { tell } from './strikes.ts'
import type { World } from './world.ts'

/** I5: nothing strikes any more, so one run brings everything to rest and another finds nothing. */
export async function healed(world: World, prober: Prober): Promise<readonly string[]> {
  const clean = await world.run(world.row.command)
  if (clean.code !== 0) return [`I5 the run after it ended ${clean.code}: ${tell(clean)}`]
  return [...(await prober.unsettled()), ...(await stillToDo(world))]
}

/** What a second run would find to do. */
async function stillToDo(world: World): Promise<readonly string[]> {
  const { row } = world
  return 'platform' in row ? await openemrStillToDo(world) : await targetStillToDo(world, row)
}

/** A sync finishes whatever is open, so its dry run tells what is. */
async function openemrStillToDo(world: World): Promise<readonly string[]> {
  const ended = await world.run(['openemr', '--sync-db-users', '--dry-run'])
  const { status, plan }: Told = JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '{}')
  const done = ended.code === 0 && status === 'ok' && plan?.length === 0
  return done ? [] : [`I5 a second run finds work: ${tell(ended)}`]
}

/** The last line of `cuedot openemr --log-json`, as far as it is looked at. */
interface Told {
  readonly status?: string
  readonly plan?: readonly string[]
}

/** Asked of the engine as `cuedot plan --for heal` asks it. */
async function targetStillToDo(world: World, row: ConfiguredCase): Promise<readonly string[]> {
  const config = await loadConfig(join(world.dir, 'cuedot.yaml'))
  const { target } = await composeTarget(row.target, config)
  const { clock, random } = await composeSystem()
  const stop = new AbortController().signal
  const events = { emit: () => undefined }
  const env = { clock, random, events, stop, by: 'crash', reason: 'a look' }
  const { plan } = (await look(target, 'converge', env)) ?? {}
  const done = plan?.end.kind === 'settled' && plan.actions.length === 0
  if (!done) return [`I5 a second run finds work: ${JSON.stringify(plan)}`]
  if (row.command[0] !== 'adopt') return []
  const { steps, end } = (await lookAtAdoption(target, {}, env)) ?? {}
  const adopted = end?.kind === 'settled' && steps?.length === 0
  return adopted ? [] : [`I5 something is left to adopt: ${JSON.stringify({ steps, end })}`]
}
