/**
 * `npm run test:crash [-- --engine X --strategy Y --fault Z --seed N --share N --most N
 * --one-fault]`
 *
 * Kills and starves the real command line at every external call of a rotation on real servers,
 * checks the invariants after each fault, and runs it again. Prints the points covered for each
 * engine, strategy and fault, and closes with `N passed, N failed`, a point counting one.
 */
import { parseArgs } from 'node:util'
import { close } from './lib/tally.ts'
import { crash } from './crash/crash.ts'
import { ensureServices, renderReport } from './services.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'string' },
    strategy: { type: 'string' },
    fault: { type: 'string' },
    seed: { type: 'string', default: '1' },
    share: { type: 'string', default: '1' },
    most: { type: 'string', default: 'Infinity' },
    'one-fault': { type: 'boolean', default: false },
  },
})

// Ends by `exit`, which ends what still runs.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const services = await ensureServices()
console.log(renderReport(services))
const { seed, share, most, 'one-fault': oneFault, ...only } = values
const part = { seed: Number(seed), of: Number(share), most: Number(most), oneFault }
close(await crash({ share: part, only, services }))
