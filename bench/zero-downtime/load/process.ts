import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LoadEnd, LoadSetup, Order, Report, Sample } from './messages.ts'

const PROGRAM = fileURLToPath(new URL('./main.ts', import.meta.url))

/** The load generator, in a process of its own. Disposing kills it. */
export interface Load extends Disposable {
  /** What it has told so far. */
  readonly samples: readonly Sample[]
  /** A rolling restart; resolves when every new worker serves. */
  roll(): Promise<void>
  /** Lets every request under way end. */
  stop(): Promise<LoadEnd>
}

/** Starts the load; resolves when every worker serves. */
export async function startLoad(setup: LoadSetup): Promise<Load> {
  const child = fork(PROGRAM, [JSON.stringify(setup)], {
    execArgv: ['--conditions=cuedot-source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const samples: Sample[] = []
  const listeners = new Set<(report: Report) => void>()
  const gone = Promise.withResolvers<never>()
  child.once('exit', (code) => gone.reject(new Error(`the load generator ended with ${code}`)))
  // Whoever waits for a report meets it; without anybody it is how the generator ends.
  gone.promise.catch(() => undefined)
  child.on('message', (report: Report) => {
    if (report.kind === 'samples') samples.push(...report.samples)
    for (const listener of listeners) listener(report)
  })
  const next = <K extends Report['kind']>(kind: K): Promise<Extract<Report, { kind: K }>> => {
    const { promise, resolve } = Promise.withResolvers<Extract<Report, { kind: K }>>()
    const listener = (report: Report): void => {
      if (!isOf(report, kind)) return
      listeners.delete(listener)
      resolve(report)
    }
    listeners.add(listener)
    return Promise.race([promise, gone.promise])
  }
  const ask = (order: Order): void => void child.send(order)
  await next('ready')
  return {
    samples,
    async roll() {
      const answer = next('rolled')
      ask('roll')
      const { problem } = await answer
      if (problem !== undefined) throw new Error(`the rolling restart failed: ${problem}`)
    },
    async stop() {
      const answer = next('ended')
      ask('stop')
      const { loopDelay, heldBack } = await answer
      return { loopDelay, heldBack }
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}

function isOf<K extends Report['kind']>(
  report: Report,
  kind: K,
): report is Extract<Report, { kind: K }> {
  return report.kind === kind
}
