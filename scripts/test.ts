/**
 * `npm test`: all tests of the lanes unit, sim and real. Makes the servers available that the tests
 * start, and says which of them this machine has. Closes with `N passed, N failed`.
 */
import { add, close, NOTHING } from './lib/tally.ts'
import { runVitest } from './lib/vitest.ts'
import { ensureServices, exitCode, renderReport } from './services.ts'

const services = await ensureServices()
console.log(renderReport(services))
const missing = exitCode(services, process.env) === 0 ? 0 : 1
if (missing) console.log('In CI every service must be there: this counts as a failure.')

const { tally } = await runVitest(['unit', 'sim', 'real'], true)
close(add(tally, { ...NOTHING, failed: missing }))
