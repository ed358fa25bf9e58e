/**
 * `npm run test:soak [-- --rotations N --engine X]`: rotations in a row in one process, by the
 * engine itself with composed adapters on real servers: by default 1,000 on each engine, half of
 * them with encrypted files, half with the fake of Secrets Manager. Fewer than 500 in a row do not
 * tell: until then the heap grows by what is compiled and cached.
 *
 * Memory, handles, file descriptors and what is left at the server must be flat: what they grow by
 * per rotation is the slope over the second half of each leg. `--no-flush-bytecode` makes Node keep
 * compiled code: throwing it away would hide a leak of the same size. Closes with `N passed, N
 * failed`; a leg counts one.
 */
import { parseArgs } from 'node:util'
import { mariadbRig } from '../packages/testkit/src/rig/mariadb.ts'
import { mysqlRig } from '../packages/testkit/src/rig/mysql.ts'
import { postgresRig } from '../packages/testkit/src/rig/postgres.ts'
import { MYSQL_HERE } from '../packages/testkit/src/servers/mysql-here.ts'
import { close, NOTHING } from './lib/tally.ts'
import { growthOf, quantities, secondHalf, slopeOf } from './soak/flat.ts'
import type { Look, Quantity } from './soak/flat.ts'
import { runLeg } from './soak/leg.ts'
import { startFake } from './soak/stores.ts'
import type { StoreKind } from './soak/stores.ts'

const ENGINES = {
  postgres: postgresRig,
  mariadb: mariadbRig,
  ...(MYSQL_HERE !== undefined && { mysql: mysqlRig }),
}
const STORES: readonly StoreKind[] = ['file', 'secrets-manager']

/** The credentials that any emulator takes; never the machine's own. */
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' })

const { values } = parseArgs({
  options: { rotations: { type: 'string', default: '1000' }, engine: { type: 'string' } },
})
const chosen = Object.entries(ENGINES).filter(([name]) => name === (values.engine ?? name))
if (chosen.length === 0) throw new Error(`--engine: one of ${Object.keys(ENGINES).join(', ')}`)
using fake = await startFake()

const { endpoint } = fake
let [passed, failed] = [0, 0]
for (const [name, start] of chosen) {
  await using server = await start()
  for (const store of STORES) {
    const count = Math.ceil(Number(values.rotations) / STORES.length)
    const begun = performance.now()
    const looks = await runLeg({ server, store, endpoint, rotations: count })
    const seconds = ((performance.now() - begun) / 1000).toFixed(0)
    console.log(`${name}, ${store}: ${count} rotations in ${seconds} s`)
    print(looks)
    const growth = growthOf(looks)
    for (const line of growth) console.log(`  GROWS: ${line}`)
    if (growth.length === 0) passed += 1
    else failed += 1
  }
}
close({ ...NOTHING, passed, failed })

function print(looks: readonly Look[]): void {
  const half = secondHalf(looks)
  const [first, middle, last] = [looks[0], half[0], looks.at(-1)]
  if (!first || !middle || !last) throw new Error('nothing was looked at')
  for (const quantity of [...quantities(), 'rss'] satisfies readonly Quantity[]) {
    const amounts = [first, middle, last].map((look) => amountOf(quantity, look[quantity]))
    const slope = amountOf(quantity, slopeOf(half, quantity), 'slope')
    console.log(`  ${quantity.padEnd(8)} ${amounts.join(' → ')}, ${slope} per rotation`)
  }
}

function amountOf(quantity: Quantity, amount: number, kind?: 'slope'): string {
  if (quantity !== 'heap' && quantity !== 'rss')
    return kind === 'slope' ? amount.toFixed(3) : String(amount)
  return kind === 'slope' ? `${amount.toFixed(0)} B` : `${(amount / 2 ** 20).toFixed(2)} MiB`
}
