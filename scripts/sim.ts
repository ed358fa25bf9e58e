/**
 * Runs the simulation campaign on all cores: `node scripts/sim.ts [--runs N] [--seed N] [--hours
 * N]`.
 * Prints the seed; the same seed gives the same trials. Exits 1 when an invariant broke.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { campaign } from '../packages/testkit/src/sim/campaign.ts'
import type { Share, ShareResult } from '../packages/testkit/src/sim/campaign.ts'

const DEFAULT_RUNS = 100_000

if (isMainThread) process.exitCode = await main()
else if (isShare(workerData)) parentPort?.postMessage(await campaign(workerData))

function isShare(data: unknown): data is Share {
  return typeof data === 'object' && data !== null && 'seed' in data && 'index' in data
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { runs: { type: 'string' }, seed: { type: 'string' }, hours: { type: 'string' } },
  })
  const runs = Number(values.runs ?? DEFAULT_RUNS)
  const until = Date.now() + Number(values.hours ?? 0) * 3_600_000
  let seed = Number(values.seed ?? 1)
  let failed = await round(runs, seed)
  while (!failed && Date.now() < until) failed = await round(runs, ++seed)
  return failed ? 1 : 0
}

/** @returns true when something broke. */
async function round(runs: number, seed: number): Promise<boolean> {
  const begun = performance.now()
  const of = availableParallelism()
  const shares = Array.from({ length: of }, (_, index): Share => ({ seed, runs, index, of }))
  const results = await Promise.all(shares.map(work))
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  report(results, seed, seconds)
  return results.some((result) => result.failures.length > 0)
}

function work(share: Share): Promise<ShareResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ShareResult>()
  const execArgv = ['--conditions=cuedot-source']
  const worker = new Worker(new URL(import.meta.url), { workerData: share, execArgv })
  worker.once('message', resolve)
  worker.once('error', reject)
  return promise
}

function report(results: readonly ShareResult[], seed: number, seconds: string): void {
  const sum = (pick: (result: ShareResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0)
  const outcomes: Record<string, number> = {}
  for (const result of results) {
    for (const [outcome, count] of Object.entries(result.outcomes))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count
  }
  const failures = results.flatMap((result) => result.failures)
  const runs = sum((result) => result.runs)
  console.log(
    `sim: seed ${seed}: ${runs} runs (${sum((r) => r.singles)} with one fault, ` +
      `${sum((r) => r.multiples)} with two or three), ${failures.length} broken, ${seconds} s`,
  )
  console.log(`sim: outcomes ${JSON.stringify(outcomes)}`)
  for (const failure of failures) console.log(`sim: BROKEN ${JSON.stringify(failure)}`)
}
