/**
 * `npm test`: all tests of the lanes unit, sim and real, and at the same time, since much of either
 * is waiting, a share of the lane crash. Makes the servers available that they start, and says
 * which of them this machine has. The command line that tests start is the one that is published,
 * built here. Closes with `N passed, N failed`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPackages } from './lib/pack.ts'
import { runScript } from './lib/run.ts'
import { add, close, NOTHING, readTally } from './lib/tally.ts'
import type { Tally } from './lib/tally.ts'
import { runVitest } from './lib/vitest.ts'
import { ensureServices, exitCode, renderReport } from './services.ts'

const services = await ensureServices()
console.log(renderReport(services))
const missing = exitCode(services, process.env) === 0 ? 0 : 1
if (missing) console.log('In CI every service must be there: this counts as a failure.')

/**
 * A fifth of the places, ten of a row at most, at each of them one of the faults that can strike
 * there: the same points every time. Of OpenEMR's rotation an eightieth. `npm run test:crash` tries
 * every fault at every place.
 */
const SHARE = ['--share', '5', '--most', '10', '--one-fault', '--seed', '1']

close(add(await testAll(), { ...NOTHING, failed: missing }))

async function testAll(): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'cuedot-published-'))
  try {
    const installed = await installPackages({ folder, peers: true })
    const home = installed.find(({ manifest }) => manifest.bin?.['cuedot'])?.home ?? ''
    const env = { CUEDOT_TEST_PROGRAM: join(home, 'bin/cuedot.js') }
    // Not before: what does not build must leave no lane behind that goes on alone.
    const crashing = runScript('crash.ts', ...SHARE)
    const { tally } = await runVitest(['unit', 'sim', 'real'], true, { env })
    const crashed = await crashing
    console.log(crashed.output)
    return add(tally, readTally(crashed.output, crashed.code))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
