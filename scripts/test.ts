/**
 * `npm test`: all tests of the lanes unit, sim and real, and a twentieth of the lane crash. Makes
 * the servers available that the tests start, and says which of them this machine has. Closes with
 * `N passed, N failed`.
 */
import { crash } from './crash/crash.ts'
import { add, close, NOTHING } from './lib/tally.ts'
import { runVitest } from './lib/vitest.ts'
import { ensureServices, exitCode, renderReport } from './services.ts'

const services = await ensureServices()
console.log(renderReport(services))
const missing = exitCode(services, process.env) === 0 ? 0 : 1
if (missing) console.log('In CI every service must be there: this counts as a failure.')

/** The same points every time; `npm run test:crash` tries all of them. */
const TWENTIETH = { of: 20, seed: 1 }

const { tally } = await runVitest(['unit', 'sim', 'real'], true)
const crashed = await crash({ share: TWENTIETH, only: {}, services })
close(add(add(tally, crashed), { ...NOTHING, failed: missing }))
