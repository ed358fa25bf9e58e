/**
 * `npm run test:mutants [-- --only TEXT]`: plants bugs in a copy of the project, one at a time, and
 * runs the lane that must notice. Nobody notices: the tests have a hole. Prints a line for each and
 * closes with `N passed, N failed`; a bug that cannot be planted counts as failed.
 */
import { rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from './lib/run.ts'
import { close, NOTHING } from './lib/tally.ts'
import { MUTANTS } from './mutants/all.ts'
import { copyProject } from './mutants/copy.ts'
import { isGreen, lanesOf, runLane, verdictOf } from './mutants/lanes.ts'
import { laneName, NotPlanted, plant } from './mutants/mutant.ts'
import type { Mutant } from './mutants/mutant.ts'
import { headerOf, lineOf, widthsOf } from './mutants/table.ts'
import type { Row } from './mutants/table.ts'
import { ensureServices } from './services.ts'

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const mutants = MUTANTS.filter(({ name, file }) => `${name} ${file}`.includes(values.only ?? ''))

// Ends by `exit`, which ends what still runs.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

if (mutants.some(({ lane }) => lane.kind === 'real')) await ensureServices()
const folder = await copyProject(ROOT)
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const tried = (await isAllGreen()) ? await tryAll() : []
const passed = tried.filter(({ verdict }) => verdict === 'killed').length
close({ ...NOTHING, passed, failed: mutants.length - passed })

/** Where a lane is red without any bug of ours, it would kill everything. */
async function isAllGreen(): Promise<boolean> {
  for (const lane of lanesOf(mutants.map((mutant) => mutant.lane))) {
    const ended = await runLane(lane, folder)
    if (isGreen(lane, ended)) continue
    console.log(`${ended.output}\nThe lane ${lane.kind} is not green without a planted bug.`)
    return false
  }
  return true
}

async function tryAll(): Promise<readonly Row[]> {
  const widths = widthsOf(mutants.map(({ name, lane }) => ({ name, lane: laneName(lane) })))
  console.log(headerOf(widths))
  const rows: Row[] = []
  for (const mutant of mutants) {
    const begun = performance.now()
    const verdict = await tryOne(mutant)
    const seconds = (performance.now() - begun) / 1000
    const row = { name: mutant.name, lane: laneName(mutant.lane), verdict, seconds }
    rows.push(row)
    console.log(lineOf(row, widths))
    if (verdict !== 'killed') console.log(`  ${mutant.file}: ${mutant.harm}`)
  }
  return rows
}

async function tryOne(mutant: Mutant): Promise<Row['verdict']> {
  const path = join(folder, 'packages/rotator/src', mutant.file)
  const source = await readFile(path, 'utf8')
  try {
    await writeFile(path, plant(source, mutant))
    return verdictOf(mutant.lane, await runLane(mutant.lane, folder))
  } catch (error) {
    if (error instanceof NotPlanted) return 'not planted'
    throw error
  } finally {
    await writeFile(path, source)
  }
}
